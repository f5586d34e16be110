"""`watchlists/{id}/schedule/`, and the origin of forecasts."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import DueForecast, Schedule, Watchlist
from forecasts.refreshing.due import SETTLE, stagger
from tests.factories import ForecastRequestFactory, InstrumentFactory, ScheduleFactory, WatchlistFactory
from tests.forecasts.api.conftest import client_for

NOW = datetime(2024, 7, 8, 21, 30, tzinfo=UTC)


@pytest.fixture
def watchlist(user: User) -> Watchlist:
    stocks = [InstrumentFactory(yahoo=True, symbol="ACME"), InstrumentFactory(symbol="SAMPLE:AAPL")]
    made: Watchlist = WatchlistFactory(owner=user, instruments=stocks)
    return made


def at(watchlist: Watchlist) -> str:
    return f"/api/v1/watchlists/{watchlist.pk}/schedule/"


def test_schedule_tells_what_it_does(api: APIClient, watchlist: Watchlist) -> None:
    schedule = ScheduleFactory(watchlist=watchlist)
    acme = watchlist.instruments.get(symbol="ACME")
    DueForecast.objects.create(
        instrument=acme,
        session="2024-07-05",
        method="house",
        horizon=20,
        due_at=NOW,
        status="skipped",
        note="Too late.",
        settled_at=NOW,
    )
    api.force_authenticate(watchlist.owner)  # a token of today would be none of that day
    with time_machine.travel(NOW, tick=False):
        response = api.get(at(watchlist))

    next_at = datetime(2024, 7, 9, 20, tzinfo=UTC) + SETTLE + stagger(acme.pk)
    assert response.json() == {
        "method": "house",
        "horizon": 20,
        "cadence": "session",
        "is_active": True,
        "since": schedule.since.isoformat().replace("+00:00", "Z"),
        "symbols": ["ACME"],
        "left_out": ["SAMPLE:AAPL"],
        "next_at": next_at.isoformat().replace("+00:00", "Z"),
        "next_symbol": "ACME",
        "skipped": [{"symbol": "ACME", "session": "2024-07-05", "detail": "Too late."}],
    }


def test_schedule_is_put_with_defaults_changed_and_paused(api: APIClient, watchlist: Watchlist) -> None:
    made = api.put(at(watchlist))
    assert (made.status_code, made.json()["cadence"], made.json()["horizon"]) == (200, "session", 20)

    body = {"method": "fine-tuned", "horizon": 5, "cadence": "week", "is_active": False}
    changed = api.put(at(watchlist), body)

    assert {name: changed.json()[name] for name in body} == body
    assert (changed.json()["next_at"], Schedule.objects.count()) == (None, 1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"horizon": 61}, ("max_value", "horizon")),
        ({"horizon": None}, ("null", "horizon")),
        ({"method": "magic"}, ("invalid_choice", "method")),
        ({"method": "from-scratch"}, ("invalid", "method")),
        ({"cadence": "hour"}, ("invalid_choice", "cadence")),
        ({"is_active": "perhaps"}, ("invalid", "is_active")),
        ({"colour": "red"}, ("unknown_field", "colour")),
    ],
)
def test_schedule_refuses(api: APIClient, watchlist: Watchlist, body: Any, expected: tuple[str, str]) -> None:
    response = api.put(at(watchlist), body)

    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"], error["attr"]) == (400, *expected)
    assert not Schedule.objects.exists()


def test_schedule_is_removed_once(api: APIClient, watchlist: Watchlist) -> None:
    ScheduleFactory(watchlist=watchlist)

    assert [api.delete(at(watchlist)).status_code for _ in range(2)] == [204, 404]
    missing = api.get(at(watchlist))
    assert missing.status_code == 404
    assert "PUT one here" in missing.json()["errors"][0]["detail"]


def everything(client: APIClient, watchlist: Watchlist) -> list[int]:
    address = at(watchlist)
    return [
        answer.status_code for answer in (client.get(address), client.put(address), client.delete(address))
    ]


def test_somebody_elses_schedule_is_not_found(
    other_api: APIClient, nobody: APIClient, watchlist: Watchlist
) -> None:
    ScheduleFactory(watchlist=watchlist, horizon=7)

    assert everything(other_api, watchlist) == [404] * 3
    assert everything(nobody, watchlist) == [401] * 3
    assert Schedule.objects.get().horizon == 7


@pytest.mark.parametrize(
    ("scopes", "codes"),
    [
        (["read"], [200, 403, 403]),
        (["watchlists:write"], [403, 403, 204]),
        (["forecasts:write"], [403, 403, 403]),
        (["watchlists:write", "forecasts:write"], [403, 200, 204]),
    ],
)
def test_a_token_that_schedules_must_be_allowed_to_ask(
    user: User, watchlist: Watchlist, scopes: list[str], codes: list[int]
) -> None:
    ScheduleFactory(watchlist=watchlist)

    assert everything(client_for(user, *scopes), watchlist) == codes


def test_the_scope_that_lacks_is_named(user: User, watchlist: Watchlist) -> None:
    response = client_for(user, "watchlists:write").put(at(watchlist))

    assert "lacks the scope “forecasts:write”" in response.json()["errors"][0]["detail"]


def test_schedule_takes_the_same_queries_at_one_symbol_and_at_three(
    watchlist: Watchlist, count_queries: Any
) -> None:
    ScheduleFactory(watchlist=watchlist)
    at_one = count_queries(at(watchlist))
    for instrument in InstrumentFactory.create_batch(2, yahoo=True):
        watchlist.entries.create(instrument=instrument)

    assert count_queries(at(watchlist)) == at_one


def test_forecasts_tell_their_origin_and_can_be_narrowed_by_it(api: APIClient, user: User) -> None:
    made = {origin: ForecastRequestFactory(owner=user, origin=origin) for origin in ("asked", "schedule")}

    def listed(query: str = "") -> dict[str, str]:
        rows = api.get(f"/api/v1/forecasts/{query}").json()["results"]
        return {row["id"]: row["origin"] for row in rows}

    assert listed() == {str(request.pk): origin for origin, request in made.items()}
    assert listed("?origin=schedule") == {str(made["schedule"].pk): "schedule"}
    assert listed("?origin=") == listed()
    refused = api.get("/api/v1/forecasts/?origin=magic")
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "origin")
