"""`watchlists/`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from forecasts import services
from forecasts.models import ForecastRequest, Instrument, Watchlist
from tests.factories import InstrumentFactory, WatchlistFactory, bars, token_for
from tests.forecasts.api.conftest import client_for

LIST = "/api/v1/watchlists/"


@pytest.fixture
def apple(db: None) -> Instrument:
    return InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.")


@pytest.fixture
def watchlist(user: User, apple: Instrument) -> Watchlist:
    return WatchlistFactory(owner=user, name="Technology", instruments=[apple])


def at(watchlist: Watchlist, rest: str = "") -> str:
    return f"{LIST}{watchlist.pk}/{rest}"


def error_of(response: Response) -> tuple[str, str | None]:
    (error,) = response.json()["errors"]
    return error["code"], error["attr"]


def test_watchlist_list_holds_ones_own(api: APIClient, watchlist: Watchlist) -> None:
    WatchlistFactory()

    (row,) = api.get(LIST).json()["results"]

    created = row.pop("created_at")
    assert row == {"id": str(watchlist.pk), "name": "Technology", "symbols": ["SAMPLE:AAPL"]}
    assert created == watchlist.created_at.isoformat().replace("+00:00", "Z")


def test_watchlist_list_takes_the_same_queries_at_one_row_and_at_three(
    user: User, watchlist: Watchlist, count_queries: Callable[[str], int]
) -> None:
    at_one = count_queries(LIST)
    for _ in range(2):
        WatchlistFactory(owner=user, instruments=InstrumentFactory.create_batch(3))

    assert count_queries(LIST) == at_one


def test_watchlist_create_answers_with_where_it_is(api: APIClient, user: User) -> None:
    response = api.post(LIST, {"name": " My  list "})

    made = Watchlist.objects.get(owner=user)
    assert response.status_code == 201
    assert response["Location"] == f"http://testserver{at(made)}"
    assert (response.json()["id"], response.json()["name"]) == (str(made.pk), "My list")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ("empty_body", "non_field_errors")),
        ([], ("empty_body", "non_field_errors")),
        ({"name": ""}, ("blank", "name")),
        ({"name": None}, ("null", "name")),
        ({"name": "x" * 81}, ("max_length", "name")),
        ({"name": "nul \0"}, ("null_characters_not_allowed", "name")),
        ({"name": "Technology"}, ("name_taken", "name")),
        ({"name": "New", "colour": "red"}, ("unknown_field", "colour")),
    ],
)
def test_watchlist_create_refuses(
    api: APIClient, watchlist: Watchlist, body: object, expected: tuple[str, str]
) -> None:
    response = api.post(LIST, body)

    assert response.status_code == 400
    assert error_of(response) == expected
    assert Watchlist.objects.count() == 1


def test_watchlists_take_null_for_an_empty_body(api: APIClient, watchlist: Watchlist) -> None:
    json = "application/json"

    for refused in (
        api.post("/api/v1/watchlists/", "null", content_type=json),
        api.patch(at(watchlist), "null", content_type=json),
        api.post(at(watchlist, "symbols/"), "null", content_type=json),
    ):
        assert error_of(refused) == ("empty_body", "non_field_errors")
    # Here an empty body takes the defaults.
    assert api.post(at(watchlist, "forecasts/"), "null", content_type=json).status_code == 202


@pytest.mark.parametrize(("name", "service"), [("", "rename_watchlist"), ("symbols/", "add_to_watchlist")])
def test_a_watchlist_deleted_meanwhile_is_not_found(
    api: APIClient, watchlist: Watchlist, monkeypatch: pytest.MonkeyPatch, name: str, service: str
) -> None:
    do = getattr(services, service)

    def delete_first(**asked: Any) -> None:
        Watchlist.objects.all().delete()
        do(**asked)

    monkeypatch.setattr(services, service, delete_first)
    call, body = (api.post, {"symbol": "SAMPLE:AAPL"}) if name else (api.patch, {"name": "New"})

    assert call(at(watchlist, name), body).status_code == 404
    assert Watchlist.objects.count() == 0


def test_watchlist_rename(api: APIClient, watchlist: Watchlist) -> None:
    response = api.patch(at(watchlist), {"name": "Computers"})

    assert (response.status_code, response.json()["name"]) == (200, "Computers")
    assert Watchlist.objects.get().name == "Computers"


def test_watchlist_delete_leaves_the_instruments(api: APIClient, watchlist: Watchlist) -> None:
    assert api.delete(at(watchlist)).status_code == 204

    assert (Watchlist.objects.count(), Instrument.objects.count()) == (0, 1)


@pytest.mark.parametrize("text", ["sample:ibm", "business"])
def test_symbols_are_added_by_symbol_or_by_name_and_once(
    api: APIClient, watchlist: Watchlist, text: str
) -> None:
    bars(InstrumentFactory(symbol="SAMPLE:IBM", name="International Business Machines"))

    for _ in range(2):
        response = api.post(at(watchlist, "symbols/"), {"symbol": text})

    assert response.status_code == 201
    assert response.json()["symbols"] == ["SAMPLE:AAPL", "SAMPLE:IBM"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ("empty_body", "non_field_errors")),
        ({"symbol": ""}, ("blank", "symbol")),
        ({"symbol": "SAMPLE:NONE"}, ("unknown_symbol", "symbol")),
        ({"symbol": "not a symbol"}, ("invalid_symbol", "symbol")),
        ({"symbol": ["AAPL"]}, ("invalid", "symbol")),
    ],
)
def test_symbols_that_cannot_be_added(
    api: APIClient, watchlist: Watchlist, body: object, expected: tuple[str, str]
) -> None:
    response = api.post(at(watchlist, "symbols/"), body)

    assert response.status_code == 400
    assert error_of(response) == expected
    assert watchlist.entries.count() == 1


def test_symbols_are_removed_once(api: APIClient, watchlist: Watchlist) -> None:
    answers = [api.delete(at(watchlist, "symbols/sample:aapl/")).status_code for _ in range(2)]

    assert answers == [204, 404]
    assert watchlist.entries.count() == 0


def test_forecasts_of_a_list_and_why_some_are_refused(
    api: APIClient, user: User, watchlist: Watchlist, apple: Instrument
) -> None:
    bars(apple, count=300)
    short = InstrumentFactory(symbol="SAMPLE:NEW")
    bars(short, count=100)
    watchlist.entries.create(instrument=short)

    response = api.post(at(watchlist, "forecasts/"), {"horizon": 5, "method": "house"})

    asked = ForecastRequest.objects.get(owner=user)
    assert response.status_code == 202
    assert [row["id"] for row in response.json()["forecasts"]] == [str(asked.pk)]
    assert (asked.forecast.instrument, asked.forecast.horizon) == (apple, 5)
    (refused,) = response.json()["refused"]
    assert (refused["symbol"], refused["code"]) == ("SAMPLE:NEW", "too_short")


def test_forecasts_of_a_list_need_no_body(api: APIClient, watchlist: Watchlist, apple: Instrument) -> None:
    bars(apple, count=600)

    response = api.post(at(watchlist, "forecasts/"))

    (row,) = response.json()["forecasts"]
    assert (row["horizon"], row["method"]) == (20, "fine-tuned")


def test_forecasts_of_a_list_with_a_bad_horizon_are_refused_as_a_whole(
    api: APIClient, watchlist: Watchlist
) -> None:
    response = api.post(at(watchlist, "forecasts/"), {"horizon": 61})

    assert response.status_code == 400
    assert error_of(response) == ("max_value", "horizon")


def everything(client: APIClient, watchlist: Watchlist) -> list[int]:
    """Try all that can be done with a watchlist, and return the answers' codes."""
    return [
        client.get(at(watchlist)).status_code,
        client.patch(at(watchlist), {"name": "Stolen"}).status_code,
        client.post(at(watchlist, "symbols/"), {"symbol": "SAMPLE:AAPL"}).status_code,
        client.delete(at(watchlist, "symbols/SAMPLE:AAPL/")).status_code,
        client.post(at(watchlist, "forecasts/"), {"method": "house"}).status_code,
        client.delete(at(watchlist)).status_code,
    ]


