"""What every forecaster promises of its output."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.errors import InvalidRequest, NotEnoughHistory
from ml_engine.forecaster import LEVELS, LSTMForecaster
from ml_engine.quantiles import Forecaster, QuantileForecast
from ml_engine.volatility import ewma_volatility
from tests.ml_engine.synthetic import make_bars, make_market


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

    if forecaster.name == "tutorial-lstm":  # gives a point
        assert_array_equal(width, 0)
        return
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


MODELS = ["house", "tuned", "committee", "tiny"]


@pytest.mark.parametrize("name", MODELS)
def test_the_median_is_todays_price_and_what_stocks_grow_by(
    name: str, bars: pd.DataFrame, request: pytest.FixtureRequest
) -> None:
    model: LSTMForecaster = request.getfixturevalue(name)

    forecast = model.predict(bars, pd.DatetimeIndex(bars.index[249:]), 60)

    volatility = ewma_volatility(np.diff(np.log(bars["close"]), prepend=np.log(bars["close"].iloc[0])))
    session = np.minimum(0.04 / 252, 0.02 * volatility[249:, None])
    # Between the knots the median is interpolated like all other quantiles.
    assert_allclose(forecast.log_returns[:, :, LEVELS.index(0.5)], session * np.arange(1, 61), rtol=0.01)


@pytest.mark.parametrize("name", ["house", "tuned"])
def test_a_market_moves_the_bands_and_no_median(
    name: str, bars: pd.DataFrame, request: pytest.FixtureRequest
) -> None:
    model: LSTMForecaster = request.getfixturevalue(name)
    wild = make_market(bars)
    wild.iloc[-30:] *= np.exp(np.cumsum(0.05 * np.random.default_rng(0).choice([-1, 1], 30)))

    without, calm, stormy = (
        model.predict(bars, market=market).log_returns[0, 0] for market in (None, make_market(bars), wild)
    )

    medians = [one[LEVELS.index(0.5)] for one in (without, calm, stormy)]
    assert_allclose(medians, medians[0], rtol=1e-9)
    assert len({np.ptp(one) for one in (without, calm, stormy)}) == 3


def test_a_market_too_short_to_mean_anything_is_as_none(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    short = make_market(bars).iloc[:60]

    assert_array_equal(house.predict(bars, market=short).prices, house.predict(bars).prices)
