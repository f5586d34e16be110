"""The trading days of New York, asked of exchange_calendars and not of our own calendars."""

from functools import cache

import exchange_calendars


@cache
def new_york_sessions() -> frozenset[str]:
    """Return the sessions around the sample market's years, as ISO dates."""
    calendar = exchange_calendars.get_calendar("XNYS", start="1999-01-04", end="2014-12-31")
    return frozenset(calendar.sessions.strftime("%Y-%m-%d"))
