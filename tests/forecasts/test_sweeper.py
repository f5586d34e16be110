from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from forecasts import bell, sweeper
from forecasts.models import Evaluation, Forecast
from tests.factories import EvaluationFactory, ForecastFactory, ForecastRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The forecasts that were rung for; the queues are empty."""
    calls: list[int] = []
    monkeypatch.setattr("forecasts.bell.app.send_task", lambda _step, args, **_: calls.extend(args))
    monkeypatch.setattr("forecasts.bell.messages_waiting", lambda _queue: 0)
    return calls


def wanted(**fields: object) -> Forecast:
    forecast: Forecast = ForecastRequestFactory(forecast=ForecastFactory(**fields)).forecast
    return forecast


def test_a_bell_that_was_never_rung_is_rung(rung: list[int]) -> None:
    forecast = wanted()

    sweeper.sweep()

    assert rung == [forecast.pk]


def test_a_bell_just_rung_is_given_time(rung: list[int]) -> None:
    wanted(rung_at=timezone.now())

    sweeper.sweep()

    assert rung == []


def test_a_bell_that_nobody_answers_is_rung_again(rung: list[int]) -> None:
    forecast = wanted(rung_at=timezone.now() - timedelta(minutes=1))

    sweeper.sweep()

    assert rung == [forecast.pk]


def test_messages_still_in_the_queue_are_not_doubled(
    rung: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted(rung_at=timezone.now() - timedelta(minutes=1))
    monkeypatch.setattr("forecasts.bell.messages_waiting", lambda _queue: 1)

    sweeper.sweep()

    assert rung == []


def test_a_silent_worker_loses_its_forecast_to_the_next(rung: list[int]) -> None:
    forecast = wanted(running=True, lease_until=timezone.now() - timedelta(seconds=1))

    sweeper.sweep()

    assert Forecast.objects.get().status == "queued"
    assert rung == [forecast.pk]


def test_after_three_silent_workers_the_forecast_fails_with_a_reason(rung: list[int]) -> None:
    wanted(running=True, attempt=3, lease_until=timezone.now() - timedelta(seconds=1))

    sweeper.sweep()

    forecast = Forecast.objects.get()
    assert (forecast.status, forecast.error) == ("failed", sweeper.WORKER_DIED)
    assert rung == []


def test_a_forecast_whose_askers_left_is_cancelled(rung: list[int]) -> None:
    ForecastFactory()

    sweeper.sweep()

    assert Forecast.objects.get().status == "cancelled"
    assert rung == []


def test_a_broker_that_is_down_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell.app.conf, "broker_read_url", "redis://127.0.0.1:1/0")
    wanted()
    EvaluationFactory()

    sweeper.sweep()

    assert Forecast.objects.get().status == "queued"


def test_the_newest_evaluation_is_extended_first_and_one_at_a_time(rung: list[int]) -> None:
    _, newest = EvaluationFactory(), EvaluationFactory()
    EvaluationFactory(slow_baselines="done")

    sweeper.sweep()

    assert rung == [newest.pk]


def test_an_evaluation_that_somebody_extends_is_left_to_them(rung: list[int]) -> None:
    waiting, taken = EvaluationFactory(), EvaluationFactory()
    Evaluation.objects.claim(taken.pk)

    sweeper.sweep()

    assert rung == [waiting.pk]


def test_an_evaluation_is_given_up_after_three_attempts(rung: list[int]) -> None:
    EvaluationFactory(extend_attempts=3, extend_lease_until=timezone.now() - timedelta(seconds=1))

    sweeper.sweep()

    assert Evaluation.objects.get().slow_baselines == "left_out"
    assert rung == []


def test_no_message_joins_one_that_waits(rung: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    EvaluationFactory()
    monkeypatch.setattr("forecasts.bell.messages_waiting", lambda _queue: 1)

    sweeper.sweep()

    assert rung == []


def test_a_site_without_slow_baselines_asks_for_none(rung: list[int], settings: Settings) -> None:
    settings.SLOW_BASELINES = False
    EvaluationFactory()

    sweeper.sweep()

    assert rung == []
