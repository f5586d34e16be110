import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from ml_engine.bars import adjust_for_dividends, content_hash, validate
from ml_engine.errors import InvalidBars, InvalidRequest, NotEnoughHistory
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
        (put("high", 1e300), "high is outside 1e-100 … 1e+100", "another unit"),
        (put("low", 1e-300), "low is outside 1e-100 … 1e+100", "another unit"),
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


@pytest.mark.parametrize("value", ["n/a", "", 10**400, 1j, pd.NA, pd.Timestamp("2020-01-01")])
def test_a_cell_that_is_no_number(value: object) -> None:
    bars = make_bars(60).astype(object)
    bars.iat[ROW, 3] = value

    with pytest.raises(InvalidBars, match="Give every cell a number") as caught:
        validate(bars)

    assert caught.value.row == bars.index[ROW]
    assert caught.value.message.startswith(f"On {bars.index[ROW]:%Y-%m-%d} close is not a number: ")


def test_a_number_too_large_for_float64() -> None:
    bars = make_bars(60).astype(np.longdouble)
    bars.iat[ROW, 3] = np.longdouble("1e400")

    with pytest.raises(InvalidBars, match="close is missing or not finite"):
        validate(bars)


def test_complex_prices() -> None:
    with pytest.raises(InvalidBars, match="On 2010-01-04 open is not a number"):
        validate(make_bars(10).astype(complex))


@pytest.mark.parametrize("dtype", ["float32", "Float64", "double[pyarrow]", "object", "str", "category"])
def test_any_kind_of_number_will_do(dtype: str) -> None:
    bars = make_bars(10).round(2)

    checked = validate(bars.astype(dtype))

    pd.testing.assert_frame_equal(checked, bars, rtol=1e-6)


def test_decimals_will_do() -> None:
    bars = make_bars(10)

    pd.testing.assert_frame_equal(validate(bars.map(Decimal)), bars)


@pytest.mark.parametrize("name", ["open", "volume"])
def test_a_column_twice(name: str) -> None:
    bars = make_bars(10)

    with pytest.raises(InvalidBars, match=rf"The column {name} appears 2 times\. Keep one"):
        validate(pd.concat([bars, bars[[name]]], axis=1))


def test_columns_of_several_symbols() -> None:
    with pytest.raises(InvalidBars, match="Select one symbol"):
        validate(pd.concat({"A": make_bars(10), "B": make_bars(10)}, axis=1))


@pytest.mark.parametrize(
    "bars", [None, {"A": make_bars(10)}, make_bars(10)["close"], make_bars(10).to_numpy()]
)
def test_no_table(bars: Any) -> None:
    with pytest.raises(InvalidBars, match=r"not a table\. Give a pandas DataFrame"):
        validate(bars)


@pytest.mark.parametrize("index", [range(10), make_bars(10).index.to_period("D"), make_bars(10).index.date])
def test_no_dates(index: Any) -> None:
    with pytest.raises(InvalidBars, match=r"has no dates\. Index it by date"):
        validate(make_bars(10).set_axis(index))


def test_times_of_day_are_told() -> None:
    bars = make_bars(10)
    index = bars.index[:9].append(bars.index[8:9]) + pd.Timedelta(hours=16)

    with pytest.raises(InvalidBars, match="2010-01-14 16:00:00 appears twice"):
        validate(bars.set_axis(index))


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


def test_content_hash_is_of_nanoseconds_where_they_reach() -> None:
    bars = make_bars(10)
    late = bars.set_axis(pd.date_range("4000-01-01", periods=10, unit="us"))

    assert content_hash(bars.set_axis(bars.index.as_unit("s"))) == content_hash(bars)
    assert content_hash(late) != content_hash(late.set_axis(late.index.shift(1)))


def test_errors_survive_pickling() -> None:
    error = InvalidBars("On 2020-01-02 close is wrong.", "Correct it.", row=pd.Timestamp("2020-01-02"))

    copies = [pickle.loads(pickle.dumps(one)) for one in (error, NotEnoughHistory(250, 30))]

    assert (str(copies[0]), copies[0].row) == (str(error), error.row)
    assert (copies[1].needed, copies[1].available) == (250, 30)
