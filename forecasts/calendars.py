"""Which sessions an instrument trades. The one place that knows exchange_calendars.

A calendar is named as exchange_calendars names it (`XNYS`), or `24/7` for every day; where nothing better is
known, `weekdays` for Monday to Friday or `sun-thu` for Sunday to Thursday. exchange_calendars brings pandas,
so it is imported when needed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from forecasts.exchanges import CALENDARS, EVERY_DAY, NEW_YORK, SUNDAY_TO_THURSDAY, WEEKDAYS, calendar_for

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EVERY_DAY", "NEW_YORK", "SUNDAY_TO_THURSDAY", "WEEKDAYS", "calendar_for"]

# Long before the oldest bars that sources offer; exchange_calendars' own default is 20 years ago.
FIRST_DAY = date(1960, 1, 1)

# The weeks of calendars that know no holidays, Monday first.
WEEKS = {EVERY_DAY: "1111111", WEEKDAYS: "1111100", SUNDAY_TO_THURSDAY: "1111001"}


def is_known(calendar: str) -> bool:
    """Whether there is a calendar of that name; some of exchange_calendars' own it cannot make."""
    if calendar in WEEKS or calendar in CALENDARS:
        return True
    from exchange_calendars import get_calendar_names

    if calendar not in get_calendar_names(include_aliases=False):
        return False
    try:
        return bool(_table(calendar)[0])
    except (NotImplementedError, ValueError):
        return False


def is_approximate(calendar: str) -> bool:
    """Whether the sessions are a guess, without holidays, which pages say with a badge."""
    return calendar in (WEEKDAYS, SUNDAY_TO_THURSDAY)


def is_exact_on(calendar: str, day: date) -> bool:
    """Whether it is known, and not guessed by the day of the week, if the instrument trades on `day`."""
    if calendar in WEEKS:
        return not is_approximate(calendar)
    _, first, last = _table(calendar)
    return first <= day <= last


@lru_cache(maxsize=64)
def _exchange(calendar: str) -> Any:
    import exchange_calendars

    try:
        return exchange_calendars.get_calendar(calendar, start=FIRST_DAY.isoformat())
    except ValueError:  # nothing is known of its sessions that long ago
        bound = type(exchange_calendars.get_calendar(calendar)).bound_min()
        return exchange_calendars.get_calendar(calendar, start=bound)


def _week(calendar: str) -> str:
    return WEEKS[calendar] if calendar in WEEKS else str(_exchange(calendar).weekmask)


@lru_cache(maxsize=64)
def _table(calendar: str) -> tuple[frozenset[date], date, date]:
    """Return an exchange's sessions, and the first and last day that its table knows."""
    sessions = [stamp.date() for stamp in _exchange(calendar).sessions]
    return frozenset(sessions), sessions[0], sessions[-1]


def is_session(calendar: str, day: date) -> bool:
    """Whether the instrument trades on `day`.

    An exchange's table ends about a year ahead, some at the end of the year, and some begin late; outside it
    the days of the exchange's week stand in.
    """
    if calendar not in WEEKS:
        sessions, first, last = _table(calendar)
        if first <= day <= last:
            return day in sessions
    return _week(calendar)[day.weekday()] == "1"


def _walk(calendar: str, start: date, stride: int) -> Iterator[date]:
    """Yield sessions from `start` on, itself included, forwards (1) or backwards (-1) in time."""
    day = start
    while True:
        if is_session(calendar, day):
            yield day
        day += timedelta(days=stride)


def sessions_after(calendar: str, day: date, count: int) -> list[date]:
    """Return the next `count` sessions after `day`, which need not be a session itself."""
    return list(islice(_walk(calendar, day + timedelta(days=1), 1), count))


def session_at_or_before(calendar: str, day: date) -> date:
    """Return `day` if it is a session, else the session before it."""
    return next(_walk(calendar, day, -1))


def ends_week(calendar: str, session: date) -> bool:
    """Whether no session follows in the same week, which begins on Monday or, where Sunday opens it, then."""
    following = sessions_after(calendar, session, 1)[0]
    return _week_of(calendar, session) != _week_of(calendar, following)


def _week_of(calendar: str, day: date) -> tuple[int, int]:
    """Return the ISO year and week of a day; where weeks begin on Sunday, of the day after."""
    week = _week(calendar)
    begins_on_sunday = week[6] == "1" and week[5] == "0"
    return (day + timedelta(days=int(begins_on_sunday))).isocalendar()[:2]


@lru_cache(maxsize=10_000)
def closes_at(calendar: str, session: date) -> datetime:
    """Return the moment (UTC) of a session's last price: midnight after it where no hours are known."""
    if calendar in WEEKS or session not in _table(calendar)[0]:
        return datetime.combine(session + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    moment: datetime = _exchange(calendar).session_close(session.isoformat()).to_pydatetime()
    return moment


@lru_cache(maxsize=10_000)
def opens_at(calendar: str, session: date) -> datetime:
    """Return the moment (UTC) of a session's first price: midnight before it where no hours are known."""
    if calendar in WEEKS or session not in _table(calendar)[0]:
        return datetime.combine(session, datetime.min.time(), tzinfo=UTC)
    moment: datetime = _exchange(calendar).session_open(session.isoformat()).to_pydatetime()
    return moment


def sessions_between(calendar: str, first: date, last: date) -> list[date]:
    """Return the sessions from `first` to `last`, both included."""
    days = (first + timedelta(days=count) for count in range((last - first).days + 1))
    return [day for day in days if is_session(calendar, day)]


def last_closed_session(calendar: str, now: datetime) -> date:
    """Return the newest session whose close lies at or before `now` (an aware time)."""
    session = session_at_or_before(calendar, now.astimezone(UTC).date() + timedelta(days=1))
    while closes_at(calendar, session) > now:
        session = session_at_or_before(calendar, session - timedelta(days=1))
    return session
