"""A watchlist's schedule on the list's page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from forecasts import services
from forecasts.models import DueForecast, ForecastRequest, Schedule, Watchlist
from tests.factories import (
    ForecastFactory,
    ForecastRequestFactory,
    InstrumentFactory,
    ScheduleFactory,
    WatchlistFactory,
)

VIEWS = ["schedule_set", "schedule_pause", "schedule_remove"]
WISH = {"method": "house", "horizon": "5", "cadence": "week"}


def url(name: str, watchlist: Watchlist) -> str:
    return reverse(f"forecasts:{name}", args=[watchlist.pk])


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def watchlist(user: User) -> Watchlist:
    stocks = [InstrumentFactory(yahoo=True, symbol="ACME"), InstrumentFactory(symbol="SAMPLE:AAPL")]
    made: Watchlist = WatchlistFactory(owner=user, name="Tech", instruments=stocks)
    return made


@pytest.mark.parametrize("name", VIEWS)
def test_schedule_changes_are_the_owners_alone(name: str, watchlist: Watchlist, as_other: Client) -> None:
    ScheduleFactory(watchlist=watchlist)
    address = url(name, watchlist)

    assert as_other.post(address, WISH).status_code == 404
    assert Client().post(address, WISH).url == f"/accounts/login/?next={address}"
    assert [(row.horizon, row.is_active) for row in Schedule.objects.all()] == [(20, True)]


@pytest.mark.parametrize("name", VIEWS)
def test_schedule_addresses_lead_to_the_list(name: str, watchlist: Watchlist, signed_in: Client) -> None:
    assert signed_in.get(url(name, watchlist)).url == watchlist.get_absolute_url()


def test_schedule_set_makes_one_and_the_page_says_what_it_does(
    signed_in: Client, watchlist: Watchlist
) -> None:
    before = text_of(signed_in.get(watchlist.get_absolute_url()))
    assert "It would forecast 1 symbol and begin with the next close." in before

    response = signed_in.post(url("schedule_set", watchlist), WISH, follow=True)

    made = Schedule.objects.get(watchlist=watchlist)
    assert (made.method, made.horizon, made.cadence, made.is_active) == ("house", 5, "week", True)
    page = text_of(response)
    assert "1 symbol, after the last close of a week, 5 sessions ahead; method: house model." in page
    assert "Next: <strong>ACME</strong> on" in page
    assert "Left out, since no newer prices of it come by themselves: SAMPLE:AAPL." in page


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"horizon": "99"}, "horizon", "less than or equal to 60"),
        ({"horizon": ""}, "horizon", "Say how many sessions ahead"),
        ({"method": "from-scratch"}, "method", "from-scratch is not one of the available choices"),
    ],
)
def test_schedule_set_refuses_beside_the_field(
    signed_in: Client, watchlist: Watchlist, change: dict[str, str], field: str, words: str
) -> None:
    response = signed_in.post(url("schedule_set", watchlist), WISH | change)

    assert response.status_code == 400
    assert words in response.context["schedule_form"].errors[field][0]
    assert not Schedule.objects.exists()


def test_schedule_set_changes_a_paused_one_and_leaves_it_paused(
    signed_in: Client, watchlist: Watchlist
) -> None:
    ScheduleFactory(watchlist=watchlist, is_active=False)

    signed_in.post(url("schedule_set", watchlist), WISH)

    assert [(row.horizon, row.is_active) for row in Schedule.objects.all()] == [(5, False)]


def test_schedule_set_says_when_there_are_too_many(
    signed_in: Client, watchlist: Watchlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.schedules, "MAX_SCHEDULES", 0)

    response = signed_in.post(url("schedule_set", watchlist), WISH)

    assert "the most there can be" in text_of(response)


def test_schedule_pause_and_resume(signed_in: Client, watchlist: Watchlist) -> None:
    schedule = ScheduleFactory(watchlist=watchlist)

    paused = signed_in.post(url("schedule_pause", watchlist), follow=True)
    schedule.refresh_from_db()
    assert not schedule.is_active
    assert "<strong>Paused.</strong>" in text_of(paused)

    signed_in.post(url("schedule_pause", watchlist), {"resume": ""})
    schedule.refresh_from_db()
    assert schedule.is_active


def test_schedule_remove_leaves_the_forecasts(signed_in: Client, watchlist: Watchlist) -> None:
    ScheduleFactory(watchlist=watchlist)
    ForecastRequestFactory(owner=watchlist.owner, origin="schedule")

    response = signed_in.post(url("schedule_remove", watchlist), follow=True)

    assert (Schedule.objects.count(), ForecastRequest.objects.count()) == (0, 1)
    assert "The forecasts that it made stay." in text_of(response)


@pytest.mark.parametrize("name", ["schedule_pause", "schedule_remove"])
def test_schedule_that_is_not_there_is_said_so(name: str, signed_in: Client, watchlist: Watchlist) -> None:
    response = signed_in.post(url(name, watchlist), follow=True)

    assert [str(message) for message in response.context["messages"]] == [
        "The watchlist 'Tech' has no schedule."
    ]


def test_schedule_set_for_a_list_deleted_meanwhile_is_not_found(
    signed_in: Client, watchlist: Watchlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    do = services.set_schedule

    def delete_first(**asked: Any) -> None:
        Watchlist.objects.all().delete()
        do(**asked)

    monkeypatch.setattr(services, "set_schedule", delete_first)

    assert signed_in.post(url("schedule_set", watchlist), WISH).status_code == 404


def test_watchlist_detail_tells_what_was_skipped(signed_in: Client, watchlist: Watchlist) -> None:
    schedule = ScheduleFactory(watchlist=watchlist)
    acme = watchlist.instruments.get(symbol="ACME")
    DueForecast.objects.create(
        instrument=acme,
        session="2024-07-08",
        method="house",
        horizon=20,
        due_at=schedule.since,
        settled_at=schedule.created_at,
        status="skipped",
        note="Its prices <never> came.",
    )

    page = text_of(signed_in.get(watchlist.get_absolute_url()))

    assert "<strong>ACME</strong>, after 8 Jul 2024: Its prices &lt;never&gt; came." in page


def test_watchlist_detail_with_a_schedule_asks_as_often_for_three_rows_as_for_one(
    signed_in: Client, watchlist: Watchlist, queries: Callable[[Client, str], int]
) -> None:
    ScheduleFactory(watchlist=watchlist)
    one = queries(signed_in, watchlist.get_absolute_url())
    for instrument in InstrumentFactory.create_batch(2, yahoo=True):
        watchlist.entries.create(instrument=instrument)

    assert queries(signed_in, watchlist.get_absolute_url()) == one


# The list of forecasts ----------------------------------------------------------------------------------


def symbols(response: Any) -> set[str]:
    return {wish.forecast.instrument.symbol for wish in response.context["page"]}


def test_forecast_list_can_be_narrowed_to_those_asked_for_or_scheduled(signed_in: Client, user: User) -> None:
    for origin in ("asked", "schedule"):
        stock = InstrumentFactory(symbol=f"SAMPLE:{origin.upper()}")
        ForecastRequestFactory(owner=user, origin=origin, forecast=ForecastFactory(instrument=stock))

    shown = {
        value: symbols(signed_in.get("/forecasts/", {"origin": value})) for value in ("asked", "schedule")
    }

    assert shown == {"asked": {"SAMPLE:ASKED"}, "schedule": {"SAMPLE:SCHEDULE"}}
    for all_of_them in ({}, {"origin": ""}, {"origin": "elsewhere"}):
        assert len(symbols(signed_in.get("/forecasts/", all_of_them))) == 2


@pytest.mark.parametrize(
    ("origin", "words"),
    [("schedule", "No schedule has asked for a forecast yet"), ("asked", "You have asked for none by hand")],
)
def test_forecast_list_says_why_it_is_empty(signed_in: Client, origin: str, words: str) -> None:
    assert words in text_of(signed_in.get("/forecasts/", {"origin": origin}))
