"""Which bars may still change: by the calendar, and by the moment when they were fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasts import calendars
from forecasts.models import PriceBar

if TYPE_CHECKING:
    from datetime import date, datetime

    import pandas as pd

    from forecasts.models import Instrument

State = PriceBar.State


def settles_at(calendar: str, session: date) -> datetime:
    """Return the moment (UTC) from which on a session's bar is final: when the next one opens."""
    return calendars.opens_at(calendar, calendars.sessions_after(calendar, session, 1)[0])


def with_states(instrument: Instrument, bars: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Add the `state` of each bar fetched at `at`; a column `repaired`, if there is one, is taken into it."""
    states = [State.FINAL.value] * len(bars)
    if "repaired" in bars:
        states = [State.REPAIRED.value if mended else State.FINAL.value for mended in bars["repaired"]]
    if instrument.is_live and len(bars):
        newest = _newest_states(instrument.calendar, bars, at)
        states[len(states) - len(newest) :] = newest or []
    return bars.drop(columns="repaired", errors="ignore").assign(state=states)


def _newest_states(calendar: str, bars: pd.DataFrame, at: datetime) -> list[str]:
    """Return the states of the last bars, those that are not settled; all before them are."""
    last_closed = calendars.last_closed_session(calendar, at)
    if settles_at(calendar, last_closed) <= at:
        newest = [day.date() for day in bars.index[bars.index > last_closed.isoformat()]]
    else:
        newest = [day.date() for day in bars.index[bars.index >= last_closed.isoformat()]]
    return [_state(calendar, day, at) for day in newest]


def _state(calendar: str, day: date, at: datetime) -> str:
    if calendars.closes_at(calendar, day) > at:
        return State.UNFINISHED.value
    return State.PROVISIONAL.value if settles_at(calendar, day) > at else State.FINAL.value
