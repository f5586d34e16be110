"""Files of prices as people upload them."""

from collections.abc import Iterable, Sequence
from datetime import date

from tests.factories import LAST_DAY, weekdays_until

HEADER = "Date,Open,High,Low,Close,Volume"


def price_line(day: date | str, close: float) -> str:
    return f"{day},{close:.4f},{close * 1.01:.4f},{close * 0.99:.4f},{close:.4f},1000"


def sheet_of(lines: Iterable[str], header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def price_sheet(count: int = 30, last: date = LAST_DAY, closes: Sequence[float] | None = None) -> bytes:
    """Return a CSV of the `count` weekdays up to `last`, oldest first; closes rise to 100."""
    closes = closes or [float(close) for close in range(101 - count, 101)]
    days = weekdays_until(last, len(closes))
    return sheet_of(price_line(day, close) for day, close in zip(days, closes, strict=True))
