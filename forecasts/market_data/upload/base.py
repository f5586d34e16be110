"""What reading an uploaded file is given and answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from forecasts.market_data.base import Action

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 100
# More problems than these are counted, not named.
MAX_PROBLEMS = 1000

DateOrder = Literal["ymd", "dmy", "mdy"]
Decimal = Literal[".", ","]


@dataclass(frozen=True)
class Options:
    """What the owner says of the file; None: find out."""

    date_order: DateOrder | None = None
    decimal: Decimal | None = None
    calendar: str | None = None
    currency: str | None = None
    skip_bad_rows: bool = False


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row, which is counted as a spreadsheet does (the header is 1); None: the file."""

    row: int | None
    column: str | None
    message: str


class Unreadable(Exception):
    """The file cannot be read; `message` says why and what to do.

    `option` names the one of Options that would settle it.
    """

    def __init__(self, message: str, *, option: str | None = None) -> None:
        super().__init__(message)
        self.message, self.option = message, option


@dataclass(frozen=True)
class Table:
    """A file's cells as text, before anything is made of them.

    `cells` are the columns that matter, by their position among `names`, each as long as `numbers`: the
    rows' numbers as a spreadsheet counts them. `problems` name rows that are not here.
    """

    names: list[str]
    cells: dict[int, list[str]]
    numbers: list[int]
    problems: list[Problem]
    delimiter: str | None
    encoding: str | None

    def column(self, index: int) -> list[str]:
        return self.cells[index]


@dataclass(frozen=True)
class Reading:
    """What a file says.

    `bars` are as `History.bars`: rising days, open, high, low, close, adj_close and volume, adjusted for
    splits; the good rows only. `problems` holds MAX_PROBLEMS at most, and then a last one that counts the
    rest. `notes` say what was understood. `missing_sessions` lack between the first and the last bar.
    """

    bars: pd.DataFrame
    actions: list[Action]
    problems: list[Problem]
    notes: list[str]
    format: str
    date_order: str
    decimal: str
    delimiter: str | None
    encoding: str | None
    calendar: str
    calendar_guessed: bool
    missing_sessions: list[date]


def too_many_rows(count: int) -> Unreadable:
    return Unreadable(
        f"The file has {count:,} rows; {MAX_ROWS:,} are the most. 100 years of daily prices have about "
        "25,000: upload one instrument, one row a day."
    )


def shown(cell: str) -> str:
    """Quote a cell for a message: short, and without what cannot be printed."""
    printable = "".join(character if character.isprintable() else "·" for character in cell[:41])
    return f"“{printable[:40]}…”" if len(cell) > 40 else f"“{printable}”"


def listed(words: list[str], last: str = "and") -> str:
    """Return "a, b and c"."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def some(words: list[str]) -> str:
    """Return the first few, and that there are more."""
    return ", ".join([*words[:5], *(["…"] if len(words) > 5 else [])])
