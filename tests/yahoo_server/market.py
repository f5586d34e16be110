"""What the fake Yahoo knows of its symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Bar:
    """One session as Yahoo has it: adjusted for splits. None in a price is what it sends before the open."""

    date: date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adj_close: float | None
    volume: float | None = 1_000_000


@dataclass
class Listing:
    """What Yahoo knows of a symbol. Dividends by ex-date, on today's share basis; splits as (new, old).

    `live` is the row that Yahoo adds to that of the same day while the exchange is open; `symbol` is what the
    listing is called now, if not as it was asked for.
    """

    bars: list[Bar]
    dividends: dict[date, float] = field(default_factory=dict)
    splits: dict[date, tuple[int, int]] = field(default_factory=dict)
    currency: str = "USD"
    exchange: str = "NMS"
    zone: str = "America/New_York"
    kind: str = "EQUITY"
    opens: time = time(9, 30)
    name: str = ""
    exchange_name: str = "NASDAQ"
    symbol: str = ""
    live: Bar | None = None

    def moment(self, day: date) -> int:
        """Return when a session opens, in seconds since 1970."""
        return int(datetime.combine(day, self.opens, ZoneInfo(self.zone)).timestamp())


def bars_of(
    days: Sequence[date], closes: Sequence[float], adjusted: Sequence[float] | None = None
) -> list[Bar]:
    """Return plain sessions around `closes`; without `adjusted` there were no dividends."""
    rows = zip(days, closes, adjusted or closes, strict=True)
    return [Bar(day, close, close * 1.01, close * 0.99, close, adj) for day, close, adj in rows]
