"""A clock that tests set, and messages that are listened to instead of sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from forecasts.models import Instrument
from tests.factories import InstrumentFactory, WatchlistFactory

# The Monday's session in New York is over for more than an hour.
EVENING = datetime(2024, 7, 8, 21, 30, tzinfo=UTC)
SetClock = Callable[[datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    def set_to(moment: datetime) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    set_to(EVENING)
    return set_to


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    """The messages that were sent: task, queue, argument. No queue holds any."""
    messages: list[tuple[str, str, Any]] = []

    def send(step: str, args: tuple[Any, ...] = (), queue: str = "", **_: Any) -> None:
        messages.append((step, queue, *args))

    monkeypatch.setattr("forecasts.bell.app.send_task", send)
    monkeypatch.setattr("forecasts.bell.messages_waiting", lambda _queue: 0)
    return messages


@pytest.fixture
def followed(db: None) -> Instrument:
    """ACME, which is on a watchlist and has no prices."""
    acme: Instrument = InstrumentFactory(yahoo=True, symbol="ACME", fetched_at=None)
    WatchlistFactory(instruments=[acme])
    return acme
