"""Is one forecaster better than another, or was it luck? The Diebold-Mariano test on overlapping losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from ml_engine.quantiles import FloatArray


def long_run_variance(values: FloatArray, lags: int) -> float:
    """Variance of the mean of `values` (origin,), times their number, allowing for autocorrelation.

    Newey and West (Econometrica, 1987): Bartlett weights 1 - lag/(lags + 1).
    """
    centred = values - values.mean()
    count = len(values)
    total = float(centred @ centred) / count
    for lag in range(1, min(lags, count - 1) + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag]) / count
    return total


def diebold_mariano(difference: FloatArray, overlap: int) -> float | None:
    """Two-sided p-value that loss differences (origin,) have mean zero; None where it can't be told.

    `overlap` is the number of successive origins, 1 or more, whose targets share sessions. Diebold and
    Mariano (1995) with Newey-West errors over twice as many lags, the small-sample correction of Harvey,
    Leybourne and Newbold (1997), and Student's t with n/(lags + 1) degrees of freedom: about the critical
    values of Kiefer and Vogelsang (2005). With overlap - 1 lags and a milder t, overlapping losses that
    differ by nothing were called different in 11-16 % of simulated cases at the 5 % level; this way in 4-7 %.
    """
    count = len(difference)
    lags = max(2 * overlap, math.ceil(4 * (count / 100) ** (2 / 9)))
    if count < 2 * (lags + 1):
        return None
    variance = long_run_variance(difference, lags)
    if not variance > 0:
        return None
    correction = (count + 1 - 2 * overlap + overlap * (overlap - 1) / count) / count
    statistic = float(difference.mean()) / math.sqrt(variance / count) * math.sqrt(correction)
    return float(2 * stdtr(count / (lags + 1), -abs(statistic)))


def overlap_of(rows: NDArray[np.int64], step: int) -> int:
    """How many successive origins at these rows have targets `step` sessions ahead that share sessions."""
    closest = int(np.diff(rows).min()) if len(rows) > 1 else step
    return max(1, math.ceil(step / max(closest, 1)))


def diebold_mariano_by_date(dates: NDArray[Any], difference: FloatArray, overlap: int) -> float | None:
    """The same p-value for loss differences (row,) of many instruments at `dates` (row,), in any order.

    What moves one stock moves others on that day, so a day counts once: its mean over instruments. Those
    means are tested by `diebold_mariano`; `overlap` is in successive dates.
    """
    _, places = np.unique(dates, return_inverse=True)
    means = np.bincount(places, weights=difference) / np.bincount(places)  # (date,)
    return diebold_mariano(means, overlap)


def benjamini_hochberg(
    p_values: Sequence[float | None] | FloatArray, rate: float = 0.05
) -> NDArray[np.bool_]:
    """Which of many tests (test,) to believe, so that on average at most `rate` of those believed are luck.

    Benjamini and Hochberg (Journal of the Royal Statistical Society B, 1995), for independent or positively
    dependent tests. None and NaN are tests that could not be made: never believed, and not counted.
    """
    told = np.array([np.nan if value is None else value for value in p_values], dtype=np.float64)
    ordered = np.sort(told[~np.isnan(told)])
    passing = np.flatnonzero(ordered <= rate * np.arange(1, len(ordered) + 1) / max(len(ordered), 1))
    if len(passing) == 0:
        return np.zeros(len(told), dtype=np.bool_)
    return np.asarray(told <= ordered[passing[-1]], dtype=np.bool_)
