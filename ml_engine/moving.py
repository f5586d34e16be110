"""Moving averages, maxima and lags. Each value depends on its own row and earlier ones, bit for bit."""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dtbsv

from ml_engine.quantiles import FloatArray


def ewma(values: FloatArray, decay: float) -> FloatArray:
    """Exponentially weighted mean (row,) of `values` (row,), weights summing to one from the first row on."""
    # Solves mean[t] - decay · mean[t-1] = (1 - decay) · values[t] row by row; scipy.signal.lfilter would do
    # the same but takes a second to import.
    recursion = np.full((2, len(values)), -decay, order="F")
    weighted = dtbsv(1, recursion, (1 - decay) * values, lower=1, diag=1)
    return np.asarray(weighted / (1 - decay ** np.arange(1, len(values) + 1)), dtype=np.float64)


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
