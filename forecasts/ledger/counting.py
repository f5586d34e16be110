"""Which steps of a forecast count: those whose session had not begun when it was entered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from forecasts import calendars

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

# Where a session begins as the one before ends, a forecast from the close before cannot be there in time.
GRACE = timedelta(hours=1)


def first_counted_step(calendar: str, days: Sequence[date], moment: datetime) -> int | None:
    """Return the first step, 1 for `days[0]`, whose session opens after `moment`; None if all have opened.

    On calendars whose hours are not known a session counts until an hour after the midnight it begins with.
    """
    grace = GRACE if calendar in calendars.WEEKS else timedelta(0)
    return next(
        (step for step, day in enumerate(days, 1) if calendars.opens_at(calendar, day) + grace > moment), None
    )
