import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from ml_engine.baselines import RandomWalkEWMA
from ml_engine.forecaster import LSTMForecaster
from ml_engine.quantiles import QuantileForecast
from ml_engine.self_test import run_self_test, shuffle_sessions
from tests.ml_engine.synthetic import make_bars


class Peeking(RandomWalkEWMA):
    """Leans a little towards tomorrow's close."""

    def predict(
        self,
        bars: pd.DataFrame,
        origins: pd.DatetimeIndex | None = None,
        horizon: int = 20,
        market: pd.Series | None = None,
    ) -> QuantileForecast:
        honest = super().predict(bars, origins, horizon, market)
        closes = np.log(bars["close"].to_numpy())
        rows = bars.index.get_indexer(honest.origins)
        tomorrow = closes[np.minimum(rows + 1, len(bars) - 1)] - closes[rows]
        leaked = honest.log_returns + 0.3 * tomorrow[:, None, None]
        return QuantileForecast.from_log_returns(honest.origins, honest.anchors, leaked)


def test_an_honest_model_passes(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    result = run_self_test(house, bars)

    assert result["passed"] is True
    assert result["changed_after_origin"] == "identical"
    assert 0.98 < result["shuffled_rmse_ratio"] < 1.05
    assert 0.98 < result["shuffled_crps_ratio"] < 1.2


def test_a_leak_is_caught_in_both_ways(bars: pd.DataFrame) -> None:
    result = run_self_test(Peeking(), bars)

    assert result["passed"] is False
    assert result["changed_after_origin"] == "different"
    assert result["shuffled_rmse_ratio"] < 0.8


def test_constant_price_passes(house: LSTMForecaster) -> None:
    bars = make_bars(500)
    bars[["open", "high", "low", "close"]] = 5.0

    assert run_self_test(house, bars)["passed"] is True


def test_shuffling_keeps_the_sessions_and_loses_their_order(bars: pd.DataFrame) -> None:
    shuffled = shuffle_sessions(bars)

    before, after = (np.diff(np.log(one["close"].to_numpy())) for one in (bars, shuffled))
    assert (shuffled["high"] >= shuffled["low"]).all()
    assert not np.allclose(before[1:], after)
    assert np.isin(after.round(9), before.round(9)).all()
    assert_allclose(shuffled["volume"].sum(), bars["volume"].iloc[1:].sum())
