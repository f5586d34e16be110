from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.errors import InvalidBars
from ml_engine.market import MARKET_FEATURES, RATIO_SCALE, USUAL_RELATIVE, WARM_UP, market_features
from ml_engine.volatility import ewma_volatility
from tests.ml_engine.synthetic import make_bars, make_market

BARS = make_bars(320)
DATES = pd.DatetimeIndex(BARS.index)
RETURNS = np.diff(np.log(BARS["close"]), prepend=np.log(BARS["close"].iloc[0]))
VOLATILITY = np.full(320, 0.01)


def put(value: Any) -> Callable[[pd.Series], pd.Series]:
    return lambda market: market.astype(object).where(DATES[100] != DATES, value)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (put(np.nan), "On 2010-05-24 the market index is missing or not positive"),
        (put(np.inf), "On 2010-05-24 the market index is missing or not positive"),
        (put(-1.0), "On 2010-05-24 the market index is missing or not positive"),
        (put("x"), "On 2010-05-24 the market index is not a number: 'x'"),
        (lambda market: market.iloc[::-1], "not in order on 2011-03-24"),
        (lambda market: pd.concat([market, market.iloc[-1:]]), "not in order on 2011-03-25"),
        (lambda market: market.tz_localize("UTC"), "has no plain dates"),
        (lambda market: market.to_period("D"), "has no plain dates"),
        (lambda market: market.to_frame(), "is not a Series"),
        (lambda market: market.to_numpy(), "is not a Series"),
    ],
)
def test_a_bad_index_is_named_with_its_row(spoil: Callable[[pd.Series], Any], problem: str) -> None:
    with pytest.raises(InvalidBars, match=problem) as caught:
        market_features(DATES, RETURNS, VOLATILITY, spoil(make_market(BARS)))

    assert caught.value.remedy != ""


@pytest.mark.parametrize(
    "market",
    [
        make_market(BARS).iloc[:0],
        make_market(BARS).iloc[:60],
        make_market(BARS).set_axis(DATES + pd.Timedelta(days=3650)),
        pd.Series([np.nan, -1.0], index=pd.DatetimeIndex(["2050-01-01", "2040-01-01"])),
    ],
)
def test_an_index_too_short_or_too_late_is_unknown(market: pd.Series) -> None:
    named = market_features(DATES, RETURNS, VOLATILITY, market)

    assert_array_equal(
        np.stack([named[name] for name in MARKET_FEATURES]), np.zeros((len(MARKET_FEATURES), 320))
    )


@pytest.mark.parametrize("dtype", ["Float64", "str", "object", "double[pyarrow]"])
def test_an_index_of_any_kind_of_number(dtype: str) -> None:
    market = make_market(BARS)

    plain, other = (
        market_features(DATES, RETURNS, VOLATILITY, one) for one in (market, market.astype(dtype))
    )

    for name in MARKET_FEATURES:
        assert_array_equal(plain[name], other[name])
    assert plain["market_known"].sum() == 260


def test_a_stock_that_is_twice_its_index_by_hand() -> None:
    """Beta 2: nothing of its own, correlated as far as can be, and twice as volatile."""
    market = make_market(BARS)
    index = np.log(market).diff().fillna(0.0).to_numpy()
    volatility = ewma_volatility(2 * index)

    named = market_features(DATES, 2 * index, volatility, market)

    rows = slice(WARM_UP, None)
    assert_allclose(named["market_relative"][rows], np.log(2) - USUAL_RELATIVE, atol=1e-5)
    assert_allclose(named["market_correlation"][rows], RATIO_SCALE / 2, atol=1e-4)
    assert named["market_own"][rows].max() < RATIO_SCALE * np.log(0.02)
    assert_allclose(named["market_return"][rows] * volatility[rows] / 2, index[rows], rtol=1e-5)
    assert_array_equal(named["market_surprise"], np.abs(named["market_return"]))


def test_a_stock_that_ignores_its_index_has_all_of_its_volatility_to_itself() -> None:
    bars = make_bars(4000)
    returns = np.diff(np.log(bars["close"]), prepend=np.log(bars["close"].iloc[0]))

    named = market_features(
        pd.DatetimeIndex(bars.index), returns, ewma_volatility(returns), make_market(bars)
    )

    assert_allclose(named["market_correlation"][300:].mean(), -RATIO_SCALE / 2, atol=0.15)
    assert_allclose(named["market_own"][300:].mean(), 0, atol=0.1)
