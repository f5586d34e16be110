"""A table whose columns, days and numbers are understood, and what is wrong with its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forecasts.market_data.cleaning import PRICES
from forecasts.market_data.upload import columns
from forecasts.market_data.upload.actions import event_in
from forecasts.market_data.upload.base import Options, Table, Unreadable, some
from forecasts.market_data.upload.checking import (
    Finding,
    date_findings,
    event_findings,
    price_findings,
    shape_findings,
    split_findings,
    too_few,
    volume_findings,
)
from forecasts.market_data.upload.dates import Dates, read_dates
from forecasts.market_data.upload.numbers import find_decimal, is_said_nothing, to_numbers, to_ratios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from forecasts.market_data.upload.base import Decimal

EVENTS = ("split", "dividend")
CHECKS: dict[str, Callable[[str, pd.Series[str], NDArray[np.float64]], Iterator[Finding]]] = {
    **dict.fromkeys(PRICES, price_findings),
    "volume": volume_findings,
    "dividend": event_findings,
    "split": split_findings,
}


@dataclass(frozen=True)
class Sheet:
    """`cells` and `values` have an entry for each column that is used, by role, with a row's each.

    `events` are lines between the days: a date's cell, kind and value.
    """

    table: Table
    roles: dict[str, int]
    dates: Dates
    cells: dict[str, pd.Series[str]]
    values: dict[str, NDArray[np.float64]]
    decimal: Decimal
    events: list[tuple[str, str, float]]
    notes: list[str]

    def name(self, role: str) -> str:
        return self.table.names[self.roles[role]]


def understand(table: Table, options: Options) -> Sheet:
    """Raises Unreadable where columns lack, or dates or numbers can be read in two ways."""
    import pandas as pd

    roles = columns.match(table.names)
    _demand_one_symbol(table, roles)
    table, lines = _without_events(table, roles)
    table, notes = _without_empty_days(table, roles)
    if not table.numbers:
        raise too_few(0, table.problems)
    dates = read_dates(table.column(roles["date"]), options.date_order)
    cells = {
        role: pd.Series(table.column(roles[role]), dtype="str")
        for role in (*PRICES, "volume", *EVENTS)
        if role in roles
    }
    prices = pd.concat([cells[role] for role in PRICES if role in cells], ignore_index=True)
    decimal = find_decimal(prices, table.delimiter, options.decimal)
    values = {role: _values(role, texts, decimal) for role, texts in cells.items()}
    events = [(day, *event) for day, line in lines if (event := event_in(line, decimal))]
    return Sheet(table, roles, dates, cells, values, decimal, events, notes)


def findings(sheet: Sheet, latest: date) -> Iterator[Finding]:
    """Yield every fault of every row; `latest` is the last day that is not in the future."""
    dates = sheet.table.column(sheet.roles["date"])
    yield from date_findings(sheet.name("date"), dates, sheet.dates, sheet.table.numbers, latest)
    for role, texts in sheet.cells.items():
        yield from CHECKS[role](sheet.name(role), texts, sheet.values[role])
    yield from shape_findings(sheet.values, {role: sheet.name(role) for role in columns.NEEDED})


def _values(role: str, texts: pd.Series[str], decimal: Decimal) -> NDArray[np.float64]:
    if role == "split":
        return to_ratios(texts, decimal)
    return to_numbers(texts, decimal, with_suffix=role == "volume")


def _demand_one_symbol(table: Table, roles: dict[str, int]) -> None:
    if "symbol" not in roles:
        return
    symbols = sorted({symbol for symbol in table.column(roles["symbol"]) if symbol})
    if len(symbols) > 1:
        raise Unreadable(
            f"The file holds {len(symbols):,} symbols: {some(symbols)}. Upload the prices of one, or ask the "
            "operator of this site for import_prices, which takes many."
        )


def _without_events(table: Table, roles: dict[str, int]) -> tuple[Table, list[tuple[str, str]]]:
    """Take out the lines that tell a dividend or split, each as its date's cell and what stands beside."""
    beside = roles["date"] + 1
    if beside == len(table.names):
        return table, []
    dates, lines = table.column(roles["date"]), table.column(beside)
    events = {at: cell for at, cell in enumerate(lines) if cell[-1:].isalpha() and event_in(cell)}
    if not events:
        return table, []
    kept = [at for at in range(len(lines)) if at not in events]
    return _only(table, kept), [(dates[at], cell) for at, cell in events.items()]


def _without_empty_days(table: Table, roles: dict[str, int]) -> tuple[Table, list[str]]:
    """Take out days on which a source says that it has no price, by "null" and the like in all cells."""
    prices = zip(*(table.column(roles[role]) for role in columns.NEEDED[1:]), strict=True)
    said = {at for at, cells in enumerate(prices) if all(map(is_said_nothing, cells))}
    if not said:
        return table, []
    rows = some([f"{table.numbers[at]:,}" for at in sorted(said)])
    kept = [at for at in range(len(table.numbers)) if at not in said]
    return _only(table, kept), [f"Rows that say that there is no price are left out: {rows}."]


def _only(table: Table, kept: list[int]) -> Table:
    cells = {at: [column[row] for row in kept] for at, column in table.cells.items()}
    return replace(table, cells=cells, numbers=[table.numbers[row] for row in kept])
