"""Baselines that replay the past: historical simulation, and its filtered form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_engine.baselines import Baseline
from ml_engine.origins import Question
from ml_engine.quantiles import LEVELS, MAX_HORIZON, FloatArray
from ml_engine.volatility import RISKMETRICS_DECAY, ewma_volatility, moves

WINDOW = 500  # sessions of the past that are replayed, fewer where the history is shorter
PATHS = 512
LARGEST = 25.0  # a move after a long standstill, in units of next to no volatility, is no law of nature
SEED = 20121231  # of the fixed order in which paths meet the past's residuals


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

    Barone-Adesi, Giannopoulos and Vosper (Journal of Futures Markets, 1999), with EWMA for GARCH, residuals
    centred on zero, and a balanced bootstrap (Davison, Hinkley and Schechtman, 1986) in place of random
    draws: at every step the 512 paths take the 512 residual quantiles once each, in a fixed order.
    """

    name = "filtered-historical"

    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        returns = moves(question.bars).total
        volatility = ewma_volatility(returns)
        residuals = self._residuals(returns, volatility, question.rows)
        orders = np.random.default_rng(SEED).permuted(np.tile(np.arange(PATHS), (MAX_HORIZON, 1)), axis=1)
        variance = np.repeat(volatility[question.rows][:, None] ** 2, PATHS, axis=1)
        total = np.zeros_like(variance)  # (origin, path)
        quantiles = np.empty((len(total), horizon, len(LEVELS)))
        known = np.full(len(total), PATHS)
        for step in range(horizon):
            move = np.sqrt(variance) * residuals[:, orders[step]]
            total += move
            variance = RISKMETRICS_DECAY * variance + (1 - RISKMETRICS_DECAY) * move**2
            quantiles[:, step] = sorted_quantiles(np.sort(total, axis=1), known)
        return quantiles

    def _residuals(self, returns: FloatArray, volatility: FloatArray, rows: NDArray[np.int64]) -> FloatArray:
        """Evenly spaced quantiles (origin, path) of the last standardised returns, centred."""
        standard = np.full(len(returns), np.inf)
        standard[1:] = np.clip(returns[1:] / volatility[:-1], -LARGEST, LARGEST)
        window = min(WINDOW, int(rows.max()))
        ordered = np.sort(_last(standard, rows, window), axis=1)
        levels = (np.arange(PATHS) + 0.5) / PATHS
        grid = sorted_quantiles(ordered, np.minimum(rows, window), levels)
        return np.asarray(grid - grid.mean(axis=1, keepdims=True), dtype=np.float64)


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
