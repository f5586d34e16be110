"""Every problem is named by row, as a spreadsheet counts it."""

import pytest

from forecasts.market_data.upload.base import MAX_PROBLEMS
from tests.forecasts.market_data.upload.files import (
    PLAIN,
    PLAIN_BARS,
    bars_of,
    problems_of,
    reading,
)


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("yesterday,10,11,9,10,1", "Date", "“yesterday” is not a date as expected here, such as 2024-01-31."),
        ("2024-02-30,1,1,1,1,1", "Date", "“2024-02-30” is not a date as expected here, such as 2024-01-31."),
        (",10,11,9,10,1", "Date", "The cell is empty; a date is expected."),
        ("2024-01-03,10,11,9,10,1", "Date", "“2024-01-03” stands in row 3 already; a day has one row."),
        ("2099-01-05,10,11,9,10,1", "Date", "“2099-01-05” lies in the future; prices are of days gone by."),
        ("1824-01-05,10,11,9,10,1", "Date", "“1824-01-05” is before 1900; check the year."),
        ("2024-01-05,10,11,9,,1", "Close", "The cell is empty; a price is expected."),
        ("2024-01-05,10,11,9,ten,1", "Close", "“ten” is not a price as expected here, such as 12.34."),
        ("2024-01-05,0,11,9,10,1", "Open", "“0” is no price; prices are above zero."),
        ("2024-01-05,10,11,-9,10,1", "Low", "“-9” is no price; prices are above zero."),
        ("2024-01-05,10,1e999,9,10,1", "High", "“1e999” is no price that a market quotes; check the number."),
        ("2024-01-05,10,inf,9,10,1", "High", "“inf” is not a price as expected here, such as 12.34."),
        ("2024-01-05,10,9,11,10,1", "High", "The high, 9, is below the low, 11."),
        ("2024-01-05,10,11,9,12,1", "Close", "The close, 12, lies outside low 9 to high 11."),
        ("2024-01-05,8,11,9,10,1", "Open", "The open, 8, lies outside low 9 to high 11."),
        (
            "2024-01-05,10,11,9,10,-1",
            "Volume",
            "“-1” is no volume; a count of shares, zero or above, is expected.",
        ),
        (
            "2024-01-05,=1+1,11,9,10,1",
            "Open",
            "“=1+1” is a formula; save the file with values in place of formulas.",
        ),
        (
            "2024-01-05,10,11,9,+cmd|' /C calc'!A0,1",
            "Close",
            "“+cmd|' /C calc'!A0” is a formula; save the file with values in place of formulas.",
        ),
        (
            "2024-01-05,10,11,9,10,@SUM(A1)",
            "Volume",
            "“@SUM(A1)” is a formula; save the file with values in place of formulas.",
        ),
        ("2024-01-05,10,11,9,10,1,7", None, "The row has 7 cells where the header has 6. If its numbers have "
         "decimal commas, save it with semicolons."),
        ('2024-01-05,10,"11,9,10,1', None, "A quotation mark is opened and not closed in this row."),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_and_the_others_are_read(row: str, column: str | None, message: str) -> None:
    answer = reading(PLAIN + row + "\n")

    assert problems_of(answer) == [(5, column, message)]
    assert bars_of(answer) == PLAIN_BARS


def test_problems_come_by_rising_row_with_all_of_a_row() -> None:
    answer = reading(PLAIN.replace("10.5,12", "x,y") + 'z,1,1,1,1,1\n2024-01-08,"1,1,1,1\n')

    assert [(row, column) for row, column, _ in problems_of(answer)] == [
        (3, "Open"),
        (3, "High"),
        (5, "Date"),
        (6, None),
    ]


def test_rows_are_counted_with_empty_lines_and_lines_before_the_header() -> None:
    answer = reading(
        "Prices of ACME\n\n" + PLAIN.replace("10.5,12", "x,12").replace("2024-01-03", "\n2024-01-03")
    )

    assert [problem[0] for problem in problems_of(answer)] == [6]


def test_of_very_many_problems_the_rest_is_counted() -> None:
    bad = "".join(f"x{row},1,1,1,1,1\n" for row in range(MAX_PROBLEMS + 5))

    answer = reading(PLAIN + bad)

    assert len(answer.problems) == MAX_PROBLEMS + 1
    assert problems_of(answer)[-1] == (None, None, "And 5 more problems.")


def test_what_cannot_be_printed_and_what_is_long_is_shown_shortened() -> None:
    answer = reading(PLAIN + f"2024-01-05,{'9x' * 50},11,9,\u202e1,1\n")

    assert problems_of(answer)[0][2].startswith(f"“{'9x' * 20}…” is not a price")
    assert problems_of(answer)[1][2].startswith("“·1” is not a price")
