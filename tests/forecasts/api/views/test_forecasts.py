"""`forecasts/`: who may do what, following, stopping and forgetting."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import Forecast, ForecastRequest, Instrument
from tests.factories import ForecastRequestFactory, InstrumentFactory, bars, token_for
from tests.forecasts.api.conftest import client_for

LIST = "/api/v1/forecasts/"
HOUSE = {"symbol": "SAMPLE:AAPL", "method": "house"}


@pytest.fixture
def apple(db: None) -> Instrument:
    apple = InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.")
    bars(apple, count=300)
    return apple


@pytest.fixture
def waiting(user: User) -> ForecastRequest:
    return ForecastRequestFactory(owner=user)


def at(request: ForecastRequest, rest: str = "") -> str:
    return f"{LIST}{request.pk}/{rest}"


def error_of(response: Response) -> tuple[str, str | None]:
    (error,) = response.json()["errors"]
    return error["code"], error["attr"]


def ids(api: APIClient, query: str = "") -> list[str]:
    return [row["id"] for row in api.get(LIST + query).json()["results"]]


# Lists -------------------------------------------------------------------------------------------------


def test_forecast_list_holds_ones_own_newest_first(api: APIClient, user: User) -> None:
    older = ForecastRequestFactory(owner=user)
    newer = ForecastRequestFactory(owner=user, forecast__succeeded=True)
    ForecastRequestFactory()
    ForecastRequestFactory(owner=None)
    ForecastRequest.objects.filter(pk=older.pk).update(created_at=newer.created_at - timedelta(hours=1))

    assert ids(api) == [str(newer.pk), str(older.pk)]


def test_forecast_list_leaves_the_numbers_out(api: APIClient, user: User) -> None:
    finished = ForecastRequestFactory(owner=user, forecast__succeeded=True)
    whole = api.get(at(finished)).json()

    (row,) = api.get(LIST).json()["results"]

    heavy = {
        "last_close",
        "levels",
        "points",
        "naive_points",
        "ledger_entry",
        "calibration",
        "evaluation",
        "model",
    }
    assert row == {name: value for name, value in whole.items() if name not in heavy}


def test_forecast_list_takes_the_same_queries_at_one_row_and_at_three(
    user: User, count_queries: Callable[[str], int]
) -> None:
    ForecastRequestFactory(owner=user, forecast__succeeded=True)
    at_one = count_queries(LIST)
    for trait in ("succeeded", "failed"):
        ForecastRequestFactory(owner=user, **{f"forecast__{trait}": True})

    assert count_queries(LIST) == at_one


def test_forecast_list_finds_by_symbol_status_and_method(api: APIClient, user: User) -> None:
    queued = ForecastRequestFactory(owner=user, forecast__instrument__symbol="SAMPLE:A")
    done = ForecastRequestFactory(owner=user, forecast__succeeded=True, forecast__method="fine-tuned")
    withdrawn = ForecastRequestFactory(owner=user, forecast__running=True, cancelled_at=queued.created_at)

    assert ids(api, "?symbol=sample:a") == [str(queued.pk)]
    assert ids(api, "?method=fine-tuned") == [str(done.pk)]
    assert ids(api, "?status=succeeded") == [str(done.pk)]
    assert ids(api, "?status=cancelled") == [str(withdrawn.pk)]
    assert ids(api, "?status=running") == []
    assert ids(api, "?status=queued&method=house&symbol=SAMPLE:A") == [str(queued.pk)]
    assert len(ids(api, "?symbol=&status=&method=")) == 3
    assert ids(api, "?symbol=sample%00:a") == [str(queued.pk)]
    assert len(ids(api, "?symbol=%00")) == 3


@pytest.mark.parametrize(("query", "field"), [("?status=done", "status"), ("?method=magic", "method")])
def test_forecast_list_refuses_what_it_cannot_find_by(api: APIClient, query: str, field: str) -> None:
    response = api.get(LIST + query)

    assert response.status_code == 400
    assert error_of(response) == ("invalid_choice", field)


def test_forecast_list_comes_in_pages(api: APIClient, user: User) -> None:
    ForecastRequestFactory.create_batch(3, owner=user)

    body = api.get(f"{LIST}?limit=2").json()

    assert (body["count"], len(body["results"])) == (3, 2)
    assert len(api.get(body["next"]).json()["results"]) == 1


# Stopping and forgetting -------------------------------------------------------------------------------


def test_cancel_ends_the_request_and_work_that_nobody_else_wants(
    api: APIClient, waiting: ForecastRequest
) -> None:
    response = api.post(at(waiting, "cancel/"))

    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert response.json()["finished_at"] is not None
    assert Forecast.objects.get().status == "cancelled"


def test_cancel_leaves_the_work_that_another_wants(
    api: APIClient, other: User, waiting: ForecastRequest
) -> None:
    ForecastRequestFactory(owner=other, forecast=waiting.forecast)

    assert api.post(at(waiting, "cancel/")).json()["status"] == "cancelled"

    assert Forecast.objects.get().status == "queued"


@pytest.mark.parametrize("trait", ["succeeded", "failed", "cancelled"])
def test_cancel_of_a_finished_forecast_is_a_conflict(api: APIClient, user: User, trait: str) -> None:
    finished = ForecastRequestFactory(owner=user, **{f"forecast__{trait}": True})

    response = api.post(at(finished, "cancel/"))

    assert response.status_code == 409
    assert error_of(response) == ("already_finished", None)


def test_delete_forgets_the_request_and_stops_the_work(api: APIClient, waiting: ForecastRequest) -> None:
    assert api.delete(at(waiting)).status_code == 204

    assert api.get(at(waiting)).status_code == 404
    assert Forecast.objects.get().status == "cancelled"


# Who ---------------------------------------------------------------------------------------------------


def everything(client: APIClient, request: ForecastRequest) -> list[int]:
    """Try all that can be done with a forecast, and return the answers' codes."""
    return [
        client.get(at(request)).status_code,
        client.get(at(request, "chart/")).status_code,
        client.get(at(request, "export/")).status_code,
        client.post(at(request, "cancel/")).status_code,
        client.delete(at(request)).status_code,
    ]


