"""After each close: one row for each forecast that somebody's schedule asks for, however many people do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef

from forecasts import calendars
from forecasts.models import DueForecast, Instrument, Schedule, WatchlistEntry
from forecasts.services.schedules import due_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

# Where one session begins as the other ends, a forecast may be so late; its first step may not count then.
LATE = timedelta(hours=6)
BATCH = 1000


def plan(now: datetime) -> int:
    """Write down what is due after the newest closed sessions; return how many rows that might have added.

    Sessions that were missed while the site was off are not made up for: their future has begun.
    """
    return sum(_plan_calendar(calendar, now) for calendar in _calendars())


def ends_at(calendar: str, session: date) -> datetime:
    """Return until when a forecast after a session may be asked for: before the next one opens."""
    opens = calendars.opens_at(calendar, calendars.sessions_after(calendar, session, 1)[0])
    closes = calendars.closes_at(calendar, session)
    return opens if opens > closes else closes + LATE


def _calendars() -> Iterable[str]:
    """Return the calendars of all instruments on active schedules."""
    scheduled = WatchlistEntry.objects.filter(watchlist__schedule__in=Schedule.objects.active())
    live = Instrument.objects.live().filter(pk__in=scheduled.values("instrument"))
    return live.order_by("calendar").values_list("calendar", flat=True).distinct()


def _plan_calendar(calendar: str, now: datetime) -> int:
    session = calendars.last_closed_session(calendar, now)
    if now >= ends_at(calendar, session):
        return 0
    rows = [
        DueForecast(
            instrument_id=pk,
            session=session,
            method=method,
            horizon=horizon,
            due_at=due_at(calendar, session, pk),
        )
        for pk, method, horizon in _unplanned(calendar, session)
    ]
    DueForecast.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return len(rows)


def _unplanned(calendar: str, session: date) -> Iterable[tuple[int, str, int]]:
    """Return instrument, method and horizon of each forecast that is asked for and not written down yet."""
    planned = DueForecast.objects.filter(
        instrument=OuterRef("instrument"),
        session=session,
        method=OuterRef("watchlist__schedule__method"),
        horizon=OuterRef("watchlist__schedule__horizon"),
    )
    asked = WatchlistEntry.objects.filter(
        ~Exists(planned),
        watchlist__schedule__in=Schedule.objects.asking(calendar, session),
        instrument__in=Instrument.objects.live().filter(calendar=calendar),
    )
    questions = asked.order_by("instrument").values_list(
        "instrument", F("watchlist__schedule__method"), F("watchlist__schedule__horizon")
    )
    return questions.distinct()
