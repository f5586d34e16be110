"""Adaptive conformal inference over issued forecasts: what became of them widens or narrows the next ones.

The same rule as `ml_engine.adaptation` (Gibbs and Candès, NeurIPS, 2021; Angelopoulos, Candès and Tibshirani,
NeurIPS, 2023), but here the loop is closed for real: the quantiles that were issued contain the widths of
before, so what they missed is simply summed up. A step's width depends on that step's own scores alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_engine.adaptation import FARTHEST, MISSES, widened
from ml_engine.quantiles import LEVELS, MAX_HORIZON, MEDIAN, FloatArray

# Of the log width, for each miss too many or too few, by step (step,); at the knots as in `adaptation`.
RATE = 0.01 / np.sqrt(np.arange(1, MAX_HORIZON + 1))
# Half of the probability within each band (band,): an outcome is outside if its PIT is farther from a half.
HALVES = 0.5 - np.array(LEVELS[:MEDIAN])


def log_widths(steps: NDArray[np.int64], pits: FloatArray) -> FloatArray:
    """Logs of the factors by which to widen the bands of steps 1 … 60 (step,), from scored forecasts.

    `steps` and `pits` (score,) are in order of the session that was forecast, each origin and step once; a
    `pit` is the chance that the forecast gave to a lower outcome. A step that was never scored takes the
    width of the nearest lower one that was, and without one stays as it is.
    """
    misses = _by_step(steps, missed(pits) - MISSES)  # (rank, step)
    widths = np.zeros(MAX_HORIZON)
    for row in RATE * misses:
        widths = np.clip(widths + row, -FARTHEST, FARTHEST)
    scored = np.isin(np.arange(1, MAX_HORIZON + 1), steps)
    nearest = np.maximum.accumulate(np.where(scored, np.arange(MAX_HORIZON), -1))
    return np.where(nearest >= 0, widths[nearest], 0.0)


def missed(pits: FloatArray) -> FloatArray:
    """Share (score,) of the bands that each outcome lay outside of."""
    return np.asarray((np.abs(pits - 0.5)[:, None] > HALVES).mean(axis=-1), dtype=np.float64)


def calibrated(quantiles: FloatArray, widths: FloatArray) -> FloatArray:
    """Quantiles (step, level) of one forecast, drawn away from their median by its first `widths` (step,)."""
    return widened(quantiles, widths[: len(quantiles)])


def _by_step(steps: NDArray[np.int64], values: FloatArray) -> FloatArray:
    """`values` (score,) as (rank, step): each step's first, second, …; zero where there are no more."""
    order = np.argsort(steps, kind="stable")
    counts = np.bincount(steps, minlength=MAX_HORIZON + 1)
    first = np.cumsum(counts) - counts
    ranks = np.arange(len(steps)) - first[steps[order]]
    table = np.zeros((counts.max(initial=0), MAX_HORIZON))
    table[ranks, steps[order] - 1] = values[order]
    return table
