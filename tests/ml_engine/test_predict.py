"""What every forecaster promises of its output."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.errors import InvalidRequest, NotEnoughHistory
from ml_engine.forecaster import LEVELS, LSTMForecaster
from ml_engine.quantiles import Forecaster, QuantileForecast
from tests.ml_engine.synthetic import change_after, make_bars


def assert_sound(forecast: QuantileForecast) -> None:
    """Finite, positive, ordered along the levels."""
    assert np.isfinite(forecast.prices).all()
    assert (forecast.prices > 0).all()
    assert (np.diff(forecast.prices, axis=-1) >= 0).all()


def test_shapes_and_labels(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    origins = pd.DatetimeIndex(bars.index[[300, 700]])

    forecast = forecaster.predict(bars, origins, 7)

    assert forecast.prices.shape == (2, 7, 17)
    assert_array_equal(forecast.horizons, np.arange(1, 8))
    assert_array_equal(forecast.levels, LEVELS)
    assert forecast.origins.equals(origins)
    assert_array_equal(forecast.anchors, bars["close"].iloc[[300, 700]])
    assert_allclose(forecast.log_returns[1, 0], np.log(forecast.prices[1, 0] / bars["close"].iloc[700]))
    assert_sound(forecast)


def test_default_is_the_last_row_and_twenty_sessions(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    forecast = forecaster.predict(bars)

    assert list(forecast.origins) == [bars.index[-1]]
    assert forecast.prices.shape == (1, 20, 17)


def test_uncertainty_grows_with_the_horizon(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    log_returns = forecaster.predict(bars, horizon=60).log_returns[0]

    width = log_returns[:, LEVELS.index(0.9)] - log_returns[:, LEVELS.index(0.1)]

    assert width[0] < width[4] < width[19] < width[59]
    assert 0.5 < width[0] / (2 * 1.2816 * 0.015) < 2


@pytest.mark.parametrize("horizon", [0, 61, -1])
def test_horizon_out_of_range(forecaster: Forecaster, bars: pd.DataFrame, horizon: int) -> None:
    with pytest.raises(InvalidRequest, match="Choose one from 1 to 60"):
        forecaster.predict(bars, horizon=horizon)


def test_too_little_history_before_an_origin(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughHistory) as caught:
        forecaster.predict(bars, bars.index[[248, 500]])

    assert (caught.value.needed, caught.value.available) == (250, 249)


def test_an_origin_that_is_no_session(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    saturday = bars.index[400] + pd.offsets.Week(weekday=5)
    origins = pd.DatetimeIndex([saturday, bars.index[500]])

    with pytest.raises(InvalidRequest, match=f"no row for {saturday:%Y-%m-%d}"):
        forecaster.predict(bars, origins)


def test_no_origins(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    with pytest.raises(InvalidRequest, match="No origin"):
        forecaster.predict(bars, bars.index[:0])


def test_constant_price(forecaster: Forecaster) -> None:
    bars = make_bars(400)
    bars[["open", "high", "low", "close"]] = 42.0

    forecast = forecaster.predict(bars, pd.DatetimeIndex(bars.index[249:]), 60)

    assert_sound(forecast)
    assert_allclose(forecast.prices, 42.0, rtol=1e-3)


def test_history_without_volume(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    forecast = forecaster.predict(bars.assign(volume=0.0), pd.DatetimeIndex(bars.index[249:]), 60)

    assert_sound(forecast)


def test_exactly_250_rows(forecaster: Forecaster) -> None:
    assert_sound(forecaster.predict(make_bars(250), horizon=60))


def test_prices_in_another_currency_give_the_same_forecast(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    prices = ["open", "high", "low", "close"]
    pence = bars.assign(**(bars[prices] * 100))

    assert_allclose(house.predict(pence).prices, 100 * house.predict(bars).prices, rtol=1e-9)


@st.composite
def histories(draw: st.DrawFn) -> pd.DataFrame:
    """Valid histories of any level and volatility, with stale prices, jumps and sessions without trade."""
    rows = draw(st.integers(250, 420))
    seed = draw(st.integers(0, 2**32 - 1))
    scale = draw(st.sampled_from([1e-7, 1e-4, 0.01, 0.1, 0.6]))
    level = draw(st.sampled_from([1e-6, 0.5, 100.0, 1e9]))
    bars = make_bars(rows, seed=seed, scale=scale, level=level)
    stale = draw(st.integers(0, rows - 1))
    length = draw(st.integers(0, 200))
    prices = ["open", "high", "low", "close"]
    bars.loc[bars.index[stale : stale + length], prices] = bars["close"].iloc[stale]
    jump = draw(st.integers(0, rows - 1))
    bars.iloc[jump:, :4] *= draw(st.sampled_from([0.01, 0.7, 1.3, 120.0]))
    silent = draw(st.integers(0, rows - 1))
    bars.iloc[silent:, 4] *= draw(st.sampled_from([0.0, 1.0, 1e9]))
    return bars


@pytest.mark.filterwarnings("ignore::ml_engine.errors.UnadjustedSplitWarning")  # its jumps look like splits
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bars=histories(), ahead=st.integers(1, 60))
def test_any_history_gives_finite_ordered_causal_forecasts(
    forecaster: Forecaster, bars: pd.DataFrame, ahead: int
) -> None:
    origins = pd.DatetimeIndex(bars.index[249:])
    cut = (249 + len(bars) - 1) // 2

    forecast = forecaster.predict(bars, origins, ahead)
    changed = forecaster.predict(change_after(bars, cut), origins, ahead)

    assert_sound(forecast)
    assert_array_equal(forecast.prices[: cut - 248], changed.prices[: cut - 248])
