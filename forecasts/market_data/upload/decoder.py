"""The process that decodes one Parquet file: from standard input to columns of text, as lines of JSON.

What the file claims about itself is checked before any of it is unpacked; where it lies, the limits of the
process stop it. Strings are read as dictionaries, for a few bytes of them can stand for gigabytes.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from forecasts.market_data.upload.base import MAX_COLUMNS, MAX_ROWS, Unreadable, shown, too_many_rows
from forecasts.market_data.upload.columns import match, positions

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import FileMetaData

MAX_MEMORY = 1024**3
MAX_CPU_SECONDS = 20
# 200,000 rows of 100 numbers take 160 MB.
MAX_UNPACKED = 200 * 1024 * 1024
# Longer texts are no date and no number; this much is enough to say what they are.
MAX_TEXT = 40
MAX_NAME = 200
MISSING = "null"
UTC_NAMES = ("UTC", "Etc/UTC", "GMT", "+00:00", "Z")
DAMAGED = "The Parquet file is damaged and cannot be read. Export it again, or as CSV."


def main() -> None:
    """Limit this process, read, and answer with names and rows, or with why not."""
    _limit_process()
    content = sys.stdin.buffer.read()
    try:
        decoded = decode(content)
    except Unreadable as error:
        _say({"unreadable": error.message})
        return
    _say({"names": decoded.names, "rows": decoded.rows})
    for at, column in decoded.columns.items():
        _say({"at": at, "words": column.words, "places": column.places})


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")


class Column(NamedTuple):
    """Texts, and for each row the place of its own among them; without places each row has the next."""

    words: list[str]
    places: list[int] | None


class Decoded(NamedTuple):
    """The names of all columns, and those columns that matter, by position."""

    names: list[str]
    rows: int
    columns: dict[int, Column]


def decode(content: bytes) -> Decoded:
    """Return what a Parquet file holds; raises Unreadable, and MemoryError within a limited process."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            _demand_moderate(file.metadata)
            schema = file.schema_arrow
        names = [name[:MAX_NAME] for name in schema.names]
        roles = match(names)
        matter = [schema.names[at] for at in roles.values()]
        texts = [name for name in matter if _is_text(schema.field(name))]
        with pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts) as file:
            table = file.read(columns=matter, use_threads=False)
        columns = {at: _column(table.column(schema.names[at])) for at in roles.values()}
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise Unreadable(DAMAGED) from error
    for at in positions(roles, len(names)):
        columns.setdefault(at, Column([""], [0] * table.num_rows))
    return Decoded(names, table.num_rows, columns)


def _demand_moderate(metadata: FileMetaData) -> None:
    """Refuse what is too much by its own account."""
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    if rows > MAX_ROWS:
        raise too_many_rows(rows)
    if metadata.num_columns > MAX_COLUMNS:
        raise Unreadable(f"The file has {metadata.num_columns:,} columns; {MAX_COLUMNS} are the most.")
    if sum(group.total_byte_size for group in groups) > MAX_UNPACKED:
        raise Unreadable(
            f"The file unpacks to more than {MAX_UNPACKED // 1024**2} MB. Upload one instrument at a time."
        )


def _is_text(field: pa.Field) -> bool:
    """Whether a column holds text; raises Unreadable for what is neither text nor number nor date."""
    from pyarrow import types

    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    if types.is_string(kind) or types.is_large_string(kind):
        return True
    if types.is_primitive(kind) or types.is_decimal(kind) or types.is_null(kind):
        return False
    raise Unreadable(
        f"The column {shown(field.name)} holds {shown(str(kind))}; dates and numbers are expected."
    )


def _column(column: pa.ChunkedArray) -> Column:
    """Return a column as a CSV file would have it; what is missing, and no number, is null."""
    from pyarrow import types

    if types.is_timestamp(column.type):
        return Column(_moments(column), None)
    if types.is_dictionary(column.type):
        return _from_dictionaries(column)
    return Column([MISSING if value is None else str(value) for value in column.to_pylist()], None)


def _from_dictionaries(column: pa.ChunkedArray) -> Column:
    """Return the words that rows have, each once as far as a chunk goes, cut to MAX_TEXT."""
    import pyarrow.compute as pc

    words, places = [MISSING], []
    for chunk in column.chunks:
        used = pc.unique(chunk.indices).drop_null()
        place_of = {None: 0, **{index: len(words) + at for at, index in enumerate(used.to_pylist())}}
        longest = pc.utf8_slice_codeunits(chunk.dictionary.take(used), 0, MAX_TEXT + 1)
        words += [_cut(word) for word in longest.to_pylist()]
        places += [place_of[index] for index in chunk.indices.to_pylist()]
    return Column(words, places)


def _cut(word: str | None) -> str:
    if word is None:
        return MISSING
    return word.strip() if len(word) <= MAX_TEXT else f"{word[:MAX_TEXT]}…"


def _moments(column: pa.ChunkedArray) -> list[str]:
    """Return the exchange's own day and time where the file has its time zone."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = column.type.tz
    local = pc.local_timestamp(column) if zone else column
    seconds = local.cast(pa.timestamp("s"), safe=False).to_numpy()
    suffix = "Z" if zone in UTC_NAMES else ""
    return [MISSING if moment == "NaT" else f"{moment}{suffix}" for moment in np.datetime_as_string(seconds)]


def _limit_process() -> None:
    """Bound memory and time where the system has such limits; they hold for this process alone."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for limit, value in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CPU, MAX_CPU_SECONDS)):
        with suppress(ValueError, OSError):  # a stricter limit is set already
            resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    # Arrow's other allocators reserve more address space than they use.
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    main()
