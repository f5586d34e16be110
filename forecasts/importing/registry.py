"""What the site knows of the symbols in a panel: whose they are, and which days they trade."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from django.utils import timezone

from forecasts import calendars
from forecasts.errors import RequestRefused
from forecasts.ingest import settles_at
from forecasts.ingest.gaps import RECENT_SESSIONS
from forecasts.market_data import source_name, sources
from forecasts.models import Instrument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from forecasts.market_data.base import Source


@dataclass(frozen=True)
class Expected:
    """A calendar's sessions up to the last that is `closed`.

    A history that reaches the session `recent` is expected to go on up to there; older ones have ended.
    """

    days: list[date]
    recent: date
    closed: date


Sessions = dict[str, Expected]
# A session that ended so long ago is over, whatever the calendar.
SURELY_OVER = timedelta(days=4)
# And the next one has opened since, whatever the holidays.
SURELY_SETTLED = timedelta(days=30)


class Registry:
    """The instruments of one source as they are stored when an import begins."""

    def __init__(self, source: str) -> None:
        if source not in sources():
            known = ", ".join(key for key in sources())
            raise RequestRefused(f"There is no source called {source}. Choose one of {known}.")
        self.source: Source = sources()[source]
        self.now: datetime = timezone.now()
        self.recent = np.datetime64((self.now - SURELY_OVER).date(), "D")
        self.settled: date = (self.now - SURELY_SETTLED).date()
        everyones = Instrument.objects.filter(owner=None)
        self._calendars = dict(everyones.filter(source=source).values_list("symbol", "calendar"))
        self._of_others = dict(everyones.exclude(source=source).values_list("symbol", "source"))
        # Asked for each row's symbol, batch after batch.
        self.refusal = lru_cache(maxsize=None)(self._refusal)

    def _refusal(self, symbol: str) -> str:
        """Say why bars of this symbol cannot be imported, or nothing."""
        if symbol in self._of_others:
            other = source_name(self._of_others[symbol])
            return f"its prices here are from {other}, and sources are not mixed"
        if not self.source.has(symbol):
            return (
                f"its symbol is not written as those of {self.source.name} are, such as {self.source.example}"
            )
        return ""

    def calendar(self, symbol: str) -> str:
        return self._calendars.get(symbol) or self.source.calendar(symbol)

    def kind(self, symbol: str) -> Instrument.Kind:
        """Tell what an instrument is by how its symbol is written; a fund is written as a stock is."""
        bare = symbol.removeprefix(self.source.prefix)
        if bare.startswith("^"):
            return Instrument.Kind.INDEX
        if bare.endswith("=X"):
            return Instrument.Kind.FX
        if bare.endswith("=F"):
            return Instrument.Kind.OTHER
        is_crypto = self.calendar(symbol) == calendars.EVERY_DAY
        return Instrument.Kind.CRYPTO if is_crypto else Instrument.Kind.EQUITY

    def last_closed_session(self, symbol: str) -> date:
        return _last_closed_session(self.calendar(symbol), self.now)

    def unsettled(self, calendar: str) -> date | None:
        """Return the session that is over but whose bar may still change, if there is one now."""
        if not self.source.is_live:
            return None
        last = _last_closed_session(calendar, self.now)
        return last if settles_at(calendar, last) > self.now else None

    def expected(self, symbols: Sequence[str]) -> Sessions:
        """Return what bars are looked for, by calendar; none of calendars that are guesses."""
        named = {self.calendar(symbol) for symbol in symbols}
        return {name: self._expected(name) for name in named if not calendars.is_approximate(name)}

    def _expected(self, calendar: str) -> Expected:
        closed = _last_closed_session(calendar, self.now)
        days = calendars.sessions_between(calendar, calendars.FIRST_DAY, closed)
        recent = days[-1 - RECENT_SESSIONS] if self.source.is_live else date.max
        return Expected([day for day in days if calendars.is_exact_on(calendar, day)], recent, closed)


@lru_cache(maxsize=64)
def _last_closed_session(calendar: str, now: datetime) -> date:
    return calendars.last_closed_session(calendar, now)
