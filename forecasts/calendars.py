"""Which sessions an instrument trades. The one place that knows exchange_calendars.

A calendar is named as exchange_calendars names it (`XNYS`), or `24/7` for every day, or `weekdays` for Monday
to Friday where nothing better is known. exchange_calendars brings pandas, so it is imported when needed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_DAY = "24/7"
WEEKDAYS = "weekdays"
NEW_YORK = "XNYS"

# Long before the oldest bars that sources offer; exchange_calendars' own default is 20 years ago.
FIRST_DAY = date(1960, 1, 1)

# What Yahoo calls an exchange, and the suffix it gives the exchange's symbols.
BY_YAHOO_EXCHANGE = {
    **dict.fromkeys(("NYQ", "NMS", "NGM", "NCM", "PCX", "ASE", "BTS", "SNP", "DJI", "NIM", "WCB"), NEW_YORK),
    "LSE": "XLON", "FGI": "XLON", "IOB": "XLON",
    "GER": "XETR", "FRA": "XFRA", "PAR": "XPAR", "AMS": "XAMS", "BRU": "XBRU", "LIS": "XLIS",
    "MIL": "XMIL", "MCE": "XMAD", "EBS": "XSWX", "VIE": "XWBO", "STO": "XSTO", "CPH": "XCSE",
    "HEL": "XHEL", "OSL": "XOSL", "WSE": "XWAR", "TOR": "XTSE", "JPX": "XTKS", "OSA": "XTKS",
    "HKG": "XHKG", "SHH": "XSHG", "SHZ": "XSHG", "KSC": "XKRX", "KOE": "XKRX", "TAI": "XTAI",
    "ASX": "XASX", "NZE": "XNZE", "NSI": "XBOM", "BSE": "XBOM", "SES": "XSES", "SAO": "BVMF",
    "MEX": "XMEX", "JNB": "XJSE", "CCC": EVERY_DAY, "CCY": WEEKDAYS,
}  # fmt: skip
BY_SUFFIX = {
    "L": "XLON", "IL": "XLON", "DE": "XETR", "F": "XFRA", "PA": "XPAR", "AS": "XAMS", "BR": "XBRU",
    "LS": "XLIS", "MI": "XMIL", "MC": "XMAD", "SW": "XSWX", "VI": "XWBO", "ST": "XSTO", "CO": "XCSE",
    "HE": "XHEL", "OL": "XOSL", "WA": "XWAR", "TO": "XTSE", "T": "XTKS", "HK": "XHKG", "SS": "XSHG",
    "SZ": "XSHG", "KS": "XKRX", "KQ": "XKRX", "TW": "XTAI", "AX": "XASX", "NZ": "XNZE", "NS": "XBOM",
    "BO": "XBOM", "SI": "XSES", "SA": "BVMF", "MX": "XMEX", "JO": "XJSE",
}  # fmt: skip
CRYPTO_QUOTES = ("USD", "EUR", "GBP", "BTC", "JPY", "USDT")


def calendar_for(symbol: str, exchange: str = "") -> str:
    """Name the calendar of a Yahoo symbol: by its exchange where that is known, else by its shape."""
    if exchange in BY_YAHOO_EXCHANGE:
        return BY_YAHOO_EXCHANGE[exchange]
    if exchange:
        return WEEKDAYS
    base, dot, suffix = symbol.rpartition(".")
    if dot and base:
        return BY_SUFFIX.get(suffix, WEEKDAYS)
    if symbol.endswith("=X"):
        return WEEKDAYS
    _, dash, quote = symbol.rpartition("-")
    if dash and quote in CRYPTO_QUOTES:
        return EVERY_DAY
    return NEW_YORK


def is_approximate(calendar: str) -> bool:
    """Whether the sessions are a guess (Monday to Friday), which pages say with a badge."""
    return calendar == WEEKDAYS


@lru_cache(maxsize=64)
def _exchange(calendar: str) -> Any:
    import exchange_calendars

    try:
        return exchange_calendars.get_calendar(calendar, start=FIRST_DAY.isoformat())
    except ValueError:  # nothing is known of its sessions that long ago
        bound = type(exchange_calendars.get_calendar(calendar)).bound_min()
        return exchange_calendars.get_calendar(calendar, start=bound)


@lru_cache(maxsize=64)
def _table(calendar: str) -> tuple[frozenset[date], date, date]:
    """Return an exchange's sessions, and the first and last day that its table knows."""
    sessions = [stamp.date() for stamp in _exchange(calendar).sessions]
    return frozenset(sessions), sessions[0], sessions[-1]


def is_session(calendar: str, day: date) -> bool:
    """Whether the instrument trades on `day`.

    An exchange's table ends about a year ahead, some at the end of the year; beyond it weekdays stand in.
    """
    if calendar == EVERY_DAY:
        return True
    if calendar != WEEKDAYS:
        sessions, first, last = _table(calendar)
        if first <= day <= last:
            return day in sessions
    return day.weekday() < 5


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


def closes_at(calendar: str, session: date) -> datetime:
    """Return the moment (UTC) of a session's last price: midnight after it where no hours are known."""
    if calendar in (EVERY_DAY, WEEKDAYS) or session not in _table(calendar)[0]:
        return datetime.combine(session + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    moment: datetime = _exchange(calendar).session_close(session.isoformat()).to_pydatetime()
    return moment


def opens_at(calendar: str, session: date) -> datetime:
    """Return the moment (UTC) of a session's first price: midnight before it where no hours are known."""
    if calendar in (EVERY_DAY, WEEKDAYS) or session not in _table(calendar)[0]:
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