def test_somebody_elses_watchlist_is_not_found(other_api: APIClient, watchlist: Watchlist) -> None:
    assert everything(other_api, watchlist) == [404] * 6
    assert Watchlist.objects.get().name == "Technology"


def test_nobody_is_asked_to_sign_in(nobody: APIClient, watchlist: Watchlist) -> None:
    assert everything(nobody, watchlist) == [401] * 6
    assert nobody.get(LIST).status_code == nobody.post(LIST, {"name": "x"}).status_code == 401


def test_an_expired_token_opens_nothing(nobody: APIClient, user: User, watchlist: Watchlist) -> None:
    expired = token_for(user, lifetime=timedelta(seconds=-1))
    nobody.credentials(HTTP_AUTHORIZATION=f"Token {expired}")

    assert everything(nobody, watchlist) == [401] * 6


@pytest.mark.parametrize(
    ("scopes", "codes"),
    [
        (["read"], [200, 403, 403, 403, 403, 403]),
        (["forecasts:write"], [403, 403, 403, 403, 202, 403]),
        (["watchlists:write"], [403, 200, 201, 204, 403, 204]),
    ],
)
def test_a_token_may_do_what_its_scopes_say(
    user: User, watchlist: Watchlist, apple: Instrument, scopes: list[str], codes: list[int]
) -> None:
    bars(apple, count=300)

    assert everything(client_for(user, *scopes), watchlist) == codes
