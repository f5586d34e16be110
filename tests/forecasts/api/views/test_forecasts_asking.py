"""`POST forecasts/`: asking for a forecast."""

from datetime import date

import pytest
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import Forecast, ForecastRequest, Instrument
from tests.factories import InstrumentFactory, bars

LIST = "/api/v1/forecasts/"
HOUSE = {"symbol": "SAMPLE:AAPL", "method": "house"}


@pytest.fixture
def apple(db: None) -> Instrument:
    apple = InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.")
    bars(apple, count=300)
    return apple


def error_of(response: Response) -> tuple[str, str | None]:
    (error,) = response.json()["errors"]
    return error["code"], error["attr"]


def ids(api: APIClient) -> list[str]:
    return [row["id"] for row in api.get(LIST).json()["results"]]


def test_forecast_create_answers_with_where_to_follow_it(
    api: APIClient, user: User, apple: Instrument
) -> None:
    response = api.post(LIST, {**HOUSE, "symbol": "sample:aapl", "horizon": 5, "as_of": "2013-02-28"})

    asked = ForecastRequest.objects.get(owner=user)
    assert response.status_code == 202
    assert response["Location"] == f"http://testserver{LIST}{asked.pk}/"
    assert response.json() == api.get(f"{LIST}{asked.pk}/").json()
    forecast = asked.forecast
    assert (forecast.instrument, forecast.horizon, forecast.method, forecast.as_of) == (
        apple,
        5,
        "house",
        date(2013, 2, 28),
    )


def test_forecast_create_needs_no_more_than_a_symbol(api: APIClient, apple: Instrument) -> None:
    bars(apple, count=300, last=date(2012, 1, 6))

    body = api.post(LIST, {"symbol": "SAMPLE:AAPL"}).json()

    assert (body["horizon"], body["method"], body["as_of"]) == (20, "fine-tuned", "2013-03-01")


def test_a_yahoo_symbol_that_nobody_asked_for_before_is_taken_up(api: APIClient, db: None) -> None:
    response = api.post(LIST, {"symbol": "BRK-B"})

    assert (response.status_code, response.json()["status"]) == (202, "queued")
    assert Instrument.objects.get().symbol == "BRK-B"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"symbol": ""}, "blank", "symbol"),
        ({"symbol": None}, "null", "symbol"),
        ({"symbol": ["AAPL"]}, "invalid", "symbol"),
        ({"symbol": "two words"}, "invalid_symbol", "symbol"),
        ({"symbol": "SAMPLE:NONE"}, "unknown_symbol", "symbol"),
        ({"symbol": "UPLOAD:NONE"}, "unknown_symbol", "symbol"),
        ({"symbol": "x" * 41}, "max_length", "symbol"),
        ({"horizon": 0}, "min_value", "horizon"),
        ({"horizon": 61}, "max_value", "horizon"),
        ({"horizon": "x"}, "invalid", "horizon"),
        ({"horizon": True}, "invalid", "horizon"),
        ({"horizon": 1.5}, "invalid", "horizon"),
        ({"horizon": None}, "null", "horizon"),
        ({"horizon": [20]}, "invalid", "horizon"),
        ({"horizon": 10**400}, "max_value", "horizon"),
        ({"method": "magic"}, "invalid_choice", "method"),
        ({"method": None}, "null", "method"),
        ({"method": {}}, "invalid_choice", "method"),
        ({"method": "fine-tuned"}, "too_short", "method"),
        ({"as_of": "yesterday"}, "invalid", "as_of"),
        ({"as_of": "2013-02-30"}, "invalid", "as_of"),
        ({"as_of": 20130301}, "invalid", "as_of"),
        ({"as_of": "2013-03-04"}, "invalid", "as_of"),
        ({"as_of": "1999-01-04"}, "invalid", "as_of"),
        ({"as_of": "2012-06-29"}, "too_short", "method"),
        ({"colour": "red"}, "unknown_field", "colour"),
    ],
)
def test_forecast_create_refuses_in_words(
    api: APIClient, apple: Instrument, change: dict[str, object], code: str, field: str
) -> None:
    response = api.post(LIST, {**HOUSE, **change})

    assert response.status_code == 400
    assert response.json()["type"] == "validation_error"
    assert error_of(response) == (code, field)
    assert response.json()["errors"][0]["detail"].endswith(".")
    assert (Forecast.objects.count(), Instrument.objects.count()) == (0, 1)


