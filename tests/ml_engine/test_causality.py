"""The cardinal sin is to see the future: what every forecaster must never do."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.features import build_features
from ml_engine.quantiles import Forecaster
from tests.ml_engine.synthetic import change_after, make_bars, make_market


def test_forecasts_are_the_same_bits_whatever_comes_later(forecaster: Forecaster) -> None:
    bars = make_bars(700, seed=5)
    origins = pd.DatetimeIndex(bars.index[249:])
    cut = 600

    # Later origins are asked too, so that later rows are there to leak.
    before = forecaster.predict(bars, origins, 60)
    after = forecaster.predict(change_after(bars, cut), origins, 60)

    earlier = cut - 249 + 1
    assert earlier > 300
    assert_array_equal(before.prices[:earlier], after.prices[:earlier])
    assert not np.array_equal(before.prices[earlier:], after.prices[earlier:])


def test_an_origin_alone_equals_the_same_among_hundreds(forecaster: Forecaster) -> None:
    bars = make_bars(645, seed=6)
    many = forecaster.predict(bars, pd.DatetimeIndex(bars.index[249:]), 60)

    for row in (249, 250, 319, 512, 640):
        alone = forecaster.predict(bars, bars.index[[row]], 60)
        truncated = forecaster.predict(bars.iloc[: row + 1], None, 60)

        assert_allclose(alone.prices[0], many.prices[row - 249], rtol=1e-9)
        assert_array_equal(alone.prices, truncated.prices)


def test_same_input_twice_gives_the_same_bits(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    origins = pd.DatetimeIndex(bars.index[-300:])

    one, two = (forecaster.predict(bars, origins, 20) for _ in range(2))

    assert_array_equal(one.prices, two.prices)


def test_near_steps_do_not_depend_on_the_horizon(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    near, far = (forecaster.predict(bars, None, horizon) for horizon in (20, 60))

    assert_array_equal(near.prices, far.prices[:, :20])


def test_garbage_after_the_last_origin_is_never_looked_at(forecaster: Forecaster, bars: pd.DataFrame) -> None:
    origins = pd.DatetimeIndex(bars.index[400:500])
    broken = bars.copy()
    broken.iloc[500:] = np.nan

    assert_array_equal(forecaster.predict(broken, origins).prices, forecaster.predict(bars, origins).prices)


@pytest.mark.parametrize("begins", [0, 300])
def test_features_are_the_same_bits_whatever_comes_later(bars: pd.DataFrame, begins: int) -> None:
    """Also where the index is younger than the stock."""
    market = make_market(bars).iloc[begins:]
    changed = market.where(market.index <= bars.index[500], 1.2 * market)

    before = build_features(bars, market)
    after = build_features(change_after(bars, 500), changed)

    assert_array_equal(before.matrix[:501], after.matrix[:501])
    assert_array_equal(before.volatility[:501], after.volatility[:501])


@pytest.mark.parametrize("begins", [0, 300])
def test_the_market_is_causal_too(house: Forecaster, bars: pd.DataFrame, begins: int) -> None:
    origins = pd.DatetimeIndex(bars.index[300:])
    market = make_market(bars).iloc[begins:]
    changed = market.where(market.index <= bars.index[500], 1.2 * market)

    before = house.predict(bars, origins, market=market).prices
    after = house.predict(bars, origins, market=changed).prices

    assert_array_equal(before[:201], after[:201])
    assert not np.array_equal(before[201:], after[201:])


def test_long_histories_adapt_to_what_is_known_and_to_nothing_else(house: Forecaster) -> None:
    """Over many lanes of the walk and windows of the LSTM: after a change, only what comes after changes."""
    bars = make_bars(2600, seed=7)
    origins, cut = pd.DatetimeIndex(bars.index[249::3]), 2000

    before = house.predict(bars, origins, 60).prices
    after = house.predict(change_after(bars, cut), origins, 60).prices

    earlier = (cut - 249) // 3 + 1
    assert_array_equal(before[:earlier], after[:earlier])
    assert (before[earlier:] != after[earlier:]).any(axis=(1, 2)).all()


@pytest.mark.parametrize("row", [959, 960, 1279, 1280, 2599])
def test_a_late_origin_alone_is_the_same_as_among_thousands(house: Forecaster, row: int) -> None:
    bars = make_bars(2600, seed=7)
    market = make_market(bars).iloc[700:]

    many = house.predict(bars, pd.DatetimeIndex(bars.index[249:]), 60, market)
    alone = house.predict(bars, bars.index[[row]], 60, market)

    assert_allclose(alone.prices[0], many.prices[row - 249], rtol=1e-12)
