"""Forecasts anyone can make: every model is judged beside them. All causal; none draws at random."""

from __future__ import annotations

from abc import ABC, abstractmethod
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_engine.origins import Question, check
from ml_engine.quantiles import LEVELS, FloatArray, Forecaster, QuantileForecast
from ml_engine.volatility import ewma_volatility, moves

NORMAL = np.array([NormalDist().inv_cdf(level) for level in LEVELS])  # (level,)
# What is fitted is fitted anew about once a year, at fixed rows of the history.
REFIT_ROWS = 250
SETTLED_DIGITS = 7  # a hundredth of `FLOOR`: next to what prices move it is nothing


class Baseline(ABC):
    """A forecaster without a trained model: subclasses say what the quantiles of the log return are."""

    name: str

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

    @abstractmethod
    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        """Quantiles (origin, step, level) of the log return since the origin."""


class RandomWalkEWMA(Baseline):
    """Today's price, in a normal cone of its EWMA volatility (λ = .94, RiskMetrics) times √step."""

    name = "random-walk"

    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        volatility = ewma_volatility(moves(question.bars).total)[question.rows]
        return np.asarray(volatility[:, None, None] * np.sqrt(steps_to(horizon))[:, None] * NORMAL)


class Refitted(Baseline):
    """A baseline that is fitted anew about once a year, at fixed rows, whichever origins are asked.

    Where there is no fit, the random walk in its cone of EWMA volatility answers.
    """

    def log_returns(self, question: Question, horizon: int) -> FloatArray:
        quantiles = RandomWalkEWMA().log_returns(question, horizon)
        years = (question.rows + 1) // REFIT_ROWS  # an origin's own row is known to the fit that it uses
        for year in np.unique(years):
            asked = years == year
            answer = self.fitted(question.bars, int(year) * REFIT_ROWS, question.rows[asked], horizon)
            if answer is not None:
                quantiles[asked] = answer
        return quantiles

    @abstractmethod
    def fitted(
        self, bars: pd.DataFrame, known: int, rows: NDArray[np.int64], horizon: int
    ) -> FloatArray | None:
        """Quantiles (origin, step, level) at `rows` (origin,) of a fit on the first `known` rows.

        `known` is 250 or more, and `rows` begin with row `known` - 1 at the earliest. None where nothing can
        be fitted.
        """


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


def settled(logs: FloatArray) -> FloatArray:
    """The same log returns or log prices in units of 1e-7, for an optimiser to see.

    Doubling a price changes the last bits of its log returns, and on a history with a long standstill, whose
    likelihood has no clear maximum, an optimiser makes another model of them.
    """
    return np.round(logs, SETTLED_DIGITS)


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
    from ml_engine.garch import Garch
    from ml_engine.smoothing import Theta
    from ml_engine.tutorial import TutorialLSTM

    everyone: tuple[Forecaster, ...] = (
        Garch("garch-t", asymmetric=False, errors="t"),
        Garch("gjr-garch-skewt", asymmetric=True, errors="skewt"),
        Theta(),
        GradientBoosting(),
        TutorialLSTM(),
    )
    return {one.name: one for one in everyone}
