"""Two releasers at once, an account that goes meanwhile, and a broker that is down."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connections, transaction

from accounts.models import User
from forecasts import bell, sweeper
from forecasts.models import DueForecast, Forecast, ForecastRequest
from forecasts.scheduling import plan, release, releasing, schedule_due
from tests.factories import ScheduleFactory, UserFactory
from tests.forecasts.scheduling.conftest import EVENING, SetClock, live

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def closing(do: Callable[[], Any]) -> Any:
    """Do something in a thread of its own, and close its connections."""
    try:
        return do()
    finally:
        connections.close_all()


def test_two_at_once_ask_once(threads: ThreadPoolExecutor) -> None:
    stocks, owners = [live(f"T{number}") for number in range(6)], UserFactory.create_batch(2)
    for owner in owners:
        ScheduleFactory(watchlist__owner=owner, watchlist__instruments=stocks)
    together = Barrier(4, timeout=20)

    def round_() -> int:
        together.wait()
        plan(EVENING)
        return release(EVENING)

    settled = list(threads.map(lambda _: closing(round_), range(4)))

    assert sum(settled) == DueForecast.objects.filter(status="asked").count() == 6
    assert (Forecast.objects.count(), ForecastRequest.objects.count()) == (6, 12)


def test_an_account_deleted_in_the_middle_leaves_the_others_their_forecast(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = live()
    leaving, staying = UserFactory.create_batch(2)
    for owner in (leaving, staying):
        ScheduleFactory(watchlist__owner=owner, watchlist__instruments=[acme])
    plan(EVENING)
    is_deleting, owners_of = Event(), releasing._owners

    def wait_for_deleter(row: DueForecast) -> Any:
        assert is_deleting.wait(20)
        return owners_of(row)

    monkeypatch.setattr(releasing, "_owners", wait_for_deleter)
    releaser = threads.submit(closing, lambda: release(EVENING))
    with transaction.atomic():
        User.objects.get(pk=leaving.pk).delete()
        is_deleting.set()

    assert releaser.result(timeout=20) == 1
    assert [request.owner for request in ForecastRequest.objects.all()] == [staying]


def test_with_no_broker_the_row_is_asked_and_the_sweeper_rings_later(
    monkeypatch: pytest.MonkeyPatch, clock: SetClock
) -> None:
    ScheduleFactory(watchlist__instruments=[live()])
    send = bell.app.send_task
    monkeypatch.undo()  # the messages that no test sends, too
    with monkeypatch.context() as broken:
        broken.setattr(bell.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
        schedule_due()
    forecast = Forecast.objects.get()
    assert (DueForecast.objects.get().status, forecast.status, forecast.rung_at) == ("asked", "queued", None)

    monkeypatch.setattr(bell.app, "send_task", send)
    monkeypatch.setattr(bell, "messages_waiting", lambda _queue: 0)
    sweeper.sweep()

    forecast.refresh_from_db()
    assert forecast.rung_at is not None
