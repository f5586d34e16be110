"""How single points did, each by itself: what the ledger keeps of every forecast, series and step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_engine.events import event_chances
from ml_engine.metrics import BANDS, crps, pinball
from ml_engine.probabilities import probability_below
from ml_engine.quantiles import LEVELS, MEDIAN, FloatArray


@dataclass(frozen=True)
class PointScores:
    """Scores (point,) in units of the log return, unless said.

    `pinball` is the mean over all levels; `pit` the chance that was given to a lower return; `error` the
    actual return less the median; `direction_right` 1 or 0, NaN where the median takes no direction;
    `inside` says for each of `BANDS` whether it held, (point,); `chances` (point, event) are those that were
    given to the events of `ml_engine.events`.
    """

    crps: FloatArray
    pinball: FloatArray
    pit: FloatArray
    error: FloatArray
    direction_right: FloatArray
    inside: dict[int, NDArray[np.bool_]]
    chances: FloatArray


def point_scores(quantiles: FloatArray, actual: FloatArray, usual: FloatArray) -> PointScores:
    """Score quantiles (point, level) of log returns by what came, `actual` (point,).

    `usual` (point,) is the move to be expected: EWMA volatility at the anchor · √step.
    """
    median = quantiles[:, MEDIAN]
    return PointScores(
        crps=crps(quantiles, actual),
        pinball=pinball(quantiles, actual, np.array(LEVELS)).mean(axis=1),
        pit=probability_below(quantiles, actual),
        error=actual - median,
        direction_right=np.where(median == 0, np.nan, np.sign(median) == np.sign(actual)),
        inside={band: _inside(quantiles, actual, *bounds) for band, bounds in BANDS.items()},
        chances=event_chances(quantiles, usual),
    )


def _inside(quantiles: FloatArray, actual: FloatArray, low: float, high: float) -> NDArray[np.bool_]:
    """Whether `actual` (point,) lies between the quantiles at two levels, bounds included."""
    lower, upper = quantiles[:, LEVELS.index(low)], quantiles[:, LEVELS.index(high)]
    return np.asarray((lower <= actual) & (actual <= upper))
