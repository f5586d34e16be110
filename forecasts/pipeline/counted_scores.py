"""Current scores as arrays, read in PostgreSQL's binary form: 100,000 rows take a fraction of a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection

from forecasts.models import Forecast, ForecastPoint, LedgerEntry, Score
from ml_engine.backtesting import STEPS
from ml_engine.tally import CHANCES, INSIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from forecasts.models import Instrument

NAME_BYTES = 30  # of a series, as Score.series has it
UNTOLD = -1
REGIMES = ["", *Forecast.Regime.values]
EPOCH = "date '1970-01-01'"
# Column → what is selected, and its type in big-endian bytes. None may be null: all rows are equally long.
COLUMNS: dict[str, tuple[str, str]] = {
    "anchor": (f"f.data_as_of - {EPOCH}", ">i4"),
    "entry": ("f.entry_id", ">i8"),
    "regime": ("array_position(%(regimes)s::text[], f.regime::text)", ">i4"),
    "series": (f"rpad(s.series, {NAME_BYTES})", f"S{NAME_BYTES}"),
    "step": ("s.step::int", ">i4"),
    "date": (f"s.date - {EPOCH}", ">i4"),
    **{name: (f"s.{name}", ">f8") for name in ("actual", "crps", "pinball", "pit", "error", "usual")},
    "direction_right": (f"coalesce(s.direction_right::int, {UNTOLD})", ">i4"),
    **{name: (f"s.{name}", "?") for name in INSIDE},
    **{name: (f"s.chances[{place}]", ">f8") for place, name in enumerate(CHANCES, start=1)},
}
# Of series other than `whole` a few steps alone are compared; a challenger is `promoting`'s affair.
QUERY = f"""
    COPY (
        SELECT {", ".join(expression for expression, _ in COLUMNS.values())}
        FROM {Forecast._meta.db_table} f
        JOIN {LedgerEntry._meta.db_table} e ON e.number = f.entry_id
        JOIN {Score._meta.db_table} s ON s.forecast_id = f.id
        WHERE f.instrument_id = %(instrument)s AND f.method = %(method)s AND e.kind = 'issued'
            AND s.superseded_at IS NULL AND s.series <> %(shadow)s
            AND (s.series = ANY(%(whole)s) OR s.step = ANY(%(steps)s))
    ) TO STDOUT (FORMAT BINARY)
"""  # noqa: S608 -- its parts are constants; what varies is a parameter
HEADER_BYTES, TRAILER_BYTES = 19, 2


def counted_scores(instrument: Instrument, method: str) -> dict[str, NDArray[Any]]:
    """Return the current scores of an instrument's issued forecasts by a method, for `ml_engine.tally`."""
    wanted = {
        "instrument": instrument.pk,
        "method": method,
        "regimes": REGIMES,
        "whole": [ForecastPoint.MODEL, ForecastPoint.NAIVE],
        "steps": list(STEPS),
        "shadow": ForecastPoint.CHALLENGER,
    }
    with connection.cursor() as cursor:
        psycopgs: Any = cursor  # Django's passes on what it does not know itself
        with psycopgs.copy(QUERY, wanted) as copy:
            content = b"".join(bytes(part) for part in copy)
    rows = _rows(content)
    return _in_words({name: rows[name].astype(rows.dtype[name].newbyteorder("=")) for name in COLUMNS})


def _rows(content: bytes) -> NDArray[Any]:
    """Read rows of one length: the number of fields, then each field's length and value."""
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for name, (_, kind) in COLUMNS.items():
        parts += [(f"length of {name}", ">i4"), (name, kind)]
    layout = np.dtype(parts)
    rows = np.frombuffer(content[HEADER_BYTES:-TRAILER_BYTES], dtype=layout)
    for name in COLUMNS:
        if (rows[f"length of {name}"] != layout[name].itemsize).any():
            raise ValueError(f"Scores have an unexpected {name}.")
    return rows


def _in_words(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Give days, names and what may be untold their own types."""
    told = columns["direction_right"]
    names, places = np.unique(columns["series"], return_inverse=True)
    return columns | {
        "series": np.array([name.decode().rstrip() for name in names], dtype=f"U{NAME_BYTES}")[places],
        "regime": np.array(REGIMES)[columns["regime"] - 1],
        "direction_right": np.where(told == UNTOLD, np.nan, told),
        **{day: columns[day].astype("datetime64[D]") for day in ("anchor", "date")},
    }
