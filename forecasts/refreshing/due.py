"""Whose prices are to be looked for, by calendar and clock alone: nothing is read here and nothing asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from forecasts import calendars

# Sources settle a session's bar some time after its close; then instruments follow one after the other.
SETTLE = timedelta(minutes=20)
SPREAD = timedelta(minutes=30)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=15), timedelta(hours=6)
# What the source says is no more is asked for on, in case it errs, but seldom.
GONE_PAUSE = timedelta(days=7)
GONE = ("delisted", "renamed")
GONE_AFTER_DAYS = 3


@dataclass(frozen=True)
class Facts:
    """What is known of an instrument: its last `vain` looks in a row, the newest at `tried_at`, were in vain.

    `is_gone` says that its source no longer has it, `wished_at` since when somebody wishes for a look.
    """

    pk: int
    source: str
    calendar: str
    last_closed: date | None
    vain: int = 0
    tried_at: datetime | None = None
    is_gone: bool = False
    wished_at: datetime | None = None


class Clock:
    """One moment. Calendars are asked once for it, however many instruments follow them."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._closes: dict[str, list[tuple[datetime, date]]] = {}

    def session_due(self, calendar: str, pk: int) -> tuple[date, datetime]:
        """Return the newest session whose prices an instrument should have by now, and since when."""
        wait = SETTLE + stagger(pk)
        if calendar not in self._closes:
            self._closes[calendar] = self._newest(calendar)
        closed_at, session = next(pair for pair in self._closes[calendar] if pair[0] + wait <= self.now)
        return session, closed_at + wait

    def _newest(self, calendar: str) -> list[tuple[datetime, date]]:
        """Return the closes of the newest session, and of the newest that nobody waits for any more."""
        last = calendars.last_closed_session(calendar, self.now)
        settled = calendars.last_closed_session(calendar, self.now - SETTLE - SPREAD)
        return [(calendars.closes_at(calendar, day), day) for day in (last, settled)]


def is_gone(error: dict[str, Any]) -> bool:
    """Whether the source has said, for days, that it has the instrument no more; `error` as fetch_error."""
    return error.get("code") in GONE or len(error.get("missing_on", [])) >= GONE_AFTER_DAYS


def stagger(pk: int) -> timedelta:
    """Return an instrument's own delay, the same every day; neighbours by number lie far apart."""
    return SPREAD * ((pk * 2_654_435_761 % 2**32) / 2**32)


def pause(facts: Facts) -> timedelta:
    """Return how long a look in vain is not repeated: twice as long each time."""
    if facts.is_gone:
        return GONE_PAUSE
    if not facts.vain:
        return timedelta(0)
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(facts.vain - 1, 10)))


def due_since(facts: Facts, clock: Clock) -> datetime | None:
    """Return since when an instrument's newest session is to be looked for; None if it is not."""
    if facts.wished_at is not None:
        return facts.wished_at
    session, since = clock.session_due(facts.calendar, facts.pk)
    if facts.last_closed is not None and facts.last_closed >= session:
        return None
    if facts.tried_at is not None and facts.tried_at + pause(facts) > clock.now:
        return None
    return since


def choose(known: Iterable[Facts], clock: Clock, allowed: Mapping[str, int]) -> Iterator[int]:
    """Yield who is due, longest first, at most `allowed` of each source; a source not named has none."""
    waiting = ((since, facts) for facts in known if (since := due_since(facts, clock)) is not None)
    left = dict(allowed)
    for _, facts in sorted(waiting, key=lambda pair: (pair[0], pair[1].pk)):
        if left.get(facts.source, 0) > 0:
            left[facts.source] -= 1
            yield facts.pk
