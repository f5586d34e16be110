from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from ml_engine.baselines import RandomWalkEWMA
from ml_engine.forecaster import LSTMForecaster
from ml_engine.quantiles import Forecaster, QuantileForecast
from ml_engine.self_test import followed, run_self_test, shuffle_sessions
from tests.ml_engine.synthetic import make_bars, make_market


class Shifted(RandomWalkEWMA, ABC):
    """A random walk from another price than the origin's close."""

    @abstractmethod
    def shift(self, closes: pd.Series) -> pd.Series:
        """How far off the price is at each row, from log closes (row,)."""

    def predict(
        self,
        bars: pd.DataFrame,
        origins: pd.DatetimeIndex | None = None,
        horizon: int = 20,
        market: pd.Series | None = None,
    ) -> QuantileForecast:
        honest = super().predict(bars, origins, horizon, market)
        shift = self.shift(np.log(bars["close"]))[honest.origins].to_numpy()[:, None, None]
        return QuantileForecast.from_log_returns(honest.origins, honest.anchors, honest.log_returns + shift)


class Peeking(Shifted):
    """Leans a little towards tomorrow's close."""

    def shift(self, closes: pd.Series) -> pd.Series:
        return 0.3 * (closes.shift(-1) - closes).fillna(0)


class Stale(Shifted):
    """Knows the prices of some sessions ago, and takes them for today's."""

    def __init__(self, lag: int) -> None:
        self.lag = lag

    def shift(self, closes: pd.Series) -> pd.Series:
        return closes.shift(self.lag) - closes


def test_an_honest_model_passes(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    result = run_self_test(house, bars)

    assert result["passed"] is True
    assert result["changed_after_origin"] == "identical"
    assert 0.98 < result["shuffled_rmse_ratio"] < 1.05
    assert 0.98 < result["shuffled_crps_ratio"] < 1.2


class KnowsTheIndex:
    """Widens its forecasts by what the index will have done in the end."""

    def __init__(self, model: LSTMForecaster) -> None:
        self.name, self.model = "knows-the-index", model

    def predict(self, bars, origins=None, horizon=20, market=None):
        forecast = self.model.predict(bars, origins, horizon, market)
        known = 1.0 if market is None else float(market.iloc[-1] / market.iloc[0])
        return replace(forecast, prices=forecast.prices * known**0.01)


def test_a_leak_through_the_market_is_caught(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    market = make_market(bars)

    assert run_self_test(house, bars, market)["passed"] is True
    assert run_self_test(KnowsTheIndex(house), bars, market)["changed_after_origin"] == "different"


def test_a_leak_is_caught_in_both_ways(bars: pd.DataFrame) -> None:
    result = run_self_test(Peeking(), bars)

    assert result["passed"] is False
    assert result["changed_after_origin"] == "different"
    assert result["shuffled_rmse_ratio"] < 0.8


def test_what_leaks_does_not_trail(bars: pd.DataFrame) -> None:
    result = run_self_test(Peeking(), bars)

    assert result["follows_today"] > 0.8
    assert result["follows_earlier"] < 0.2


@pytest.mark.parametrize("lag", [1, 3])
def test_stale_prices_are_caught(bars: pd.DataFrame, lag: int) -> None:
    result = run_self_test(Stale(lag), bars)

    assert result["passed"] is False
    # It uses no future: only that it trails gives it away.
    assert result["changed_after_origin"] == "identical"
    assert result["shuffled_rmse_ratio"] > 1
    assert_allclose(result["follows_earlier"], 1)
    assert result["follows_today"] < 0.2


def test_no_forecaster_trails_but_the_tutorials(forecaster: Forecaster) -> None:
    """Its smoothed price goes with the days before about as much as with today's."""
    bars = make_bars(400, seed=4)

    today, earlier = followed(forecaster.predict(bars, bars.index[249:], 1), bars["close"])

    assert today is not None
    assert earlier is not None
    if forecaster.name == "tutorial-lstm":
        assert today - earlier < 0.3
    else:
        assert today > 0.9 > earlier


def test_correlations_by_hand() -> None:
    closes = pd.Series(np.exp(np.cumsum([0.0] * 6 + [1, -1, 2, -2, 1, 3])))
    median = np.concatenate([[1.0], closes.to_numpy()[6:-1]])  # of rows 6 … 11: yesterday's close
    forecast = QuantileForecast.from_log_returns(closes.index[6:], median, np.zeros((6, 1, 17)))

    # Moves of the median: 1 -1 2 -2 1; returns of the same days: -1 2 -2 1 3. Means 0.2 and 0.6.
    covariance = (-1 - 2 - 4 - 2 + 3) - 5 * 0.2 * 0.6
    spread = np.sqrt((11 - 5 * 0.04) * (19 - 5 * 0.36))
    assert_allclose(followed(forecast, closes), [covariance / spread, 1], atol=1e-5)


def test_constant_price_passes(house: LSTMForecaster) -> None:
    bars = make_bars(500)
    bars[["open", "high", "low", "close"]] = 5.0

    result = run_self_test(house, bars)

    assert result["passed"] is True
    assert (result["follows_today"], result["follows_earlier"]) == (None, None)


def test_shuffling_keeps_the_sessions_and_loses_their_order(bars: pd.DataFrame) -> None:
    shuffled = shuffle_sessions(bars)

    before, after = (np.diff(np.log(one["close"].to_numpy())) for one in (bars, shuffled))
    assert (shuffled["high"] >= shuffled["low"]).all()
    assert not np.allclose(before[1:], after)
    assert np.isin(after.round(9), before.round(9)).all()
    assert_allclose(shuffled["volume"].sum(), bars["volume"].iloc[1:].sum())
