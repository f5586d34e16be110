"""Baselines that replay the past: historical simulation, and its filtered form."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ml_engine.baselines import Baseline
from ml_engine.origins import Question
from ml_engine.quantiles import LARGEST_LOG_RETURN, LEVELS, MAX_HORIZON, FloatArray
from ml_engine.volatility import RISKMETRICS_DECAY, ewma_volatility, moves

WINDOW = 500  # sessions of the past that are replayed, fewer where the history is shorter
PATHS = 512
LARGEST = 25.0  # a move after a long standstill, in units of next to no volatility, is no law of nature
SEED = 20121231  # of the fixed order in which paths meet the residuals

Update = Callable[[FloatArray, FloatArray], FloatArray]  # variance, move (origin, path) → next variance


class HistoricalSimulation(Baseline):
    """Quantiles of the overlapping returns of the last 500 sessions, whatever the volatility is now."""

    name = "historical"

    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        log_close, rows = moves(question.bars).close, question.rows
        window = min(WINDOW, int(rows.max()))
        quantiles = np.empty((len(rows), horizon, len(LEVELS)))
        for step in range(1, horizon + 1):
            returns = np.full(len(log_close), np.inf)  # (row,) of the step that ends there
            returns[step:] = log_close[step:] - log_close[:-step]
            known = np.minimum(rows - step + 1, window)
            quantiles[:, step - 1] = sorted_quantiles(np.sort(_last(returns, rows, window), axis=1), known)
        return quantiles


class FilteredHistoricalSimulation(Baseline):
    """Past returns in units of the volatility before them, replayed along paths of today's volatility.

    Barone-Adesi, Giannopoulos and Vosper (Journal of Futures Markets, 1999), with EWMA for GARCH and
    residuals centred on zero; see `path_quantiles` for the paths.
    """

    name = "filtered-historical"

    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        returns = moves(question.bars).total
        volatility = ewma_volatility(returns)
        residuals = self._residuals(returns, volatility, question.rows)
        return path_quantiles(volatility[question.rows] ** 2, residuals, horizon, _ewma_update)

    def _residuals(self, returns: FloatArray, volatility: FloatArray, rows: NDArray[np.int64]) -> FloatArray:
        """Evenly spaced quantiles (origin, path) of the last standardised returns, centred."""
        standard = np.full(len(returns), np.inf)
        standard[1:] = np.clip(returns[1:] / volatility[:-1], -LARGEST, LARGEST)
        window = min(WINDOW, int(rows.max()))
        ordered = np.sort(_last(standard, rows, window), axis=1)
        levels = (np.arange(PATHS) + 0.5) / PATHS
        grid = sorted_quantiles(ordered, np.minimum(rows, window), levels)
        return np.asarray(grid - grid.mean(axis=1, keepdims=True), dtype=np.float64)


def path_quantiles(variance: FloatArray, residuals: FloatArray, horizon: int, update: Update) -> FloatArray:
    """Quantiles (origin, step, level) of paths from today's `variance` (origin,) through `update`.

    A balanced bootstrap (Davison, Hinkley and Schechtman, 1986) in place of random draws: at every step
    the n paths take `residuals` (origin or 1, path), ascending quantiles of the standardised return, once
    each and in a fixed order. Residual i is the law's quantile at (i + ½) / n.
    """
    paths = residuals.shape[1]
    orders = _orders(paths)
    places = np.array(LEVELS) * paths - 0.5  # (level,) Hyndman and Fan (1996), definition 5
    below = places.astype(np.int64)
    now = np.repeat(variance[:, None], paths, axis=1)
    total = np.zeros_like(now)  # (origin, path)
    quantiles = np.empty((len(now), horizon, len(LEVELS)))
    for step in range(horizon):
        move = np.sqrt(now) * residuals[:, orders[step]]
        total += move
        now = np.minimum(update(now, move), LARGEST_LOG_RETURN**2)  # finite, even where it explodes
        ordered = np.sort(total, axis=1)
        low, high = ordered[:, below], ordered[:, below + 1]
        quantiles[:, step] = low + (places - below) * (high - low)
    return quantiles


@cache
def _orders(paths: int) -> NDArray[np.int64]:
    """The order (step, path) in which paths take the residuals, the same for all forecasts.

    Of 64 random ones at each step, that whose normal scores go least with their sum so far: the chance
    correlation of any one would widen or narrow all forecasts alike, by some 3 % at 20 steps of 512 paths.
    """
    random = np.random.default_rng(SEED)
    scores = np.array([NormalDist().inv_cdf((path + 0.5) / paths) for path in range(paths)])
    total, orders = np.zeros(paths), np.empty((MAX_HORIZON, paths), dtype=np.int64)
    for step in range(MAX_HORIZON):
        tried = random.permuted(np.tile(np.arange(paths), (64, 1)), axis=1)
        orders[step] = tried[np.argmin(np.abs((scores[tried] * total).sum(axis=1)))]
        total += scores[orders[step]]
    return orders


def _ewma_update(variance: FloatArray, move: FloatArray) -> FloatArray:
    return RISKMETRICS_DECAY * variance + (1 - RISKMETRICS_DECAY) * move**2


def _last(values: FloatArray, rows: NDArray[np.int64], window: int) -> FloatArray:
    """The `window` values (origin, window) up to each of `rows`; infinite before the history begins."""
    places = rows[:, None] - np.arange(window)
    return np.where(places >= 0, values[np.maximum(places, 0)], np.inf)


def sorted_quantiles(
    ordered: FloatArray, known: NDArray[np.int64], levels: FloatArray | tuple[float, ...] = LEVELS
) -> FloatArray:
    """Quantiles (origin, level) of the first `known` (origin,) of sorted values (origin, value).

    Linear between order statistics, as numpy's default (Hyndman and Fan, 1996, definition 7).
    """
    places = np.asarray(levels) * (known[:, None] - 1)
    low = places.astype(np.int64)
    high = np.minimum(low + 1, known[:, None] - 1)
    below, above = (np.take_along_axis(ordered, place, axis=1) for place in (low, high))
    return np.asarray(below + (places - low) * (above - below), dtype=np.float64)