@pytest.mark.parametrize("trait", ["running", "succeeded"])
def test_somebody_elses_forecast_is_not_found(other_api: APIClient, user: User, trait: str) -> None:
    mine = ForecastRequestFactory(owner=user, **{f"forecast__{trait}": True})

    assert everything(other_api, mine) == [404] * 5
    assert ForecastRequest.objects.get().cancelled_at is None


def test_the_sites_own_forecast_is_nobodys(api: APIClient, db: None) -> None:
    assert everything(api, ForecastRequestFactory(owner=None, forecast__succeeded=True)) == [404] * 5


def test_nobody_is_asked_to_sign_in(nobody: APIClient, waiting: ForecastRequest) -> None:
    assert everything(nobody, waiting) == [401] * 5
    assert nobody.get(LIST).status_code == nobody.post(LIST, HOUSE).status_code == 401


def test_an_expired_token_opens_nothing(nobody: APIClient, user: User, waiting: ForecastRequest) -> None:
    expired = token_for(user, lifetime=timedelta(seconds=-1))
    nobody.credentials(HTTP_AUTHORIZATION=f"Token {expired}")

    assert everything(nobody, waiting) == [401] * 5


@pytest.mark.parametrize(
    ("scopes", "codes"),
    [
        (["read"], [200, 409, 409, 403, 403]),
        (["forecasts:write"], [403, 403, 403, 200, 204]),
        (["watchlists:write"], [403, 403, 403, 403, 403]),
    ],
)
def test_a_token_may_do_what_its_scopes_say(
    user: User, waiting: ForecastRequest, scopes: list[str], codes: list[int]
) -> None:
    assert everything(client_for(user, *scopes), waiting) == codes


def test_a_token_without_the_scope_is_told_its_name(user: User, apple: Instrument) -> None:
    response = client_for(user, "read").post(LIST, HOUSE)

    assert response.status_code == 403
    assert "forecasts:write" in response.json()["errors"][0]["detail"]
    assert ForecastRequest.objects.count() == 0


def test_the_browsers_session_opens_it_too(nobody: APIClient, user: User, waiting: ForecastRequest) -> None:
    nobody.force_login(user)

    assert nobody.get(at(waiting)).status_code == 200