@pytest.mark.parametrize("body", ["null", " null ", "{}", "[]", '"symbol"', ""])
def test_forecast_create_of_an_empty_body_says_what_to_send(api: APIClient, body: str) -> None:
    response = api.post("/api/v1/forecasts/", body, content_type="application/json")

    assert response.status_code == 400
    assert error_of(response) == ("empty_body", "non_field_errors")


@pytest.mark.parametrize("body", [{}, None, [], "symbol", 7])
def test_forecast_create_without_a_body_says_what_to_send(
    api: APIClient, apple: Instrument, body: object
) -> None:
    response = api.post(LIST, body)

    assert response.status_code == 400
    assert error_of(response) == ("empty_body", "non_field_errors")
    assert '"symbol": "SAMPLE:AAPL"' in response.json()["errors"][0]["detail"]


def test_a_horizon_out_of_range_is_told_the_range(api: APIClient, apple: Instrument) -> None:
    (error,) = api.post(LIST, {**HOUSE, "horizon": 0}).json()["errors"]

    assert error["detail"] == "The horizon is a whole number of sessions from 1 to 60."


def test_an_unknown_method_is_told_the_methods(api: APIClient, apple: Instrument) -> None:
    (error,) = api.post(LIST, {**HOUSE, "method": "magic"}).json()["errors"]

    assert error["detail"] == ("There is no such method. Choose one of fine-tuned, house, from-scratch.")


def test_asking_the_same_again_is_the_forecast_there_is(api: APIClient, apple: Instrument) -> None:
    first, second = (api.post(LIST, HOUSE).json()["id"] for _ in range(2))

    assert first == second
    assert ForecastRequest.objects.count() == 1


def test_two_people_share_the_work_and_not_the_request(
    api: APIClient, other_api: APIClient, apple: Instrument
) -> None:
    mine, theirs = (client.post(LIST, HOUSE).json()["id"] for client in (api, other_api))

    assert mine != theirs
    assert (ids(api), ids(other_api)) == ([mine], [theirs])
    assert Forecast.objects.count() == 1


# Idempotency-Key ---------------------------------------------------------------------------------------


def test_the_same_key_and_body_is_the_same_forecast_even_a_cancelled_one(
    api: APIClient, apple: Instrument
) -> None:
    first = api.post(LIST, HOUSE, headers={"Idempotency-Key": "k-1"})
    api.post(f"{LIST}{first.json()['id']}/cancel/")

    again = api.post(LIST, HOUSE, headers={"Idempotency-Key": "k-1"})

    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert again.json()["status"] == "cancelled"


def test_the_same_key_with_another_body_is_refused(api: APIClient, apple: Instrument) -> None:
    api.post(LIST, HOUSE, headers={"Idempotency-Key": "k-1"})

    response = api.post(LIST, {**HOUSE, "horizon": 5}, headers={"Idempotency-Key": "k-1"})

    assert response.status_code == 422
    assert error_of(response) == ("idempotency_key_reused", "idempotency_key")
    assert ForecastRequest.objects.count() == 1


def test_two_people_may_use_the_same_key(api: APIClient, other_api: APIClient, apple: Instrument) -> None:
    api.post(LIST, HOUSE, headers={"Idempotency-Key": "k-1"})

    response = other_api.post(LIST, {**HOUSE, "horizon": 5}, headers={"Idempotency-Key": "k-1"})

    assert response.status_code == 202


@pytest.mark.parametrize("key", ["k" * 256, "tab\there"])
def test_a_key_that_cannot_be_kept_is_refused(api: APIClient, apple: Instrument, key: str) -> None:
    response = api.post(LIST, HOUSE, headers={"Idempotency-Key": key})

    assert response.status_code == 400
    assert error_of(response) == ("invalid", "idempotency_key")
    assert ForecastRequest.objects.count() == 0
