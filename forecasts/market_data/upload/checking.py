"""What is wrong with the rows of a file: found for all rows at once, said for each by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecasts.market_data.cleaning import SLOPPY
from forecasts.market_data.upload.base import MAX_PROBLEMS, Problem, Unreadable, shown
from forecasts.market_data.upload.numbers import is_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from forecasts.market_data.upload.base import Table
    from forecasts.market_data.upload.dates import Dates

FIRST_DAY = "1900-01-01"
# Beyond these no currency has quoted anything; they also keep later arithmetic finite.
LOWEST_PRICE, HIGHEST_PRICE = 1e-9, 1e12
HIGHEST_VOLUME = 1e18
BODY = ("open", "high", "low", "close")
FEWEST_ROWS = 2
PLAIN_EXAMPLE = "12.34"
FORMULA_SIGNS = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Finding:
    """A fault and the positions of the rows that have it; `sentence` says it for one of them."""

    wrong: NDArray[np.bool_]
    column: str | None
    sentence: Callable[[int], str]


def problems_of(findings: list[Finding], table: Table) -> list[Problem]:
    """Name the faults by rising row, also of rows that are none: MAX_PROBLEMS, then the count of the rest."""
    import numpy as np

    named = list(table.problems)
    for found in findings:
        wrong = np.flatnonzero(found.wrong)[:MAX_PROBLEMS]
        named += [Problem(table.numbers[at], found.column, found.sentence(int(at))) for at in wrong]
    named = sorted(named, key=lambda problem: problem.row or 0)[:MAX_PROBLEMS]
    count = len(table.problems) + sum(int(np.count_nonzero(found.wrong)) for found in findings)
    if count > MAX_PROBLEMS:
        named.append(Problem(None, None, f"And {count - MAX_PROBLEMS:,} more problems."))
    return named


def too_few(count: int, problems: list[Problem]) -> Unreadable:
    """Say that too few rows are good, and what is wrong with the first that is not."""
    usable = "No row" if count == 0 else "Only one row"
    if not problems:
        return Unreadable(f"{usable} of prices is in the file; {FEWEST_ROWS} are the fewest.")
    first = problems[0]
    where = ", ".join(filter(None, [f"Row {first.row:,}", first.column]))
    return Unreadable(
        f"{usable} of the file can be used; {FEWEST_ROWS} are the fewest. {where}: {first.message}"
    )


def date_findings(
    column: str, cells: list[str], dates: Dates, numbers: list[int], latest: date
) -> Iterator[Finding]:
    """Yield unreadable, too old, future and repeated dates; of repeated ones the first counts."""
    import numpy as np
    import pandas as pd

    days = dates.days
    unreadable = np.isnat(days)
    yield Finding(unreadable, column, lambda at: _not_readable(cells[at], "date", dates.expected))
    yield Finding(
        days < np.datetime64(FIRST_DAY),
        column,
        lambda at: f"{shown(cells[at])} is before 1900; check the year.",
    )
    yield Finding(
        days > np.datetime64(latest),
        column,
        lambda at: f"{shown(cells[at])} lies in the future; prices are of days gone by.",
    )
    first = pd.Series(np.arange(len(days))).groupby(pd.Series(days)).transform("first")
    yield Finding(
        pd.Series(days).duplicated().to_numpy() & ~unreadable,
        column,
        lambda at: f"{shown(cells[at])} stands in row {numbers[int(first[at])]} already; a day has one row.",
    )


def price_findings(column: str, cells: pd.Series[str], values: NDArray[np.float64]) -> Iterator[Finding]:
    """Yield cells that hold no positive, finite price."""
    import numpy as np

    def at(position: int) -> str:
        return shown(cells.iloc[position])

    yield from _number_findings(column, cells, values, "price", may_be_empty=False)
    yield Finding(values <= 0, column, lambda row: f"{at(row)} is no price; prices are above zero.")
    yield Finding(
        (values > HIGHEST_PRICE) | ((values > 0) & (values < LOWEST_PRICE)),
        column,
        lambda row: f"{at(row)} is no price that a market quotes; check the number.",
    )
    yield Finding(np.isinf(values) & (values < 0), column, lambda row: f"{at(row)} is no finite number.")


def volume_findings(column: str, cells: pd.Series[str], values: NDArray[np.float64]) -> Iterator[Finding]:
    """Yield cells that hold no volume; empty ones are zero."""
    yield from _number_findings(column, cells, values, "number of shares", may_be_empty=True)
    yield Finding(
        (values < 0) | (values > HIGHEST_VOLUME),
        column,
        lambda at: f"{shown(cells.iloc[at])} is no volume; a count of shares, zero or above, is expected.",
    )


def split_findings(column: str, cells: pd.Series[str], values: NDArray[np.float64]) -> Iterator[Finding]:
    """Yield cells that hold neither a split nor nothing."""
    yield from event_findings(column, cells, values, example="4 or 4:1")


def event_findings(
    column: str, cells: pd.Series[str], values: NDArray[np.float64], *, example: str = PLAIN_EXAMPLE
) -> Iterator[Finding]:
    """Yield cells that hold neither a dividend nor nothing."""
    yield from _number_findings(column, cells, values, "number", may_be_empty=True, example=example)
    yield Finding(
        (values < 0) | (values > HIGHEST_PRICE),
        column,
        lambda at: f"{shown(cells.iloc[at])} is out of range; a number, zero or above, is expected.",
    )


def shape_findings(values: dict[str, NDArray[np.float64]], names: dict[str, str]) -> Iterator[Finding]:
    """Yield rows whose prices contradict each other by more than the sloppiness that is mended."""
    import numpy as np

    high, low = values["high"], values["low"]
    are_prices = np.all([np.isfinite(values[role]) & (values[role] > 0) for role in BODY], axis=0)
    yield Finding(
        are_prices & (high < low),
        names["high"],
        lambda at: f"The high, {high[at]:g}, is below the low, {low[at]:g}.",
    )
    in_order = are_prices & (high >= low)
    for role in ("open", "close"):
        price = values[role]
        outside = (price > high * (1 + SLOPPY)) | (price < low * (1 - SLOPPY))
        yield Finding(
            outside & in_order,
            names[role],
            lambda at, role=role, price=price: (  # type: ignore[misc]
                f"The {role}, {price[at]:g}, lies outside low {low[at]:g} to high {high[at]:g}."
            ),
        )


def _number_findings(
    column: str,
    cells: pd.Series[str],
    values: NDArray[np.float64],
    what: str,
    *,
    may_be_empty: bool,
    example: str = PLAIN_EXAMPLE,
) -> Iterator[Finding]:
    import numpy as np

    unread = np.isnan(values)
    empty = unread.copy()
    empty[unread] = is_nothing(cells[unread])
    if not may_be_empty:
        yield Finding(empty, column, lambda _at: f"The cell is empty; a {what} is expected.")
    yield Finding(unread & ~empty, column, lambda at: _not_readable(cells.iloc[at], what, example))


def _not_readable(cell: str, what: str, example: str) -> str:
    if not cell:
        return f"The cell is empty; a {what} is expected."
    if cell.startswith(FORMULA_SIGNS):
        return f"{shown(cell)} is a formula; save the file with values in place of formulas."
    return f"{shown(cell)} is not a {what} as expected here, such as {example}."
