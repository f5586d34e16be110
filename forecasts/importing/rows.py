"""Rows as Postgres's binary COPY wants them: built by numpy, and not parsed by the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecasts.importing.checking import Checked

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH = np.datetime64("2000-01-01")  # Postgres counts days from here
FIELDS = (
    ("place", ">i8"),
    ("number", ">i4"),
    ("day", ">i4"),
    *((f"price{n}", ">f8") for n in range(6)),
    ("repaired", "?"),
)
# Each row begins with the count of its fields, each field with its length in bytes.
ROW = np.dtype(
    [("fields", ">i2"), *(part for name, kind in FIELDS for part in ((f"{name}_size", ">i4"), (name, kind)))]
)


def encode(batch: Checked) -> bytes:
    """Return the rows of `import_row`, without header and trailer."""
    rows = np.empty(len(batch.rows), ROW)
    rows["fields"] = len(FIELDS)
    for name, _ in FIELDS:
        rows[f"{name}_size"] = ROW[name].itemsize
    rows["place"], rows["number"], rows["repaired"] = batch.rows, batch.numbers, batch.repaired
    rows["day"] = (batch.days - EPOCH).astype(np.int32)
    for column, prices in enumerate(batch.prices):
        rows[f"price{column}"] = prices
    return rows.tobytes()
