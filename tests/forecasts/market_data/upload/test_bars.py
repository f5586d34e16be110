"""Splits, dividends and adjusted closes: all prices come to one share basis."""

from datetime import date

import pytest

from forecasts.market_data.base import Action
from tests.forecasts.market_data.upload.files import HEADER, bars_of, problems_of, reading

RAW = "2024-01-02,400,400,400,400,100,{none}\n2024-01-03,100,100,100,100,400,{split}\n"
ADJUSTED = "2024-01-02,100,100,100,100,400,{none}\n2024-01-03,100,100,100,100,400,{split}\n"
BOTH_100 = [
    ("2024-01-02", 100.0, 100.0, 100.0, 100.0, 100.0, 400.0),
    ("2024-01-03", 100.0, 100.0, 100.0, 100.0, 100.0, 400.0),
]


def test_without_an_adjusted_close_it_is_the_close_after_splits() -> None:
    answer = reading(
        "date,open,high,low,close,volume,splits\n" + RAW.format(none=0, split=4),
    )

    assert bars_of(answer) == BOTH_100


@pytest.mark.parametrize(
    "header",
    [
        "timestamp,open,high,low,close,volume,stock splits\n",
        "timestamp,open,high,low,close,volume,split_coefficient\n",
    ],
)
@pytest.mark.parametrize("rows", [RAW, ADJUSTED])
def test_prices_tell_whether_splits_are_still_to_be_applied(header: str, rows: str) -> None:
    answer = reading(header + rows.format(none=1, split=4))

    assert bars_of(answer) == BOTH_100
    assert answer.actions == [Action(date(2024, 1, 3), "split", 4.0)]


def test_a_small_split_does_not_tell_and_alpha_vantages_prices_are_as_traded() -> None:
    answer = reading(
        "timestamp,open,high,low,close,volume,split_coefficient\n"
        "2024-01-02,102,102,102,102,100,1\n2024-01-03,102,102,102,102,100,1.02\n"
    )

    assert bars_of(answer)[0][4] == 100.0


@pytest.mark.parametrize("split", ["4:1", "4/1", "4-for-1", "4"])
def test_a_split_may_be_written_as_new_for_old_shares(split: str) -> None:
    answer = reading("date,open,high,low,close,volume,splits\n" + RAW.format(none="", split=split))

    assert problems_of(answer) == []
    assert bars_of(answer) == BOTH_100


def test_a_split_into_nothing_is_a_problem() -> None:
    answer = reading(
        "date,open,high,low,close,volume,splits\n"
        + ADJUSTED.format(none="4:0", split="")
        + "2024-01-04,100,100,100,100,1,\n"
    )

    assert problems_of(answer) == [(2, "splits", "“4:0” is not a number as expected here, such as 4 or 4:1.")]


@pytest.mark.parametrize(("written", "paid"), [("0,24", 0.24), ("1.234,5", 1234.5), ("0.24", 0.24)])
def test_a_line_with_a_dividend_may_have_a_decimal_comma(written: str, paid: float) -> None:
    answer = reading(
        "Date\tOpen\tHigh\tLow\tClose\tVolume\n"
        f"2024-01-03\t{written} Dividend\n"
        "2024-01-03\t10,5\t11\t9\t10\t1\n2024-01-02\t10,5\t11\t9\t10\t1\n"
    )

    assert problems_of(answer) == []
    assert answer.actions == [Action(date(2024, 1, 3), "dividend", paid)]


@pytest.mark.parametrize(("chosen", "day"), [("mdy", date(2024, 5, 2)), ("dmy", date(2024, 2, 5))])
def test_lines_between_the_days_have_the_order_of_dates_that_was_chosen(chosen: str, day: date) -> None:
    text = HEADER + "05/02/2024,0.25 Dividend\n05/02/2024,10,11,9,10,1\n06/03/2024,10,11,9,10,1\n"

    answer = reading(text, date_order=chosen)

    assert answer.actions == [Action(day, "dividend", 0.25)]


@pytest.mark.parametrize(
    ("adjusted", "noted"),
    [
        (["10", "0.0001", "10"], "2024-01-03, 2024-01-04"),
        (["10", "10", "0.0001"], "2024-01-04"),
        (["0.001", "0.001", "0.001"], "2024-01-04"),
        (["9", "9.5", "10"], None),
        (["0.5", "0.55", "0.6"], None),
    ],
)
def test_an_adjusted_close_that_leaves_the_close_is_noted(adjusted: list[str], noted: str | None) -> None:
    rows = "".join(f"2024-01-0{day},10,11,9,10,{price},1\n" for day, price in enumerate(adjusted, 2))

    answer = reading("Date,Open,High,Low,Close,Adj Close,Volume\n" + rows)

    notes = [note for note in answer.notes if note.startswith("The adjusted close")]
    assert [note.endswith(f": {noted}.") for note in notes] == ([True] if noted else [])
