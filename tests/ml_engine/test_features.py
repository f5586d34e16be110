import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.errors import InvalidBars
from ml_engine.features import FEATURES, LARGEST, MARKET_COLUMNS, build_features
from ml_engine.market import market_features
from tests.ml_engine.synthetic import make_bars, make_market


def column(bars: pd.DataFrame, name: str) -> np.ndarray:
    return build_features(bars).matrix[:, FEATURES.index(name)]


def test_one_finite_bounded_row_for_each_session(bars: pd.DataFrame) -> None:
    features = build_features(bars, make_market(bars))

    assert features.matrix.shape == (800, len(FEATURES))
    assert np.isfinite(features.matrix).all()
    assert np.abs(features.matrix).max() <= LARGEST
    assert (features.matrix[300:].std(axis=0) > 0)[:-7].all()


def test_return_is_in_units_of_volatility(bars: pd.DataFrame) -> None:
    features = build_features(bars)
    returns = np.diff(np.log(bars["close"]))

    assert_allclose(column(bars, "return")[1:] * features.volatility[1:], returns, atol=1e-12)


def test_a_jump_is_seen_a_quarter_later() -> None:
    bars = make_bars(400, scale=0.005)
    bars.iloc[200:, :4] *= 1.25

    seen = column(bars, "report_63")

    assert seen[263] > 3
    assert seen[150:263].max() < 2
    assert_array_equal(
        column(bars, "report_gap_57_68")[[256, 257, 268, 269]] >= 3.9, [False, True, True, False]
    )


def test_constant_price_and_no_volume_give_zeros() -> None:
    bars = make_bars(300)
    bars[["open", "high", "low", "close"]] = 7.0

    matrix = build_features(bars.assign(volume=0.0)).matrix

    assert_allclose(matrix, 0, atol=1e-9)


def test_without_a_market_its_features_are_zero(bars: pd.DataFrame) -> None:
    assert_array_equal(build_features(bars).matrix[:, list(MARKET_COLUMNS)], 0)


def test_market_is_taken_as_last_closed_and_unknown_before_it_warmed_up(bars: pd.DataFrame) -> None:
    market = make_market(bars).iloc[100:700]

    named = market_features(pd.DatetimeIndex(bars.index), np.full(800, 0.01), market)

    assert_array_equal(np.flatnonzero(named["market_known"])[[0, -1]], [160, 799])
    assert_array_equal(named["market_return"][699:], named["market_return"][699])


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_market_with_a_bad_close(bars: pd.DataFrame, value: float) -> None:
    market = make_market(bars)
    market.iloc[20] = value

    with pytest.raises(InvalidBars, match="not positive") as caught:
        build_features(bars, market)

    assert caught.value.row == market.index[20]


def test_market_out_of_order(bars: pd.DataFrame) -> None:
    with pytest.raises(InvalidBars, match="not in order"):
        build_features(bars, make_market(bars).iloc[::-1])


def test_market_without_dates(bars: pd.DataFrame) -> None:
    with pytest.raises(InvalidBars, match="no plain dates"):
        build_features(bars, make_market(bars).reset_index(drop=True))
