"""Small panel files for the tests of the import."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from forecasts.importing import Outcome, Wish, import_panel
from tests.factories import weekdays_until

HEADER = "date,symbol,open,high,low,close,adj_close,volume"
LAST_DAY = date(2020, 12, 31)


def row(symbol: str, day: date | str, close: float, adjusted: float | None = None) -> str:
    """Return a bar that is possible, with a volume of 1000."""
    adj_close = close if adjusted is None else adjusted
    return f"{day},{symbol},{close},{close * 1.5},{close * 0.5},{close},{adj_close},1000"


def history(symbol: str, count: int = 30, scale: float = 1.0, last: date = LAST_DAY) -> list[str]:
    """Return the rows of `count` weekdays up to `last`: closes of 100, 101, … times `scale`."""
    days = weekdays_until(last, count)
    return [row(symbol, day, (100 + place) * scale) for place, day in enumerate(days)]


def imported(path: Path, **wish: Any) -> Outcome:
    """Import a file of Yahoo's prices, and hear nothing of its progress."""
    return import_panel(Wish(path, "yahoo", **wish), lambda _phase, _done, _total: None)


def write_csv(path: Path, rows: Iterable[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def write_parquet(path: Path, rows: Sequence[str], row_group_size: int = 7) -> Path:
    """Write the same rows with types of their own."""
    import pyarrow.csv
    import pyarrow.parquet

    table = pyarrow.csv.read_csv(write_csv(path.with_suffix(".csv"), rows))
    pyarrow.parquet.write_table(table, path, row_group_size=row_group_size)
    return path
