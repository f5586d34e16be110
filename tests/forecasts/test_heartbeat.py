"""The heart's thread, on rows that are really committed."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from forecasts.heartbeat import Heartbeat
from forecasts.models import Forecast
from tests.factories import ForecastFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claimed(monkeypatch: pytest.MonkeyPatch) -> Forecast:
    monkeypatch.setattr("forecasts.heartbeat.LOOK_SECONDS", 0.02)
    forecast = Forecast.objects.claim(ForecastFactory().pk)
    assert forecast is not None
    return forecast


def wait_until_stopped(beat: Heartbeat) -> bool:
    deadline = time.monotonic() + 10
    while not beat.should_stop() and time.monotonic() < deadline:
        time.sleep(0.01)
    return beat.should_stop()


def test_cancelling_is_noticed_without_a_report(claimed: Forecast) -> None:
    with Heartbeat(claimed) as beat:
        assert not beat.should_stop()
        Forecast.objects.cancel_unwanted()

        assert wait_until_stopped(beat)


def test_the_lease_is_renewed_in_time(claimed: Forecast, settings: object) -> None:
    settings.FORECAST_LEASE_SECONDS = 0.3  # type: ignore[attr-defined]  # pytest-django's fixture has no type
    soon = timezone.now() + timedelta(seconds=0.3)
    Forecast.objects.update(lease_until=soon)

    with Heartbeat(claimed) as beat:
        time.sleep(0.6)

    assert Forecast.objects.get().lease_until > soon
    assert not beat.should_stop()


def test_progress_is_written_a_few_times_a_second_and_stages_at_once(claimed: Forecast) -> None:
    with Heartbeat(claimed) as beat:
        beat.report(stage="training", progress=0.1)
        beat.report(progress=0.2)
        beat.report(stage="evaluating", progress=0.5)

    row = Forecast.objects.get()
    assert (row.stage, row.progress) == ("evaluating", 0.5)


def test_the_thread_leaves_no_connection_behind(claimed: Forecast) -> None:
    with Heartbeat(claimed):
        time.sleep(0.1)

    assert (
        connection.pool.get_stats().get("pool_available") == connection.pool.get_stats().get("pool_size") - 1
    )
