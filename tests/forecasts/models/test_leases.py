"""Claims: one worker at a time, and a late one changes nothing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from forecasts.models import Forecast
from tests.factories import ForecastFactory, ForecastRequestFactory

pytestmark = pytest.mark.django_db
FAILURE = {"code": "x", "message": "y", "remedy": "z"}


def fall_silent(forecast: Forecast) -> None:
    Forecast.objects.filter(pk=forecast.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_queued_forecast_is_claimed_once() -> None:
    queued = ForecastFactory()

    first, second = Forecast.objects.claim(queued.pk), Forecast.objects.claim(queued.pk)

    assert first is not None
    assert (first.status, first.attempt) == ("running", 1)
    assert second is None


def test_a_silent_workers_claim_can_be_taken_over_and_then_it_writes_nothing() -> None:
    queued = ForecastFactory()
    late = Forecast.objects.claim(queued.pk)
    assert late is not None
    fall_silent(late)

    taken = Forecast.objects.claim(queued.pk)

    assert taken is not None
    assert (taken.attempt, taken.fence) == (2, 2)
    assert not Forecast.objects.renew(late)
    assert not Forecast.objects.advance(late, progress=0.9)
    assert not Forecast.objects.fail(late, FAILURE)
    assert Forecast.objects.advance(taken, progress=0.4)
    assert Forecast.objects.get().progress == 0.4


def test_there_are_three_attempts() -> None:
    queued = ForecastFactory()
    for _ in range(3):
        claimed = Forecast.objects.claim(queued.pk)
        assert claimed is not None
        fall_silent(claimed)

    assert Forecast.objects.claim(queued.pk) is None


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_what_is_finished_cannot_be_claimed(status: str) -> None:
    assert Forecast.objects.claim(ForecastFactory(**{status: True}).pk) is None


def test_handing_over_counts_attempts_anew_but_never_reuses_a_fence() -> None:
    claimed = Forecast.objects.claim(ForecastFactory(prices_ready=False).pk)
    assert claimed is not None

    Forecast.objects.hand_over(claimed)
    again = Forecast.objects.claim(claimed.pk)

    assert again is not None
    assert (again.prices_ready, again.attempt, again.fence) == (True, 1, 2)


def test_handing_over_answers_the_question_about_the_restated_prices() -> None:
    claimed = Forecast.objects.claim(ForecastFactory(prices_ready=False).pk)
    assert claimed is not None
    claimed.instrument.data_revision = 2

    Forecast.objects.hand_over(claimed)

    row = Forecast.objects.get()
    assert (row.data_revision, row.stage) == (2, "waiting")


def test_handing_over_goes_on_where_that_question_has_been_asked() -> None:
    claimed = Forecast.objects.claim(ForecastFactory(prices_ready=False).pk)
    assert claimed is not None
    key = ("instrument", "as_of", "method", "horizon", "settings_hash", "model_hash")
    ForecastFactory(data_revision=2, **{name: getattr(claimed, name) for name in key})
    claimed.instrument.data_revision = 2

    assert Forecast.objects.hand_over(claimed)

    claimed.refresh_from_db()
    assert (claimed.data_revision, claimed.status) == (1, "queued")


def test_cancelling_unwanted_ends_work_without_live_requests_only(user: User) -> None:
    wanted = ForecastRequestFactory(owner=user).forecast
    unwanted = ForecastFactory(status="running")
    finished = ForecastFactory(succeeded=True)

    Forecast.objects.cancel_unwanted()

    states = dict(Forecast.objects.values_list("pk", "status"))
    assert states == {wanted.pk: "queued", unwanted.pk: "cancelled", finished.pk: "succeeded"}


def test_a_question_has_one_living_row() -> None:
    first = ForecastFactory()
    same = {
        name: getattr(first, name)
        for name in (
            "instrument",
            "data_revision",
            "as_of",
            "method",
            "horizon",
            "settings_hash",
            "model_hash",
        )
    }
    with pytest.raises(IntegrityError):
        ForecastFactory(**same)
