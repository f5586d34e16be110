"""Forecasts anyone can make: every model is judged beside them. All causal; none draws at random."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from ml_engine.origins import Question, check
from ml_engine.quantiles import LEVELS, FloatArray, Forecaster, QuantileForecast
from ml_engine.volatility import ewma_volatility, moves

NORMAL = np.array([NormalDist().inv_cdf(level) for level in LEVELS])  # (level,)


class Baseline:
    """A forecaster that needs no training: subclasses say what the quantiles of the log return are."""

    name = "baseline"

    def predict(
        self,
        bars: pd.DataFrame,
        origins: pd.DatetimeIndex | None = None,
        horizon: int = 20,
        market: pd.Series[float] | None = None,
    ) -> QuantileForecast:
        """Forecast `horizon` sessions after each origin; see `Forecaster.predict`."""
        del market  # part of the protocol; no baseline uses it
        question = check(bars, origins, horizon)
        closes = question.bars["close"].to_numpy(np.float64)[question.rows]
        return QuantileForecast.from_log_returns(question.dates, closes, self.log_returns(question, horizon))

    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        """Quantiles (origin, step, level) of the log return since the origin."""
        raise NotImplementedError


class RandomWalkEWMA(Baseline):
    """Today's price, in a normal cone of its EWMA volatility (λ = .94, RiskMetrics) times √step."""

    name = "random-walk"

    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        volatility = ewma_volatility(moves(question.bars).total)[question.rows]
        return np.asarray(volatility[:, None, None] * np.sqrt(steps_to(horizon))[:, None] * NORMAL)


class Drift(Baseline):
    """The random walk with the mean log return of the past, and the uncertainty of that mean.

    Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 5.2 and 5.5: variance σ²h(1 + h/(T-1)).
    """

    name = "drift"

    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        parts = moves(question.bars)
        volatility = ewma_volatility(parts.total)[question.rows]
        steps, known = steps_to(horizon), question.rows.astype(np.float64)
        mean = (parts.close[question.rows] - parts.close[0]) / known
        deviation = volatility[:, None] * np.sqrt(steps * (1 + steps / known[:, None]))
        return np.asarray((mean[:, None] * steps)[:, :, None] + deviation[:, :, None] * NORMAL)


def steps_to(horizon: int) -> FloatArray:
    """The steps (step,) 1 … horizon."""
    return np.arange(1.0, horizon + 1)


def fast_baselines() -> dict[str, Forecaster]:
    """The baselines that cost next to nothing, by name."""
    from ml_engine.simulation import FilteredHistoricalSimulation, HistoricalSimulation

    everyone: tuple[Forecaster, ...] = (
        RandomWalkEWMA(),
        Drift(),
        HistoricalSimulation(),
        FilteredHistoricalSimulation(),
    )
    return {one.name: one for one in everyone}


def slow_baselines() -> dict[str, Forecaster]:
    """The baselines that take seconds, by name."""
    from ml_engine.boosting import GradientBoosting

    everyone: tuple[Forecaster, ...] = (GradientBoosting(),)
    return {one.name: one for one in everyone}
