"""Which questions `predict` takes; what it answers is tested in test_predict.py."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from ml_engine.errors import InvalidBars, InvalidRequest, NotEnoughHistory
from ml_engine.origins import check
from tests.ml_engine.synthetic import make_bars

BARS = make_bars(320)
DATES = BARS.index


def test_origins_keep_the_order_asked_and_repetitions() -> None:
    question = check(BARS, DATES[[310, 260, 310]], 20)

    assert_array_equal(question.rows, [310, 260, 310])
    assert question.dates.equals(DATES[[310, 260, 310]])
    pd.testing.assert_frame_equal(question.bars, BARS.iloc[:311], check_freq=False)


@pytest.mark.parametrize(
    "origins",
    [
        [DATES[300].date()],
        [f"{DATES[300]:%Y-%m-%d}"],
        pd.Series(DATES[300:301]),
        DATES[300:301].as_unit("s"),
        DATES[300:301].to_numpy(),
    ],
)
def test_any_list_of_dates_will_do(origins: Any) -> None:
    assert_array_equal(check(BARS, origins, 20).rows, [300])


@pytest.mark.parametrize(
    ("origins", "problem"),
    [
        (DATES[:0], "No origin was given"),
        ([], "No origin was given"),
        ([DATES[300], pd.NaT], "one without a date"),
        (DATES[300:301].tz_localize("UTC"), "carry a time zone"),
        ("2011-01-03", "are not dates"),
        (DATES[300], "are not dates"),
        (["soon"], "are not dates"),
        (DATES[300:301].to_period("D"), "are not dates"),
    ],
)
def test_origins_that_are_none(origins: Any, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"{problem}.*Ask for dates of the history"):
        check(BARS, origins, 20)


@pytest.mark.parametrize(
    ("origin", "told"), [("2011-02-28 16:00", "2011-02-28 16:00:00"), ("2011-02-27", "2011-02-27")]
)
def test_an_origin_without_a_row_is_named(origin: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=f"no row for {told}\\."):
        check(BARS, pd.DatetimeIndex([origin, DATES[310]]), 20)


@pytest.mark.parametrize("horizon", [0, 61, -1, 5.0, 5.5, True, "5", None, np.nan, np.float64(5), 10**30])
def test_horizon_that_is_none(horizon: Any) -> None:
    with pytest.raises(InvalidRequest, match="Choose one from 1 to 60, a whole number"):
        check(BARS, None, horizon)


@pytest.mark.parametrize("horizon", [1, 60, np.int64(5), np.uint8(60)])
def test_horizon_of_any_integer_type(horizon: int) -> None:
    assert len(check(BARS, None, horizon).dates) == 1


def test_the_earliest_origin_needs_250_rows() -> None:
    with pytest.raises(NotEnoughHistory) as caught:
        check(BARS, DATES[[300, 248]], 20)

    assert (caught.value.needed, caught.value.available) == (250, 249)


def test_an_origin_that_appears_twice() -> None:
    with pytest.raises(InvalidBars, match=f"{DATES[299]:%Y-%m-%d} appears twice"):
        check(pd.concat([BARS.iloc[:300], BARS.iloc[299:]]), DATES[299:300], 20)
