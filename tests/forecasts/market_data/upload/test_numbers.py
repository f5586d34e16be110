"""Numbers as the world writes them."""

from math import isnan

import pandas as pd
import pytest

from forecasts.market_data.upload import Unreadable, numbers
from forecasts.market_data.upload.base import Decimal
from forecasts.market_data.upload.numbers import find_decimal, to_numbers


def cells(*texts: str) -> "pd.Series[str]":
    return pd.Series(list(texts), dtype="str")


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1234.5", ".", 1234.5),
        ("1,234.5", ".", 1234.5),
        ("1'234.5", ".", 1234.5),
        ("1\u202f234\u202f567", ".", 1234567.0),
        ("$1,234.50", ".", 1234.5),
        (".5", ".", 0.5),
        ("5.", ".", 5.0),
        ("-1e3", ".", -1000.0),
        ("1234,5", ",", 1234.5),
        ("1.234,5", ",", 1234.5),
        ("1 234,5", ",", 1234.5),
        ("1.234.567", ",", 1234567.0),
        ("12,5 €", ",", 12.5),
    ],
)
def test_a_number_is_read(text: str, decimal: Decimal, number: float) -> None:
    assert list(to_numbers(cells(text), decimal)) == [number]


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("", "."), ("-", "."), ("nan", "."), ("inf", "."), ("0x10", "."), ("1_000", "."), ("1,23", "."),
        ("12,34.5", "."), ("1,234,5", "."), ("1.2.3", "."), ("1,2,3", ","), ("1.23", ","), ("1.5M", "."),
        ("=1", "."), ("1 2", "."), ("\u0661", "."), ("5%", "."), ("1?234", ","),
    ],
)  # fmt: skip
def test_what_is_no_number_is_none(text: str, decimal: Decimal) -> None:
    assert isnan(to_numbers(cells(text), decimal)[0])


@pytest.mark.parametrize(
    ("texts", "delimiter", "decimal"),
    [
        (["10.5", "1.234"], ",", "."),
        (["10,5", "1,234"], ";", ","),
        (["1,234.5"], ",", "."),
        (["1.234,5"], ";", ","),
        (["1,234,567"], ",", "."),
        (["10", "11"], ";", "."),
        (["145.123", "145.250"], ",", "."),
        (["145,123", "145,250"], ";", ","),
        (["0,123", "145"], ",", ","),
        (["10.5", "10.6", "10,7"], ",", "."),
    ],
)
def test_the_decimal_mark_is_found(texts: list[str], delimiter: str, decimal: Decimal) -> None:
    assert find_decimal(cells(*texts), delimiter, None) == decimal


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_points_before_three_digits_are_asked_for_where_commas_may_be_decimal(delimiter: str) -> None:
    with pytest.raises(Unreadable) as caught:
        find_decimal(cells("42.100", "42.900"), delimiter, None)

    assert caught.value.option == "decimal"


def test_of_very_many_cells_that_are_no_numbers_the_rest_is_not_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numbers, "MAX_PROBLEMS", 3)

    read = to_numbers(cells("1 2", "", "1'234", "1 2", "", "1 2", "1'234", "5"), ".")

    assert list(read[[2, 7]]) == [1234.0, 5.0]
    assert all(isnan(number) for number in read[[0, 1, 3, 4, 5, 6]])


@pytest.mark.parametrize("texts", [["1,234", "1,240"], ["1.234", "999"], ["1.234", "1,234"]])
def test_a_mark_that_may_be_either_is_asked_for(texts: list[str]) -> None:
    with pytest.raises(Unreadable) as caught:
        find_decimal(cells(*texts), ",", None)

    assert caught.value.option == "decimal"
    assert find_decimal(cells(*texts), ",", ",") == ","
