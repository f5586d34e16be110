"""Lines and cells of text files, well and badly formed."""

import tracemalloc

import pytest

from forecasts.market_data.upload import MAX_ROWS
from forecasts.market_data.upload.delimited import read_table
from tests.forecasts.market_data.upload.files import (
    HEADER,
    PLAIN,
    PLAIN_BARS,
    ROWS,
    bars_of,
    problems_of,
    reading,
    refusal,
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(delimiter: str, end: str) -> None:
    answer = reading(PLAIN.replace(",", delimiter).replace("\n", end))

    assert bars_of(answer) == PLAIN_BARS
    assert answer.delimiter == delimiter


@pytest.mark.parametrize(
    "text",
    [
        "sep=,\n" + PLAIN,
        PLAIN + "\n\n,,,,,\n ,\n",
        PLAIN + "\x1a",
        "ACME Inc.\nprices in dollars, daily\n" + PLAIN,
        PLAIN.replace("10.5", '"10.5"').replace("Date", '"Date"'),
        PLAIN.replace(",", " , "),
        PLAIN.replace("\n", ",\n"),
        PLAIN.upper(),
    ],
)
def test_harmless_ornaments_are_read_over(text: str) -> None:
    answer = reading(text)

    assert bars_of(answer) == PLAIN_BARS
    assert problems_of(answer) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ROWS, "No line names the columns. The first should be such as Date,Open,High,Low,Close,Volume; it"),
        ("one\ntwo\n", "No line names the columns."),
        (HEADER + "x" * 30_000, "Line 2 is 30,000 characters long."),
        ('"' + "x" * 2_000_000, "Line 1 is 2,000,001 characters long."),
        (HEADER + "1\n" * (MAX_ROWS + 1), "The file has 200,001 rows; 200,000 are the most."),
        (HEADER + "\n" * 3_000_000 + "x", "The file has 3,000,002 rows; 200,000 are the most."),
        ("x," * 200 + HEADER, "No line names the columns."),
    ],
)  # fmt: skip
def test_what_cannot_be_a_price_file_is_refused(text: str, said: str) -> None:
    assert refusal(text).message.startswith(said)


def test_short_rows_have_empty_cells() -> None:
    answer = reading(PLAIN + "2024-01-05,10\n")

    assert [(row, column) for row, column, _ in problems_of(answer)] == [
        (5, "High"),
        (5, "Low"),
        (5, "Close"),
    ]


def test_columns_that_are_not_used_are_not_kept() -> None:
    wide = "Date,Open,High,Low,Close,Volume,Note,Comment\n2024-01-02,10,11,9,10.5,100,a,b\n"

    table = read_table(wide.encode())

    assert sorted(table.cells) == [0, 1, 2, 3, 4, 5]
    assert table.column(5) == ["100"]


@pytest.mark.parametrize("line", ["ab", "1", ""])
def test_too_many_lines_are_counted_before_they_are_split(line: str) -> None:
    content = (HEADER + f"{line}\n" * 5_000_000 + "x").encode()
    tracemalloc.start()

    try:
        message = refusal(content).message
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert message.startswith("The file has 5,000,002 rows")
    assert peak < 6 * len(content)
