"""`forecasts/{id}/chances/` and `forecasts/{id}/risk/`: answers, refusals, and who may ask."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.chances import chance_of_price, risk_of_position
from forecasts.models import ForecastRequest
from tests.factories import ForecastRequestFactory
from tests.forecasts.api.conftest import client_for

QUESTIONS = ["chances/?price=105&step=5", "risk/?quantity=-10&step=5&level=0.99"]
WHERE = {"step": 5, "shown": "model", "currency": "USD", "last_close": 100.0}


@pytest.fixture
def done(user: User) -> ForecastRequest:
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast__succeeded=True)
    return wish


def at(request: ForecastRequest, rest: str) -> str:
    return f"/api/v1/forecasts/{request.pk}/{rest}"


def test_chances_are_those_of_the_stored_forecast(api: APIClient, done: ForecastRequest) -> None:
    body = api.get(at(done, QUESTIONS[0])).json()

    answer = chance_of_price(done.forecast, price=105.0, step=5)
    assert body == {
        **WHERE,
        "date": answer.reach.date.isoformat(),
        "price": 105.0,
        "above": answer.above,
        "below": answer.below,
        "touch_on_a_close": answer.touch_on_a_close,
        "touch_at_any_moment": answer.touch_at_any_moment,
        "range": {
            "levels": [0.1, 0.25, 0.5, 0.75, 0.9],
            "close": answer.close,
            "highest_close": answer.highest_close,
            "lowest_close": answer.lowest_close,
        },
    }


def test_risk_is_that_of_the_stored_forecast(api: APIClient, done: ForecastRequest) -> None:
    body = api.get(at(done, QUESTIONS[1])).json()

    answer = risk_of_position(done.forecast, quantity=-10, step=5, level=0.99)
    assert body == {
        **WHERE,
        "date": answer.reach.date.isoformat(),
        "quantity": -10.0,
        "level": 0.99,
        "worth": -1000.0,
        "value_at_risk": answer.value_at_risk,
        "expected_shortfall": answer.expected_shortfall,
    }
    assert api.get(at(done, "risk/?quantity=1&step=5")).json()["level"] == 0.95


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ("chances/", "price"),
        ("chances/?price=&step=5", "price"),
        ("chances/?price=nan&step=5", "price"),
        ("chances/?price=-inf&step=5", "price"),
        ("chances/?price=1e999&step=5", "price"),
        ("chances/?price=0&step=5", "price"),
        ("chances/?price=5e-324&step=5", "price"),
        ("chances/?price=ten&step=5", "price"),
        ("chances/?price=10&step=21", "step"),
        ("chances/?price=10&step=0", "step"),
        ("chances/?price=10&step=1.5", "step"),
        ("chances/?price=10", "step"),
        ("risk/?quantity=0&step=5", "quantity"),
        ("risk/?quantity=NaN&step=5", "quantity"),
        ("risk/?quantity=1e300&step=5", "quantity"),
        ("risk/?step=5", "quantity"),
        ("risk/?quantity=1&step=99999999999999999999", "step"),
        ("risk/?quantity=1&step=5&level=0.5", "level"),
        ("risk/?quantity=1&step=5&level=nan", "level"),
    ],
)
def test_a_question_without_sense_is_refused(
    api: APIClient, done: ForecastRequest, question: str, field: str
) -> None:
    response = api.get(at(done, question))

    assert response.status_code == 400
    assert field in {error["attr"] for error in response.json()["errors"]}


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_the_owners_alone(
    api: APIClient, other_api: APIClient, nobody: APIClient, done: ForecastRequest, question: str
) -> None:
    codes = [client.get(at(done, question)).status_code for client in (api, other_api, nobody)]

    assert codes == [200, 404, 401]
    assert client_for(done.owner, "forecasts:write").get(at(done, question)).status_code == 403


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("trait", ["running", "failed"])
def test_a_forecast_without_result_is_a_conflict(
    api: APIClient, user: User, question: str, trait: str
) -> None:
    wish = ForecastRequestFactory(owner=user, **{f"forecast__{trait}": True})

    response = api.get(at(wish, question))

    assert response.status_code == 409
    assert response.json()["errors"][0]["code"] == "conflict"


def test_a_withdrawn_forecast_answers_nothing(api: APIClient, done: ForecastRequest) -> None:
    ForecastRequest.objects.update(cancelled_at=timezone.now())

    assert api.get(at(done, QUESTIONS[0])).status_code == 409


@pytest.mark.parametrize("question", ["chances/?price=105&step=", "risk/?quantity=3&step="])
def test_answers_take_as_many_queries_for_one_step_as_for_all(
    done: ForecastRequest, count_queries: Callable[[str], int], question: str
) -> None:
    assert count_queries(at(done, question + "20")) == count_queries(at(done, question + "1"))
