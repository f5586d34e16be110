"""Small price files as people have them, and what they say."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from forecasts.market_data.upload import Options, Reading, Unreadable, read

if TYPE_CHECKING:
    from typing import Any

TODAY = date(2024, 6, 3)
HEADER = "Date,Open,High,Low,Close,Volume\n"
ROWS = "2024-01-02,10,11,9,10.5,100\n2024-01-03,10.5,12,10,11.5,200\n2024-01-04,11.5,12,11,11.75,300\n"
PLAIN = HEADER + ROWS
PLAIN_BARS = [
    ("2024-01-02", 10.0, 11.0, 9.0, 10.5, 10.5, 100.0),
    ("2024-01-03", 10.5, 12.0, 10.0, 11.5, 11.5, 200.0),
    ("2024-01-04", 11.5, 12.0, 11.0, 11.75, 11.75, 300.0),
]


def reading(content: str | bytes, filename: str = "prices.csv", **options: Any) -> Reading:
    raw = content.encode() if isinstance(content, str) else content
    return read(raw, filename, Options(**options), today=TODAY)


def refusal(content: str | bytes, filename: str = "prices.csv", **options: Any) -> Unreadable:
    """Return why a file cannot be read; fail if it can."""
    try:
        answer = reading(content, filename, **options)
    except Unreadable as error:
        return error
    raise AssertionError(f"It was read: {answer.notes}")


def bars_of(answer: Reading) -> list[tuple[Any, ...]]:
    """Return (day, open, high, low, close, adj_close, volume) of each bar."""
    frame = answer.bars
    assert list(frame.columns) == ["open", "high", "low", "close", "adj_close", "volume"]
    assert all(dtype == "float64" for dtype in frame.dtypes)
    return [(f"{row[0]:%Y-%m-%d}", *row[1:]) for row in frame.itertuples(name=None)]


def problems_of(answer: Reading) -> list[tuple[int | None, str | None, str]]:
    return [(problem.row, problem.column, problem.message) for problem in answer.problems]


def parquet(frame: pd.DataFrame, **options: Any) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, **options)
    return buffer.getvalue()


def plain_frame() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(PLAIN), parse_dates=["Date"])
