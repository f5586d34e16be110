"""A panel file, batch by batch as arrays: Parquet, or CSV with a header.

The whole file is never in memory, and pandas only helps with numbers and dates that Arrow cannot read.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasts.errors import RequestRefused
from forecasts.models import BAR_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

BATCH_ROWS = 65_536
BLOCK_BYTES = 4 * 2**20
FAULTS_NAMED = 20
# What files call the columns, in lower case without spaces, underscores and dots.
NAMES = {
    "date": ("date", "day", "session", "timestamp", "datetime"),
    "symbol": ("symbol", "ticker", "instrument", "code"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "adj_close": ("adjclose", "adjustedclose", "closeadj"),
    "volume": ("volume", "vol"),
}
OPTIONAL = "adj_close"
PRICES = BAR_COLUMNS[:-1]
NO_SYMBOL = -1


@dataclass(frozen=True)
class Batch:
    """Some rows of a panel, one after the other in the file.

    `numbers` (row,) are the symbols' places in `Panel.symbols`, or NO_SYMBOL; `days` (row,) datetime64[D],
    NaT where there is no date; `prices` (column, row) float64 in the order of BAR_COLUMNS, NaN where there is
    no number, except that a volume is infinite where there is something that is none.
    """

    first_row: int
    numbers: NDArray[np.int32]
    days: NDArray[np.datetime64]
    prices: NDArray[np.float64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """The places of the rows in the file, counted from 1."""
        return np.arange(self.first_row, self.first_row + len(self.numbers), dtype=np.int64)


class Panel:
    """A panel file; `symbols` grows while its batches are read, `total` is unknown for CSV.

    Symbols are upper-cased, and get the prefix of their source where the file leaves it out. `ragged` are the
    first rows with too many or too few fields, with what they have; `ragged_count` says how many there are.
    """

    def __init__(self, path: Path, prefix: str = "") -> None:
        self.path, self.prefix = path, prefix
        self.symbols: list[str] = []
        self.ragged: list[tuple[int, str]] = []
        self.total: int | None = None
        self._ragged_places = array("q")
        self._numbers: dict[str, int] = {}
        with self._readable():
            self._is_parquet = _is_parquet(path)
            names = self._parquet_head() if self._is_parquet else self._csv_head()
        self._columns = _columns(path.name, names)

    def batches(self) -> Iterator[Batch]:
        """Read the file from its beginning; raises RequestRefused where it cannot be read on."""
        first_row = 1
        with self._readable():
            for record in self._parquet_records() if self._is_parquet else self._csv_records():
                yield self._batch(first_row, record)
                first_row += record.num_rows

    @property
    def ragged_count(self) -> int:
        return len(self._ragged_places)

    def row_in_file(self, row: int) -> int:
        """Return the place of a row in the file, those counted that have too many or too few fields."""
        places = self._ragged_places
        return row + bisect_left(range(len(places)), row, key=lambda nth: places[nth] - nth - 1)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            kind = "Parquet" if getattr(self, "_is_parquet", False) else "Parquet or CSV"
            reason = str(error).splitlines()[0].rstrip(".")
            raise RequestRefused(f"{self.path} cannot be read as {kind}: {reason}.") from error

    # Parquet --------------------------------------------------------------------------------------------

    def _parquet_head(self) -> list[str]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            self.total = int(file.metadata.num_rows)
            return list(file.schema_arrow.names)

    def _parquet_records(self) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path, buffer_size=BLOCK_BYTES) as file:
            yield from file.iter_batches(BATCH_ROWS, columns=list(self._columns.values()), use_threads=False)

    # CSV ------------------------------------------------------------------------------------------------

    def _csv_head(self) -> list[str]:
        import pyarrow as pa

        with pa.input_stream(self.path) as stream:  # unpacks .gz and the like by their names
            header = stream.read(65_536).decode("utf-8-sig", errors="ignore").split("\n", 1)[0].rstrip("\r")
        self._delimiter = max(",;\t", key=header.count)
        return [name.strip().strip('"') for name in header.split(self._delimiter)]

    def _csv_records(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        from pyarrow import csv

        self.ragged.clear()
        self._ragged_places = array("q")
        # Read as text: one value that is none must cost its row, not the file.
        types = dict.fromkeys(self._columns.values(), pa.string())
        with (
            pa.input_stream(self.path) as stream,
            csv.open_csv(
                stream,
                csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                csv.ParseOptions(delimiter=self._delimiter, invalid_row_handler=self._skip_ragged),
                csv.ConvertOptions(column_types=types, include_columns=list(types)),
            ) as reader,
        ):
            yield from reader

    def _skip_ragged(self, row: Any) -> str:
        place = (row.number or 1) - 1  # the header is a row for Arrow
        self._ragged_places.append(place)
        if len(self.ragged) < FAULTS_NAMED:
            self.ragged.append(
                (place, f"{row.actual_columns} fields where there should be {row.expected_columns}")
            )
        return "skip"

    # Arrays ---------------------------------------------------------------------------------------------

    def _batch(self, first_row: int, record: pa.RecordBatch) -> Batch:
        columns = {name: record.column(theirs) for name, theirs in self._columns.items()}
        columns.setdefault(OPTIONAL, columns["close"])
        return Batch(
            first_row,
            self._symbol_numbers(columns["symbol"]),
            _days(columns["date"]),
            np.vstack([*(_floats(columns[name]) for name in PRICES), _volumes(columns["volume"])]),
        )

    def _symbol_numbers(self, column: pa.Array) -> NDArray[np.int32]:
        import pyarrow as pa

        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        known = [self._number(value) for value in encoded.dictionary.to_pylist()]
        numbers: NDArray[np.int32] = np.array([*known, NO_SYMBOL], dtype=np.int32)
        places = encoded.indices.cast("int64").fill_null(len(known))
        return numbers[np.asarray(places.to_numpy(zero_copy_only=False), dtype=np.int64)]

    def _number(self, value: object) -> int:
        bare = str(value).strip().upper() if value is not None else ""
        if not bare:
            return NO_SYMBOL
        symbol = self.prefix + bare.removeprefix(self.prefix)
        if symbol not in self._numbers:
            self._numbers[symbol] = len(self.symbols)
            self.symbols.append(symbol)
        return self._numbers[symbol]


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    if not is_parquet and path.suffix.lower() in (".parquet", ".pq"):
        raise OSError("it does not begin as Parquet does")
    return is_parquet


def _columns(file: str, names: list[str]) -> dict[str, str]:
    """Return what the file calls each of our columns."""
    theirs = {name.lower().translate(str.maketrans("", "", " _.")): name for name in reversed(names)}
    found = {
        ours: theirs[known]
        for ours, spellings in NAMES.items()
        for known in spellings[::-1]
        if known in theirs
    }
    if lacking := [name for name in NAMES if name not in found and name != OPTIONAL]:
        raise RequestRefused(
            f"{file} lacks the column{'s'[: len(lacking) > 1]} {', '.join(lacking)}. A panel has "
            f"{', '.join(NAMES)}; {OPTIONAL} may be missing."
        )
    return found


def _floats(column: pa.Array) -> NDArray[np.float64]:
    """Return float64, NaN where there is no number."""
    import pyarrow as pa

    try:
        values = column.cast(pa.float64(), safe=False)
    except pa.ArrowException:
        import pandas as pd

        return np.asarray(pd.to_numeric(column.to_pandas(), errors="coerce"), dtype=np.float64)
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _volumes(column: pa.Array) -> NDArray[np.float64]:
    """Return float64, NaN where nothing stands, and infinity where something does that is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _floats(column)
    if pa.types.is_string(column.type) and np.isnan(values).any():
        is_none = pc.is_in(
            pc.utf8_lower(pc.utf8_trim_whitespace(column)), pa.array(["", "nan", None], pa.string())
        )
        unreadable = np.isnan(values) & ~np.asarray(is_none.to_numpy(zero_copy_only=False), dtype=np.bool_)
        values = values.copy()
        values[unreadable] = np.inf
    return values


def _days(column: pa.Array) -> NDArray[np.datetime64]:
    """Return datetime64[D], NaT where there is no date; a time counts on the day it is written with."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = pc.local_timestamp(column)
    try:
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            raise pa.ArrowInvalid("a number is no date")
        days = column.cast(pa.date32(), safe=False)
    except pa.ArrowException:
        import pandas as pd

        texts = column.cast(pa.string()).to_pandas().str.slice(0, 10)
        return np.asarray(pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce"), dtype="datetime64[D]")
    return np.asarray(days.to_numpy(zero_copy_only=False), dtype="datetime64[D]")
