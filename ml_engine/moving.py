"""Moving averages, maxima and lags. Each value depends on its own row and earlier ones, bit for bit."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.linalg.blas import dtbsv

from ml_engine.quantiles import FloatArray


def ewma(values: FloatArray, decay: float) -> FloatArray:
    """Exponentially weighted mean (row,) of `values` (row,), weights summing to one from the first row on."""
    # Solves mean[t] - decay · mean[t-1] = (1 - decay) · values[t] row by row; scipy.signal.lfilter would do
    # the same but takes a second to import.
    recursion = np.full((2, len(values)), -decay, order="F")
    weighted = dtbsv(1, recursion, (1 - decay) * values, lower=1, diag=1)
    shares = _weight_so_far(decay)[: len(values)]
    weighted[: len(shares)] /= shares
    return np.asarray(weighted, dtype=np.float64)


@cache
def _weight_so_far(decay: float) -> FloatArray:
    """Sums of the weights, 1 - decay^(row + 1), of the rows at which they are not yet exactly one."""
    rows = math.ceil(math.log(np.finfo(np.float64).epsneg / 2) / math.log(decay))
    return np.asarray(1 - decay ** np.arange(1, rows + 1), dtype=np.float64)


def lag(values: FloatArray, sessions: int) -> FloatArray:
    """`values` (row,) as they were `sessions` rows ago; zero before the history begins."""
    lagged = np.zeros_like(values)
    lagged[sessions:] = values[: max(len(values) - sessions, 0)]
    return lagged


def maximum_over_lags(values: FloatArray, nearest: int, farthest: int) -> FloatArray:
    """Largest of `values` (row,), at least zero, from `farthest` to `nearest` rows ago."""
    largest = lag(values, nearest)
    for sessions in range(nearest + 1, farthest + 1):
        np.maximum(largest[sessions:], values[: max(len(values) - sessions, 0)], out=largest[sessions:])
    return largest


def change(values: FloatArray, sessions: int) -> FloatArray:
    """`values` (row,) minus those `sessions` rows ago; since the first row where there are fewer."""
    earlier = np.full_like(values, values[0])
    earlier[sessions:] = values[: max(len(values) - sessions, 0)]
    return values - earlier
