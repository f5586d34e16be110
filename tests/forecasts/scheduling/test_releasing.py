"""Asking for what has become due, in the name of its owners."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from forecasts import bell, services
from forecasts.errors import RequestRefused
from forecasts.models import DueForecast, Forecast, ForecastRequest, Instrument
from forecasts.scheduling import releasing, schedule_due
from tests.factories import UserFactory, bars
from tests.forecasts.scheduling.conftest import (
    EVENING,
    FRIDAY,
    MONDAY,
    SetClock,
    live,
    outcomes,
    schedule_for,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def due(instrument: Instrument, **fields: Any) -> DueForecast:
    question = {"session": MONDAY, "method": "house", "horizon": 20, "due_at": EVENING} | fields
    return DueForecast.objects.create(instrument=instrument, **question)


# Asking -------------------------------------------------------------------------------------------------


def test_a_forecast_is_asked_for_after_the_close_in_the_owners_name(user: User) -> None:
    schedule_for(user, live(), horizon=5)

    schedule_due()

    request = ForecastRequest.objects.get()
    asked = request.forecast
    assert (request.owner, request.origin) == (user, "schedule")
    assert (asked.as_of, asked.method, asked.horizon, asked.status) == (MONDAY, "house", 5, "queued")
    row = DueForecast.objects.get()
    assert (row.status, row.note, row.settled_at) == ("asked", "", EVENING)


def test_everyone_who_asks_the_same_shares_the_work_and_nobody_is_asked_for_twice(
    user: User, other: User
) -> None:
    acme = live()
    schedule_for(user, acme)
    schedule_for(user, acme, live("BETA"))
    schedule_for(other, acme)

    schedule_due()
    schedule_due()

    assert Forecast.objects.filter(instrument=acme).count() == 1
    owners = ForecastRequest.objects.filter(forecast__instrument=acme).values_list("owner", flat=True)
    assert sorted(owners) == sorted([user.pk, other.pk])
    assert outcomes() == [("ACME", "asked", ""), ("BETA", "asked", "")]


def test_workers_are_rung_for_once_a_forecast(
    user: User,
    other: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", rung.append)
    acme = live()
    for owner in (user, other):
        schedule_for(owner, acme)

    with django_capture_on_commit_callbacks(execute=True):
        schedule_due()

    assert rung == [Forecast.objects.get().pk]


def test_a_row_waits_for_its_moment_and_its_bar(user: User, clock: SetClock) -> None:
    acme = live(last=FRIDAY)
    schedule_for(user, acme)
    row = due(acme, due_at=EVENING + timedelta(minutes=5))

    schedule_due()
    clock(EVENING + timedelta(minutes=6))
    schedule_due()
    assert not ForecastRequest.objects.exists()
    bars(acme, 1, last=MONDAY, state="provisional")
    schedule_due()

    row.refresh_from_db()
    assert (row.status, ForecastRequest.objects.count()) == ("asked", 1)


def test_a_bar_of_a_session_that_was_not_over_does_not_do(user: User) -> None:
    acme = live(last=FRIDAY)
    bars(acme, 1, last=MONDAY, state="unfinished")
    schedule_for(user, acme)

    schedule_due()

    assert outcomes() == [("ACME", "waiting", "")]


def test_after_six_hours_a_worker_looks_for_the_bar_itself(user: User, clock: SetClock) -> None:
    schedule_for(user, live(last=FRIDAY))
    schedule_due()

    clock(EVENING + timedelta(hours=6))
    schedule_due()

    assert outcomes() == [("ACME", "asked", "")]
    assert Forecast.objects.get().as_of == MONDAY


def test_an_earlier_request_by_hand_stays_the_persons_own(user: User, other: User) -> None:
    acme, question = live(), services.Question("ACME", 20, "house")
    by_hand = {owner: services.request_forecast(owner=owner, question=question) for owner in (user, other)}
    newcomer = UserFactory()
    for owner in (user, other, newcomer):
        schedule_for(owner, acme)

    schedule_due()

    requests = {request.owner: request for request in ForecastRequest.objects.all()}
    assert {owner: requests[owner] for owner in by_hand} == by_hand
    origins = [requests[owner].origin for owner in (user, other, newcomer)]
    assert origins == ["asked", "asked", "schedule"]


def test_a_scheduled_request_becomes_the_persons_own_when_asked_by_hand(user: User) -> None:
    schedule_for(user, live())
    schedule_due()

    services.request_forecast(owner=user, question=services.Question("ACME", 20, "house"))

    assert [request.origin for request in ForecastRequest.objects.all()] == ["asked"]


# Skipping -----------------------------------------------------------------------------------------------


def test_what_is_over_before_it_was_asked_for_is_skipped(user: User, clock: SetClock) -> None:
    schedule_for(user, live(last=FRIDAY))
    schedule_due()

    clock(EVENING.replace(day=9, hour=13, minute=29))
    schedule_due()
    assert outcomes() == [("ACME", "asked", "")]
    DueForecast.objects.update(status="waiting")
    clock(EVENING.replace(day=9, hour=13, minute=30))
    schedule_due()

    assert outcomes() == [("ACME", "skipped", releasing.TOO_LATE)]


def test_after_three_weeks_off_one_forecast_is_asked_for_and_none_is_made_up_for(
    user: User, clock: SetClock
) -> None:
    acme = live(last=FRIDAY)
    schedule_for(user, acme)
    schedule_due()

    clock(EVENING + timedelta(weeks=3))
    bars(acme, 16, last=MONDAY + timedelta(weeks=3))
    schedule_due()

    assert outcomes() == [("ACME", "skipped", releasing.TOO_LATE), ("ACME", "asked", "")]
    assert [asked.as_of for asked in Forecast.objects.all()] == [MONDAY + timedelta(weeks=3)]


def test_a_crypto_bar_that_does_not_come_within_six_hours_is_not_waited_for(
    user: User, clock: SetClock
) -> None:
    schedule_for(user, live("BTC-USD", calendar="24/7", last=FRIDAY))
    clock(EVENING.replace(day=9, hour=1, minute=0))
    schedule_due()
    assert outcomes() == [("BTC-USD", "waiting", "")]

    clock(EVENING.replace(day=9, hour=6, minute=0))
    schedule_due()

    assert outcomes() == [("BTC-USD", "skipped", releasing.TOO_LATE)]


@pytest.mark.parametrize(
    "error",
    [
        {"code": "delisted", "message": "ACME has been delisted."},
        {
            "code": "no_data",
            "message": "ACME has been delisted.",
            "missing_on": ["2024-07-05", "2024-07-07", "2024-07-08"],
        },
    ],
)
def test_what_its_source_no_longer_has_is_skipped_at_once(user: User, error: dict[str, Any]) -> None:
    schedule_for(user, live(last=FRIDAY, fetch_error=error | {"at": EVENING.isoformat()}))

    schedule_due()

    words = "Its source has no newer prices: ACME has been delisted."
    assert outcomes() == [("ACME", "skipped", words)]
    assert not ForecastRequest.objects.exists()


def test_a_passing_failure_of_the_source_is_waited_out(user: User) -> None:
    error = {"code": "no_data", "message": "No.", "missing_on": ["2024-07-08"], "at": EVENING.isoformat()}
    schedule_for(user, live(last=FRIDAY, fetch_error=error))

    schedule_due()

    assert outcomes() == [("ACME", "waiting", "")]


@pytest.mark.parametrize("why", ["paused", "removed", "deleted", "inactive"])
def test_what_nobody_asks_for_any_more_is_skipped(user: User, clock: SetClock, why: str) -> None:
    acme = live()
    schedule_for(user, acme)
    clock(EVENING - timedelta(hours=1, minutes=15))
    schedule_due()
    (watchlist,) = user.watchlists.all()
    if why == "paused":
        services.pause_schedule(watchlist=watchlist, is_active=False)
    elif why == "removed":
        services.remove_from_watchlist(watchlist=watchlist, symbol="ACME")
    elif why == "deleted":
        user.delete()
    else:
        User.objects.update(is_active=False)

    clock(EVENING)
    schedule_due()

    assert outcomes() == [("ACME", "skipped", releasing.NOBODY)]


def test_what_is_refused_is_skipped_in_the_words_of_the_refusal(user: User) -> None:
    acme = live(last=None)
    bars(acme, 40, last=MONDAY)
    schedule_for(user, acme)

    schedule_due()

    ((_, status, note),) = outcomes()
    assert status == "skipped"
    assert note.startswith("house needs 250 sessions; ACME has 40 up to 2024-07-08.")


def test_what_cannot_be_asked_at_this_moment_is_asked_later(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule_for(user, live())

    def busy(**_: Any) -> Forecast:
        raise RequestRefused("Try again in a moment.", code="busy")

    with monkeypatch.context() as crowded:
        crowded.setattr(releasing, "ask_for_all", busy)
        schedule_due()
    assert outcomes() == [("ACME", "waiting", "")]
    schedule_due()

    assert outcomes() == [("ACME", "asked", "")]
