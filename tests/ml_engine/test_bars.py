import pickle
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from ml_engine.bars import adjust_for_dividends, content_hash, validate
from ml_engine.errors import InvalidBars, InvalidRequest, NotEnoughHistory, UnadjustedSplitWarning
from tests.ml_engine.synthetic import make_bars

ROW = 30


def put(column: str, value: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(bars: pd.DataFrame) -> pd.DataFrame:
        bars.loc[bars.index[ROW], column] = value
        return bars

    return change


def swap(bars: pd.DataFrame) -> pd.DataFrame:
    order = np.arange(len(bars))
    order[[ROW - 1, ROW]] = order[[ROW, ROW - 1]]
    return bars.iloc[order]


def duplicate(bars: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([bars.iloc[: ROW + 1], bars.iloc[ROW:]])


@pytest.mark.parametrize(
    ("spoil", "problem", "remedy"),
    [
        (put("close", np.nan), "close is missing", "Fill in"),
        (put("volume", np.inf), "volume is missing or not finite", "Fill in"),
        (put("low", 0.0), "low is not positive", "above zero"),
        (put("open", -3.0), "open is not positive", "above zero"),
        (put("volume", -1.0), "volume is negative", "Use zero"),
        (put("high", 1.0), "high is below low", "Swap"),
        (put("close", 300.0), "close is outside low … high", "same factor"),
        (put("open", 1.0), "open is outside low … high", "same factor"),
        (duplicate, "appears twice", "Keep one row"),
    ],
)
def test_bad_row_is_named_with_its_remedy(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], problem: str, remedy: str
) -> None:
    bars = spoil(make_bars(60))

    with pytest.raises(InvalidBars) as caught:
        validate(bars)

    assert caught.value.row == make_bars(60).index[ROW]
    assert f"{caught.value.row:%Y-%m-%d}" in caught.value.message
    assert problem in caught.value.message
    assert remedy in caught.value.remedy


def test_unsorted_rows() -> None:
    bars = make_bars(60)

    with pytest.raises(InvalidBars, match=r"not in order.*Sort the rows by date") as caught:
        validate(swap(bars))

    assert caught.value.row == bars.index[ROW - 1]


def test_missing_column() -> None:
    with pytest.raises(InvalidBars, match="lacks the column volume"):
        validate(make_bars(10).drop(columns="volume"))


def test_text_instead_of_numbers() -> None:
    bars = make_bars(10).astype(object)
    bars.iloc[3, 0] = "n/a"

    with pytest.raises(InvalidBars, match="not a number"):
        validate(bars)


def test_no_dates() -> None:
    with pytest.raises(InvalidBars, match="has no dates"):
        validate(make_bars(10).reset_index(drop=True))


def test_time_zone() -> None:
    with pytest.raises(InvalidBars, match="tz_localize"):
        validate(make_bars(10).tz_localize("UTC"))


def test_row_without_date() -> None:
    bars = make_bars(10)
    bars.index = bars.index[:9].append(pd.DatetimeIndex([pd.NaT]))

    with pytest.raises(InvalidBars, match="Row 10 has no date"):
        validate(bars)


def test_too_few_rows() -> None:
    with pytest.raises(NotEnoughHistory, match=r"250 sessions .* there are 30") as caught:
        validate(make_bars(30), minimum=250)

    assert isinstance(caught.value, InvalidBars)
    assert (caught.value.needed, caught.value.available) == (250, 30)


def test_empty_history() -> None:
    with pytest.raises(NotEnoughHistory):
        validate(make_bars(10).iloc[:0])


def test_rows_after_up_to_are_not_looked_at() -> None:
    bars = swap(put("close", np.nan)(make_bars(60)))

    checked = validate(bars, up_to=bars.index[ROW - 2])

    pd.testing.assert_frame_equal(checked, make_bars(60).iloc[: ROW - 1], check_freq=False)


def test_up_to_an_unknown_date() -> None:
    with pytest.raises(InvalidRequest, match="no row for 1999-01-01"):
        validate(make_bars(10), up_to=pd.Timestamp("1999-01-01"))


def test_other_columns_are_dropped_and_integers_become_floats() -> None:
    bars = make_bars(10).assign(adj_close=1.0).astype({"volume": "int64"})

    checked = validate(bars)

    assert list(checked.columns) == ["open", "high", "low", "close", "volume"]
    assert set(checked.dtypes) == {np.dtype("float64")}


def test_rounding_of_adjusted_prices_is_allowed() -> None:
    bars = make_bars(60)
    bars.loc[bars.index[ROW], "close"] = bars["high"].iloc[ROW] * 1.0005

    validate(bars)


@pytest.mark.parametrize("factor", [10.0, 0.1, 2.0, 1 / 3])
def test_a_jump_like_a_split_warns_and_never_raises(factor: float) -> None:
    bars = make_bars(60, scale=0.001)
    bars.iloc[ROW:, :4] *= factor

    with pytest.warns(UnadjustedSplitWarning, match=f"{bars.index[ROW]:%Y-%m-%d}"):
        validate(bars)


def test_a_large_move_that_is_no_split_does_not_warn() -> None:
    bars = make_bars(60, scale=0.001)
    bars.iloc[ROW:, :4] *= 1.4

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        validate(bars)


def test_adjust_for_dividends() -> None:
    row = {"open": [9.0], "high": [12.0], "low": [8.0], "close": [10.0], "volume": [5], "adj_close": [8.0]}

    adjusted = adjust_for_dividends(pd.DataFrame(row, index=pd.DatetimeIndex(["2020-01-02"])))

    assert_allclose(adjusted.to_numpy(), [[7.2, 9.6, 6.4, 8.0, 5.0]])
    assert list(adjusted.columns) == ["open", "high", "low", "close", "volume"]


def test_content_hash_knows_values_and_dates_and_nothing_else() -> None:
    bars = make_bars(10)
    moved = bars.set_axis(bars.index.shift(1), axis=0)

    assert content_hash(bars) == content_hash(bars.assign(note="x").iloc[:, ::-1])
    assert len({content_hash(one) for one in (bars, bars * 1.0001, moved)}) == 3


def test_errors_survive_pickling() -> None:
    error = InvalidBars("On 2020-01-02 close is wrong.", "Correct it.", row=pd.Timestamp("2020-01-02"))

    copies = [pickle.loads(pickle.dumps(one)) for one in (error, NotEnoughHistory(250, 30))]

    assert (str(copies[0]), copies[0].row) == (str(error), error.row)
    assert (copies[1].needed, copies[1].available) == (250, 30)
