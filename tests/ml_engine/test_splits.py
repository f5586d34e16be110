import warnings

import numpy as np
import pandas as pd
import pytest

from ml_engine.bars import validate
from ml_engine.errors import UnadjustedSplitWarning
from ml_engine.splits import likely_split
from tests.ml_engine.synthetic import make_bars

ROW = 100


def jump(factor: float, scale: float = 0.001) -> pd.DataFrame:
    bars = make_bars(200, scale=scale)
    bars.iloc[ROW:, :4] *= factor
    return bars


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 7, 10, 20, 1000, 1e6, 1.5, 2.5, 4 / 3])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_jump_like_a_split_warns_and_never_raises(factor: float, direction: int) -> None:
    bars = jump(factor**direction)

    with pytest.warns(UnadjustedSplitWarning, match=f"-fold into {bars.index[ROW]:%Y-%m-%d}: was it"):
        checked = validate(bars)

    assert len(checked) == 200


def test_the_warning_tells_how_large_the_jump_is() -> None:
    bars = jump(0.1)
    bars["open"] = bars["close"].shift(1, fill_value=100.0) * np.where(np.arange(200) == ROW, 0.1, 1.0)

    assert (
        likely_split(bars)
        == f"The price changed 10-fold into {bars.index[ROW]:%Y-%m-%d}: was it adjusted for a split?"
    )


def test_a_spike_is_two_jumps_and_the_first_is_named() -> None:
    bars = jump(1e6)
    bars.iloc[ROW + 1 :, :4] /= 1e6

    assert f"into {bars.index[ROW]:%Y-%m-%d} (the first of 2 such jumps)" in likely_split(bars)


@pytest.mark.parametrize("factor", [1.1, 1.4, 1.7, 3.5])
def test_a_move_at_no_usual_ratio_does_not_warn(factor: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        validate(jump(factor))


def test_half_as_much_again_is_news_where_the_price_often_moves() -> None:
    assert likely_split(jump(1.5, scale=0.06)) == ""


def test_half_as_much_again_is_news_where_the_session_is_wild() -> None:
    bars = jump(1.5)
    bars.iloc[ROW, bars.columns.get_loc("high")] *= 1.2

    assert likely_split(bars) == ""


def test_one_row_has_no_jump() -> None:
    assert likely_split(make_bars(1)) == ""
