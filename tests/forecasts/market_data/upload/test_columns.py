"""Which column is which."""

import pytest

from forecasts.market_data.upload import Unreadable
from forecasts.market_data.upload.columns import format_name, match


@pytest.mark.parametrize(
    "names",
    [
        ["date", "open", "high", "low", "close"],
        [" DATE ", "Open Price", "High_Price", "LOW", "Closing Price"],
        ["timestamp", "1. open", "2. high", "3. low", "4. close"],
        ["<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>"],
        ["Datum", "Eröffnungskurs", "Tageshoch", "Tagestief", "Schluß"],
        ["Data", "Otwarcie", "Najwyzszy", "Najniższy", "Zamknięcie"],
        ["", "Open", "High", "Low", "Close"],
        ["__index_level_0__", "Open", "High", "Low", "Close"],
    ],
)
def test_names_are_known_in_any_case_and_dress(names: list[str]) -> None:
    assert match(names) == {"date": 0, "open": 1, "high": 2, "low": 3, "close": 4}


def test_a_weaker_name_counts_only_without_a_stronger_one() -> None:
    found = match(["Time", "Date", "Open", "High", "Low", "Last", "Close", "Adj. Close"])

    assert (found["date"], found["close"], found["adj_close"]) == (1, 6, 7)


def test_two_columns_for_one_thing_are_refused() -> None:
    with pytest.raises(Unreadable) as caught:
        match(["Date", "Open", "High", "Low", "Close", "close*"])

    assert caught.value.message == "“Close” and “close*” could each be the close. Keep one of these columns."


def test_missing_columns_are_named_with_those_there_are() -> None:
    with pytest.raises(Unreadable) as caught:
        match(["Date", "Close", "Note"])

    assert caught.value.message == (
        "There is no column for open, high and low. The file's columns are “Date”, “Close” and “Note”; "
        "name them as in Date,Open,High,Low,Close,Volume."
    )


def test_a_format_is_told_by_its_names() -> None:
    assert format_name(["date", "close", "high", "low", "open", "volume", "adjClose"]) == "plain"
    prices = ["timestamp", "open", "high", "low", "close"]
    assert format_name([*prices, "adjusted_close", "volume"]) == "Alpha Vantage"
    assert format_name([*prices, "volume", "split_coefficient"]) == "Alpha Vantage"
    assert format_name([*prices, "volume", "stock splits"]) == "plain"
