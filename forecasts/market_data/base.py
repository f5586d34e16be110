"""What every source of prices offers, and how it says that it cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

SAMPLE_REMEDY = "Meanwhile the sample market works without a network: try SAMPLE:AAPL."


@dataclass(frozen=True)
class Action:
    """A split (`value`: new shares per old share) or a dividend (currency per share, as paid)."""

    date: date
    kind: str
    value: float


@dataclass(frozen=True)
class History:
    """What a source answered.

    `bars` has a DatetimeIndex `date` without time zone and float columns open, high, low, close, adj_close,
    volume: adjusted for splits and not for dividends, except adj_close, which is for both. It has a row at
    least: a source without one raises. `about` may hold name, currency, exchange and kind of the instrument.
    """

    bars: pd.DataFrame
    actions: list[Action] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


class ProviderError(Exception):
    """A source gave no prices. `permanent` says that asking again cannot help."""

    code = "source_failed"
    permanent = False

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


class UnknownSymbol(ProviderError):
    code = "unknown_symbol"
    permanent = True


class RateLimited(ProviderError):
    code = "rate_limited"


class Unreachable(ProviderError):
    code = "source_unreachable"


class Provider(Protocol):
    """A source of daily prices. It returns bars and never writes a row."""

    def fetch(self, symbol: str, start: date | None = None) -> History:
        """Return bars and actions from `start` on, or all there are; raises ProviderError."""
