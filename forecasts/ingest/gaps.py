"""Which sessions lack: those of the calendar that no closed bar is stored for."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils import timezone

from forecasts import calendars
from forecasts.models import Instrument, MissingSession

if TYPE_CHECKING:
    from datetime import datetime

# A history whose end lies further back has ended: what comes after it is no gap.
RECENT_SESSIONS = 10


def note_gaps(instrument: Instrument, at: datetime | None = None) -> int:
    """Bring an instrument's MissingSession rows up to date; return how many were written or removed.

    Only exact calendars tell a gap from a holiday; of the others no session is expected.
    """
    lacking = _lacking(instrument, at or timezone.now())
    known = set(instrument.missing_sessions.values_list("date", flat=True))
    filled, found = known - lacking, lacking - known
    if filled:
        instrument.missing_sessions.filter(date__in=filled).delete()
    rows = [MissingSession(instrument=instrument, date=day) for day in sorted(found)]
    if rows:
        MissingSession.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)
    return len(filled) + len(rows)


def _lacking(instrument: Instrument, at: datetime) -> set[date]:
    calendar = instrument.calendar
    if calendars.is_approximate(calendar):
        return set()
    stored = set(instrument.bars.closed().values_list("date", flat=True))
    if not stored:
        return set()
    expected = calendars.sessions_between(calendar, min(stored), _expected_until(instrument, max(stored), at))
    return {day for day in expected if day not in stored and calendars.is_exact_on(calendar, day)}


def _expected_until(instrument: Instrument, last: date, at: datetime) -> date:
    if not instrument.is_live:
        return last
    closed = calendars.last_closed_session(instrument.calendar, at)
    ended_by = calendars.sessions_after(instrument.calendar, last, RECENT_SESSIONS + 1)[-1]
    return closed if last < closed < ended_by else last
