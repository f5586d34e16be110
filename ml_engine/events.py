"""Events that a forecast states the chance of: how good those chances were."""

from __future__ import annotations

import numpy as np

from ml_engine.probabilities import probability_below
from ml_engine.quantiles import FloatArray

# Closing above the origin's close less, plus-minus nothing, and plus the usual move of so many sessions.
MOVES = np.array([-1.0, 0.0, 1.0])


def event_chances(quantiles: FloatArray, usual: FloatArray) -> FloatArray:
    """Chances (origin, event) that the return passes `MOVES` times `usual` (origin,), by (origin, level).

    `usual` is what the price is known to move by at the origin: its EWMA volatility · √step.
    """
    return 1 - probability_below(quantiles[:, None, :], usual[:, None] * MOVES)


def events_happened(actual: FloatArray, usual: FloatArray) -> FloatArray:
    """Whether, 1 or 0, returns (origin,) passed those bounds: (origin, event)."""
    return np.asarray(actual[:, None] > usual[:, None] * MOVES, dtype=np.float64)


def brier(chances: FloatArray, happened: FloatArray) -> float:
    """Mean squared difference of chances (...) from what happened (...), 1 or 0; Brier, 1950."""
    return float(np.mean((chances - happened) ** 2))
