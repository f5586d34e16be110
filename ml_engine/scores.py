"""How a model did on a block of time, for its card: against the volatility cone, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from ml_engine.baselines import NORMAL
from ml_engine.metrics import BANDS, coverage, crps, mse
from ml_engine.network import KNOTS
from ml_engine.quantiles import MEDIAN, AnyFloats, FloatArray

REPORTED_STEPS = (1, 5, 10, 20, 60)


def block_scores(quantiles: FloatArray, targets: AnyFloats, volatility: FloatArray) -> dict[str, Any]:
    """Scores by step of quantiles (origin, knot, level) against targets (origin, knot), NaN where unknown.

    Both are in units of `volatility` (origin,) · √step. `crps_skill` is 1 - CRPS / CRPS of the normal EWMA
    cone; `rmse_ratio` is that of the median return to the random walk's.
    """
    return {
        str(step): _step_scores(quantiles[:, place], targets[:, place], volatility)
        for place, step in enumerate(KNOTS)
        if step in REPORTED_STEPS and not np.isnan(targets[:, place]).all()
    }


def _step_scores(quantiles: FloatArray, targets: AnyFloats, volatility: FloatArray) -> dict[str, float]:
    known = ~np.isnan(targets)
    actual, scale = targets[known].astype(np.float64), volatility[known]
    mine, cone = quantiles[known], np.broadcast_to(NORMAL, quantiles[known].shape)
    median = mine[:, MEDIAN]
    return {
        "origins": int(known.sum()),
        "crps_skill": round(1 - float(scale @ crps(mine, actual)) / float(scale @ crps(cone, actual)), 5),
        "rmse_ratio": round(
            float(np.sqrt(mse(median * scale, actual * scale) / mse(0 * scale, actual * scale))), 5
        ),
        **{f"coverage_{band}": round(coverage(mine, actual, band), 4) for band in BANDS},
    }
