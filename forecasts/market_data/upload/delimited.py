"""From the bytes of a delimited text file to a table of cells."""

from __future__ import annotations

import csv
import re

from forecasts.market_data.upload import columns
from forecasts.market_data.upload.base import (
    MAX_COLUMNS,
    MAX_ROWS,
    Problem,
    Table,
    Unreadable,
    shown,
    too_many_rows,
)
from forecasts.market_data.upload.encodings import decode, refuse_other_formats

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SEPARATOR_LINE = re.compile(r"""["']?sep=(?P<delimiter>[,;\t|])["']?""", re.IGNORECASE)
# A line of prices takes about a hundred characters.
MAX_LINE = 20_000
# Some sources write a few lines about the instrument before the header.
LINES_BEFORE_HEADER = 20
# A header is a line with at least so many known names; fewer are found in prose.
FEWEST_KNOWN = 2


def read_table(content: bytes) -> Table:
    """Return the cells below the header; raises Unreadable."""
    refuse_other_formats(content)
    text, encoding = decode(content)
    lines, forced = _without_separator_line(_lines(text))
    at, delimiter, names = _header(lines, forced)
    matter = columns.positions(columns.match(names), len(names))
    cells, numbers, problems = _rows(lines, at, delimiter, len(names), matter)
    return Table(names, cells, numbers, problems, delimiter, encoding)


def _lines(text: str) -> list[str]:
    """Split into lines; empty ones at the end go, also those that a spreadsheet fills with delimiters.

    They are counted first: each takes far more memory as a text of its own.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n\t ,;|")
    count = text.count("\n") + 1
    if count > MAX_ROWS + LINES_BEFORE_HEADER:
        raise too_many_rows(count)
    lines = text.split("\n")
    longest = max(range(len(lines)), key=lambda at: len(lines[at]))
    if len(lines[longest]) > MAX_LINE:
        raise Unreadable(
            f"Line {longest + 1} is {len(lines[longest]):,} characters long. A price file has a line a day, "
            "with a date and a few numbers."
        )
    return lines


def _without_separator_line(lines: list[str]) -> tuple[list[str], str | None]:
    """Take off the line `sep=;` that tells Excel the delimiter; Excel itself does not count it as a row."""
    told = SEPARATOR_LINE.fullmatch(lines[0].strip(" "))
    return (lines[1:], told["delimiter"]) if told else (lines, None)


def _header(lines: list[str], forced: str | None) -> tuple[int, str, list[str]]:
    """Return where the header is, the delimiter that gives most known names there, and the names."""
    delimiters = (forced,) if forced else DELIMITERS
    tried = [
        (columns.count_known(cells), -at, delimiter, cells)
        for at, line in enumerate(lines[:LINES_BEFORE_HEADER])
        for delimiter in delimiters
        if len(cells := _cells(line, delimiter)) <= MAX_COLUMNS
    ]
    known, at, delimiter, names = max(tried, key=lambda each: each[:2], default=(0, 0, ",", []))
    if known < FEWEST_KNOWN:
        first = next((line for line in lines if line.strip()), "")
        raise Unreadable(
            f"No line names the columns. The first should be such as {columns.EXAMPLE}; it is {shown(first)}."
        )
    return -at, delimiter, [name.strip() for name in names]


def _cells(line: str, delimiter: str) -> list[str]:
    """Split one line; a quotation mark that is never closed ends with the line."""
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def _rows(
    lines: list[str], header: int, delimiter: str, width: int, matter: list[int]
) -> tuple[dict[int, list[str]], list[int], list[Problem]]:
    """Return the columns that matter, of rows of `width` cells, their numbers, and the others' problems."""
    kept: dict[int, list[str]] = {at: [] for at in matter}
    numbers, problems = [], []
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        cells = _cells(line, delimiter) if '"' in line else line.split(delimiter)
        if not any(cells):
            continue
        if len(cells) < width:
            cells += [""] * (width - len(cells))
        if line.count('"') % 2:
            problems.append(Problem(number, None, "A quotation mark is opened and not closed in this row."))
        elif any(cells[width:]):
            problems.append(Problem(number, None, _too_wide(cells, width, delimiter)))
        else:
            for at, column in kept.items():
                column.append(cells[at].strip())
            numbers.append(number)
    if len(numbers) > MAX_ROWS:
        raise too_many_rows(len(numbers))
    return kept, numbers, problems


def _too_wide(cells: list[str], width: int, delimiter: str) -> str:
    advice = " If its numbers have decimal commas, save it with semicolons." if delimiter == "," else ""
    return f"The row has {len(cells)} cells where the header has {width}.{advice}"
