"""What every source of prices offers, how it introduces itself, and how it says that it cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable
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
    least: a source without one raises. A bool column `repaired` may mark rows that were mended. `about` may
    hold name, currency, exchange, timezone, kind and calendar of the instrument.
    """

    bars: pd.DataFrame
    actions: list[Action] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """What a source's search found; `kind` is one of Instrument.Kind, `exchange` as people call it."""

    symbol: str
    name: str = ""
    kind: str = "other"
    exchange: str = ""


class ProviderError(Exception):
    """A source gave no prices. `permanent` says that asking again cannot help."""

    code = "source_failed"
    permanent = False

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy

    def as_json(self) -> dict[str, str]:
        """Return what is kept of it on the instrument."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy}


class UnknownSymbol(ProviderError):
    code = "unknown_symbol"
    permanent = True


class Renamed(UnknownSymbol):
    """The source has the instrument under another symbol now, `new_symbol`."""

    code = "renamed"

    def __init__(self, message: str, remedy: str, new_symbol: str = "") -> None:
        super().__init__(message, remedy)
        self.new_symbol = new_symbol

    def as_json(self) -> dict[str, str]:
        return {**super().as_json(), "new_symbol": self.new_symbol}


class RateLimited(ProviderError):
    code = "rate_limited"


class Unreachable(ProviderError):
    code = "source_unreachable"


class Provider(Protocol):
    """A source of daily prices. It returns bars and never writes a row."""

    def fetch(self, symbol: str, start: date | None = None) -> History:
        """Return bars and actions from `start` on, or all there are; raises ProviderError."""


@runtime_checkable
class SearchingProvider(Provider, Protocol):
    """A source that can be asked which symbols it has."""

    def search(self, text: str) -> list[Match]:
        """Return what fits a symbol, a name or part of them, the best match first; raises ProviderError."""


@dataclass(frozen=True)
class Source:
    """How a source introduces itself: each module of this package that is one has such a `SOURCE`.

    `prefix` begins its symbols and `pattern` is what must follow; `is_live` says that newer bars can be
    fetched. `rate` is the name of the setting with the requests a second that it may be asked, empty for
    none; `calendar` names the calendar of a symbol before anything of it was fetched. `configured` is False
    while a source cannot be used, for lack of a key say; then `remedy` says what to do.
    """

    key: str
    name: str
    prefix: str
    pattern: re.Pattern[str]
    example: str
    provider: Callable[[], Provider]
    calendar: Callable[[str], str]
    is_live: bool = True
    rate: str = ""
    configured: Callable[[], bool] = lambda: True
    remedy: str = ""

    def has(self, symbol: str) -> bool:
        """Whether a symbol in upper case is written as this source's are; there need not be such a one."""
        return symbol.startswith(self.prefix) and bool(
            self.pattern.fullmatch(symbol.removeprefix(self.prefix))
        )
