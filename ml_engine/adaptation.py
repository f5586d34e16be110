"""Adaptive conformal inference: bands that missed too often lately widen, bands that never miss narrow.

Gibbs and Candès (NeurIPS, 2021), with the step taken on the width itself as by Angelopoulos, Candès and
Tibshirani (Conformal PID Control, NeurIPS, 2023). A forecast walks through the history before it and sees
what became of the forecasts that would have been made then, so it is causal and needs no record of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_engine.network import KNOTS
from ml_engine.quantiles import LEVELS, MEDIAN, MIN_HISTORY, FloatArray

WEEK = 5  # sessions between two steps of a walk
LANE = 16 * WEEK  # successive rows whose origins share a walk: few, for the next walk starts anew
WARM_UP = 10 * LANE  # sessions behind the first of them; fewer where the history begins
FIRST = MIN_HISTORY - 1  # first row from which a forecast can be made
# Of the log width, for each miss too many or too few. Distant targets overlap: their misses say less.
RATE = 0.01 / np.sqrt(KNOTS)  # (knot,)
FARTHEST = 0.7  # of the log width, either way
BELOW, ABOVE = slice(MEDIAN - 1, None, -1), slice(MEDIAN + 1, None)  # levels of the bands, narrowest first
MISSES = float(np.mean(2 * np.array(LEVELS[:MEDIAN])))  # share of the bands that an outcome should be outside
STEPS = np.array(KNOTS)


def first_walked(rows: NDArray[np.int64]) -> int:
    """First row whose forecast matters for the widths at `rows` (origin,)."""
    return max(int(rows.min()) // LANE * LANE - WARM_UP, FIRST)


def log_widths(quantiles: FloatArray, targets: FloatArray, first: int, rows: NDArray[np.int64]) -> FloatArray:
    """By how much to widen the bands at `rows` (origin,): logs of factors (origin, knot).

    `quantiles` (walked, knot, level) and `targets` (walked, knot), NaN where not yet known, are those of
    every row from `first`, the `first_walked`, to the last of `rows`.
    """
    blocks, lane = np.unique(rows // LANE, return_inverse=True)
    starts = blocks * LANE - WARM_UP
    week = (rows - starts[lane]) // WEEK
    before = first - int(starts[0]) + STEPS[-1] + WEEK
    padding = ((before, LANE), (0, 0), (0, 0))  # nothing is known there, and every lane finds its rows
    distances = np.pad(_log_distances(quantiles, targets), padding, constant_values=np.nan)
    widths = _walk(distances, starts - starts[0] + STEPS[-1] + WEEK, int(week.max()))
    return np.asarray(widths[lane, week], dtype=np.float64)


def widened(quantiles: FloatArray, widths: FloatArray) -> FloatArray:
    """Quantiles (origin, knot, level) drawn away from their median by the exponential of `widths`."""
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    return np.asarray(median + (quantiles - median) * np.exp(widths)[..., None], dtype=np.float64)


def _log_distances(quantiles: FloatArray, targets: FloatArray) -> FloatArray:
    """How far outside each band a target lies, as a log of the band's half (walked, knot, band).

    Below zero is inside; a target is outside a band widened by less than this. NaN where it is not known.
    """
    median = quantiles[..., MEDIAN]
    distance = targets - median
    half = np.where(
        (distance < 0)[..., None],
        median[..., None] - quantiles[..., BELOW],
        quantiles[..., ABOVE] - median[..., None],
    )
    with np.errstate(divide="ignore"):  # a target on the median is inside every band
        return np.asarray(np.log(np.abs(distance))[..., None] - np.log(np.maximum(half, 1e-12)))


def _walk(distances: FloatArray, starts: NDArray[np.int64], weeks: int) -> FloatArray:
    """Log widths (lane, week, knot) of walks that begin at rows `starts` (lane,) of `distances`.

    In a week's first session the targets of the last five sessions are news.
    """
    widths = np.zeros((len(starts), weeks + 1, len(KNOTS)))
    knots = np.arange(len(KNOTS))[:, None]
    # Sessions from the start of the walk to the origins that are news (week, knot, latest).
    since = np.arange(weeks + 1)[:, None, None] * WEEK - STEPS[:, None] - np.arange(WEEK)
    for week in range(1, weeks + 1):
        seen = distances[starts[:, None, None] + since[week], knots]  # (lane, knot, latest, band)
        then = widths[:, np.maximum(since[week], 0) // WEEK, knots]  # the widths that those forecasts had
        outside = (seen > then[..., None]).sum(axis=-1) / seen.shape[-1]
        news = (since[week] >= 0) & ~np.isnan(seen[..., 0])
        step = RATE * ((outside - MISSES) * news).sum(axis=-1)
        widths[:, week] = (widths[:, week - 1] + step).clip(-FARTHEST, FARTHEST)
    return widths
