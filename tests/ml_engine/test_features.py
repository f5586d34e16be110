import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.errors import InvalidBars
from ml_engine.features import (
    ABSOLUTE_DECAYS,
    FEATURES,
    JUMP,
    LARGEST,
    MARKET_COLUMNS,
    RATIO_SCALE,
    USUAL_RANGE,
    USUAL_RESTLESSNESS,
    build_features,
)
from ml_engine.market import MARKET_FEATURES, market_features
from tests.ml_engine.synthetic import make_bars, make_market


def column(bars: pd.DataFrame, name: str) -> np.ndarray:
    return build_features(bars).matrix[:, FEATURES.index(name)]


def test_one_finite_bounded_row_for_each_session(bars: pd.DataFrame) -> None:
    features = build_features(bars, make_market(bars))

    assert features.matrix.shape == (800, len(FEATURES))
    assert np.isfinite(features.matrix).all()
    assert np.abs(features.matrix).max() <= LARGEST
    still = np.flatnonzero(features.matrix[300:].std(axis=0) == 0)
    assert_array_equal(still, [FEATURES.index("market_known")])


def test_each_column_has_one_name(bars: pd.DataFrame) -> None:
    assert len(set(FEATURES)) == len(FEATURES) == build_features(bars).matrix.shape[1]
    assert [FEATURES[place] for place in MARKET_COLUMNS] == list(MARKET_FEATURES)


def test_return_is_in_units_of_volatility(bars: pd.DataFrame) -> None:
    features = build_features(bars)
    returns = np.diff(np.log(bars["close"]))

    assert_allclose(column(bars, "return")[1:] * features.volatility[1:], returns, atol=1e-12)


def test_constant_price_and_no_volume_give_constants() -> None:
    """Nothing moves, so nothing says more than the floors of the scales; the first row is like the last."""
    bars = make_bars(300)
    bars[["open", "high", "low", "close"]] = 7.0

    matrix = build_features(bars.assign(volume=0.0)).matrix

    assert_allclose(matrix, np.tile(matrix[0], (300, 1)), atol=1e-9)
    named = dict(zip(FEATURES, matrix[0], strict=True))
    rest = {name: value for name, value in named.items() if abs(value) > 1e-9}
    assert rest == pytest.approx(
        {
            "range_today": RATIO_SCALE / 2 * np.log(1 / USUAL_RANGE),
            "range_restless": -2 * RATIO_SCALE * USUAL_RESTLESSNESS,
            **{f"absolute_{decay}": RATIO_SCALE * np.log(np.sqrt(np.pi / 2)) for decay in ABSOLUTE_DECAYS},
        }
    )


@pytest.mark.parametrize("length", [1, 2, 3, 60, 300])
def test_any_length_of_any_price_gives_finite_features(length: int) -> None:
    bars = make_bars(length)
    still = bars.assign(**dict.fromkeys(["open", "high", "low", "close"], 7.0))

    for one in (bars, still, bars.assign(volume=0.0)):
        assert np.isfinite(build_features(one, make_market(one)).matrix).all()


def test_one_jump_weighs_less_in_robust_volatilities() -> None:
    """Of alternating moves of 1 % and one of 20 %: by hand, where the moves' size is what it is."""
    moves = 0.01 * (-1.0) ** np.arange(600)
    moves[500] = 0.2
    closes = 100 * np.exp(np.cumsum(moves))
    bars = pd.DataFrame(
        dict.fromkeys(("open", "high", "low", "close"), closes) | {"volume": np.ones(600)},
        index=pd.bdate_range("2010-01-04", periods=600),
    )

    before, at = (build_features(bars).matrix[row] for row in (499, 500))

    variance = 0.94 * 0.01**2 + 0.06 * np.array([0.2, JUMP * 0.01]) ** 2
    size = 0.94 * 0.01 + 0.06 * 0.2
    by_hand = {
        "capped_0.94": RATIO_SCALE / 2 * np.log(variance[1] / variance[0]),
        "absolute_0.94": RATIO_SCALE * np.log(np.sqrt(np.pi / 2) * size / np.sqrt(variance[0])),
    }
    for name, expected in by_hand.items():
        assert_allclose(at[FEATURES.index(name)], expected, atol=0.01)
    assert_allclose(before[FEATURES.index("capped_0.94")], 0, atol=0.01)


def test_downside_share_by_hand() -> None:
    """All moves down: the whole of the variance; all up: nothing of it."""
    closes = pd.Series(100 * np.exp(0.01 * np.arange(400.0)), pd.bdate_range("2010-01-04", periods=400))
    rising = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), closes)).assign(volume=1.0)
    falling = rising.assign(**(1e4 / rising[["open", "high", "low", "close"]]))

    shares = [column(bars, "downside_0.94")[-1] for bars in (falling, rising)]

    assert_allclose(shares, [RATIO_SCALE / 2, -RATIO_SCALE / 2], atol=1e-4)


def test_without_a_market_its_features_are_zero(bars: pd.DataFrame) -> None:
    assert_array_equal(build_features(bars).matrix[:, list(MARKET_COLUMNS)], 0)


def test_market_is_taken_as_last_closed_and_unknown_before_it_warmed_up(bars: pd.DataFrame) -> None:
    market = make_market(bars).iloc[100:700]

    returns = np.diff(np.log(bars["close"]), prepend=np.log(100.0))
    named = market_features(pd.DatetimeIndex(bars.index), returns, np.full(800, 0.01), market)

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
