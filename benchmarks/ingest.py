"""How fast a panel of daily bars is imported, beside a bare COPY of the same rows in the same run.

Each measurement is a process of its own on a scratch database with the real tables; the clock runs from the
opened file to the last commit. Run it with `.venv/bin/python -m benchmarks.ingest FILE`.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.reporting import headline, origin_of_figures, table, write_json
from benchmarks.scratch import in_fresh_process, scratch_site
from benchmarks.timings import MEBIBYTE

if TYPE_CHECKING:
    from forecasts.importing.panels import Batch

TARGET_RATIO, TARGET_MEBIBYTES = 0.5, 600
COLUMNS = "instrument_id, date, open, high, low, close, adj_close, volume"
COPY = f"COPY bare ({COLUMNS}) FROM STDIN"
HEAP = "CREATE TABLE bare (LIKE forecasts_pricebar INCLUDING DEFAULTS)"
KEYED = "CREATE TABLE bare (LIKE forecasts_pricebar INCLUDING ALL)"
LIKE_OURS = f"{KEYED}; ALTER TABLE bare ADD FOREIGN KEY (instrument_id) REFERENCES forecasts_instrument"
TABLES = {
    "key, check and foreign key, as bars have": LIKE_OURS,
    "key and check": KEYED,
    "heap": HEAP,
}
WAYS = ("rows", "binary")
INSTRUMENT = """
INSERT INTO forecasts_instrument
    (id, symbol, source, name, kind, currency, exchange, timezone, calendar, data_revision)
VALUES (%s, %s, 'yahoo', '', 'equity', '', '', '', 'XNYS', 1)
"""


@dataclass(frozen=True)
class Run:
    """One measurement; `peak_mebibytes` is of the client's process."""

    what: str
    rows: int
    seconds: float
    peak_mebibytes: int


def bare_copy(path: Path, url: str, way: str, ddl: str) -> Run:
    """Copy the file into a table of one kind: psycopg's `write_row`, or binary blocks made by numpy."""
    panel = _panel(path)
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        for statement in ddl.split(";"):
            connection.execute(statement)
        # The foreign key wants instruments: they are there before the clock runs.
        for number in range(_symbols(path)):
            connection.execute(INSTRUMENT, (number + 1, f"S{number}"))
        connection.commit()
        began, rows = time.perf_counter(), 0
        with connection.cursor() as cursor:
            write = _write_rows if way == "rows" else _write_binary
            rows = write(cursor, panel.batches())
        connection.commit()
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE bare; DELETE FROM forecasts_instrument")
    return _run(way, rows, seconds)


def _panel(path: Path) -> Any:
    import django

    django.setup()
    from forecasts.importing.panels import Panel

    return Panel(path)


def _symbols(path: Path) -> int:
    panel = _panel(path)
    for _ in panel.batches():
        pass
    return len(panel.symbols)


def _write_rows(cursor: psycopg.Cursor[Any], batches: Iterator[Batch]) -> int:
    rows = 0
    with cursor.copy(COPY) as copy:
        for batch in batches:
            columns = [(batch.numbers + 1).tolist(), batch.days.tolist(), *batch.prices.tolist()]
            for row in zip(*columns, strict=True):
                copy.write_row(row)
            rows += len(batch.numbers)
    return rows


def _write_binary(cursor: psycopg.Cursor[Any], batches: Iterator[Batch]) -> int:
    import numpy as np

    from forecasts.importing.rows import EPOCH, HEADER, TRAILER

    fields = [("instrument", ">i8"), ("day", ">i4"), *((f"price{n}", ">f8") for n in range(6))]
    parts = [part for name, kind in fields for part in ((f"{name}_size", ">i4"), (name, kind))]
    shape, rows = np.dtype([("fields", ">i2"), *parts]), 0
    with cursor.copy(f"{COPY} (FORMAT binary)") as copy:
        copy.write(HEADER)
        for batch in batches:
            block = np.empty(len(batch.numbers), shape)
            block["fields"] = len(fields)
            for name, _ in fields:
                block[f"{name}_size"] = shape[name].itemsize
            block["instrument"], block["day"] = batch.numbers + 1, (batch.days - EPOCH).astype(np.int32)
            for column, prices in enumerate(batch.prices):
                block[f"price{column}"] = prices
            copy.write(block.tobytes())
            rows += len(block)
        copy.write(TRAILER)
    return rows


def import_once(path: Path, what: str) -> Run:
    """Import the file as the command does, checks and gaps included."""
    import django

    django.setup()
    from forecasts import importing

    began = time.perf_counter()
    outcome = importing.import_panel(importing.Wish(path, "yahoo"), lambda *_: None)
    return _run(what, outcome.counts.read, time.perf_counter() - began)


def _run(what: str, rows: int, seconds: float) -> Run:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEBIBYTE
    return Run(what, rows, round(seconds, 3), round(peak))


def forget(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE forecasts_instrument CASCADE")


def measure(path: Path, url: str) -> list[Run]:
    """One round: each kind of bare COPY, the import, and the import again."""
    runs = []
    for kind, ddl in TABLES.items():
        for way in WAYS:
            run = in_fresh_process(bare_copy, path, url, way, ddl)
            runs.append(Run(f"bare COPY, {way}, {kind}", run.rows, run.seconds, run.peak_mebibytes))
    forget(url)
    runs.append(in_fresh_process(import_once, path, "import"))
    runs.append(in_fresh_process(import_once, path, "import again, nothing new"))
    forget(url)
    return runs


def report(runs: list[Run]) -> str:
    """Return a line for each kind of measurement: the median, and the import's speed as a share of it."""
    names = list(dict.fromkeys(run.what for run in runs))
    seconds = {name: statistics.median(run.seconds for run in runs if run.what == name) for name in names}
    rows = runs[0].rows
    return table(
        ("", "seconds", "rows/s", "import's share", "peak MiB"),
        (
            (
                name,
                f"{seconds[name]:.2f}",
                f"{rows / seconds[name]:,.0f}",
                f"{seconds[name] / seconds['import']:.2f}",
                max(run.peak_mebibytes for run in runs if run.what == name),
            )
            for name in names
        ),
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=Path, help="a panel: Parquet or CSV")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path, help="where to write every measurement")
    chosen = options.parse_args()
    with scratch_site("ingest") as url:
        runs = [run for _ in range(chosen.rounds) for run in measure(chosen.file, url)]
    made = origin_of_figures()
    print(headline(made))
    print(
        f"{runs[0].rows:,} rows, median of {chosen.rounds} rounds; targets: share ≥ {TARGET_RATIO}, "
        f"peak < {TARGET_MEBIBYTES} MiB"
    )
    print(report(runs))
    write_json(chosen.json, {"made": made, "arguments": vars(chosen), "runs": [asdict(run) for run in runs]})


if __name__ == "__main__":
    main()
