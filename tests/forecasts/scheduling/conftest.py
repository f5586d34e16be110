"""Instruments whose prices can be fetched, their schedules, and a clock that stands where a test puts it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from accounts.models import User
from forecasts.models import DueForecast, Instrument
from tests.factories import InstrumentFactory, ScheduleFactory, bars

FRIDAY, MONDAY = date(2024, 7, 5), date(2024, 7, 8)
# New York closed an hour and a half ago on that Monday: all that is due is due.
EVENING = datetime(2024, 7, 8, 21, 30, tzinfo=UTC)
SetClock = Callable[[datetime], None]


@pytest.fixture
def clock() -> Iterator[SetClock]:
    """Freeze time, on that evening to begin with."""
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller.move_to


def live(symbol: str = "ACME", last: date | None = MONDAY, **fields: Any) -> Instrument:
    """Return an instrument with 300 bars up to `last`, or with none."""
    made: Instrument = InstrumentFactory(yahoo=True, symbol=symbol, **fields)
    if last is not None:
        bars(made, 300, last=last)
    return made


def schedule_for(owner: User, *instruments: Instrument, **fields: Any) -> None:
    """Give somebody a list of instruments with a schedule."""
    ScheduleFactory(watchlist__owner=owner, watchlist__instruments=instruments, **fields)


def outcomes() -> list[tuple[str, str, str]]:
    """Return symbol, status and note of each due forecast, by session."""
    rows = DueForecast.objects.order_by("session", "instrument__symbol")
    return list(rows.values_list("instrument__symbol", "status", "note"))
