"""The two questions on a finished forecast's page."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from forecasts.models import Evaluation, ForecastRequest, Trust
from tests.factories import ForecastRequestFactory, bars

CHANCE = {"price": "105", "step": "5"}
RISK = {"quantity": "-10", "step": "5", "level": "0.99"}


@pytest.fixture
def done(user: User) -> ForecastRequest:
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast__succeeded=True)
    bars(wish.forecast.instrument)
    return wish


def url(name: str, wish: ForecastRequest) -> str:
    return reverse(f"forecasts:{name}", args=[wish.pk])


def test_the_page_offers_both_questions_and_answers_neither_unasked(
    signed_in: Client, done: ForecastRequest
) -> None:
    response = signed_in.get(url("forecast_detail", done))

    content = response.content.decode()
    assert (response.context["chance"], response.context["risk"]) == (None, None)
    assert 'name="price" value="100.00"' in content
    assert f'hx-get="{url("forecast_chance", done)}"' in content
    assert "field-error" not in content


def test_without_scripts_the_page_itself_answers(signed_in: Client, done: ForecastRequest) -> None:
    chance = signed_in.get(url("forecast_detail", done), CHANCE)
    risk = signed_in.get(url("forecast_detail", done), RISK)

    assert (chance.context["chance"].price, chance.context["risk"]) == (105.0, None)
    assert (risk.context["chance"], risk.context["risk"].quantity) == (None, -10.0)


def test_forecast_chance_answers_in_words(signed_in: Client, done: ForecastRequest) -> None:
    content = signed_in.get(url("forecast_chance", done), CHANCE).content.decode()

    assert "For <strong>105.00</strong> USD, 5 sessions ahead:" in content
    # P(N > log(1.05) / (.02 sqrt 5)) = .138, and twice that at any moment
    assert '<dd class="figure">14 %</dd>' in content
    assert '<dd class="figure">86 %</dd>' in content
    assert '<dd class="figure">28 %</dd>' in content
    assert "Highest close" in content


def test_forecast_risk_answers_in_the_instruments_currency(signed_in: Client, done: ForecastRequest) -> None:
    content = signed_in.get(url("forecast_risk", done), RISK).content.decode()

    # 1000 (exp(2.3263 × .02 sqrt 5) − 1) = 109.64
    assert '<dd class="figure">109.64 USD</dd>' in content
    assert "10 shares sold short, worth <strong>1,000.00</strong> USD" in content


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("forecast_chance", {"price": "0", "step": "5"}, "Give a price above zero."),
        ("forecast_chance", {"price": "5e-324", "step": "5"}, "too small or too large to reckon with"),
        ("forecast_chance", {"price": "nan", "step": "5"}, "Give a price above zero."),
        ("forecast_chance", {"price": "", "step": "5"}, "Give a price above zero."),
        ("forecast_chance", {"price": "9", "step": "21"}, "This forecast reaches 20 sessions ahead."),
        ("forecast_chance", {"price": "9", "step": "x"}, "This forecast reaches 20 sessions ahead."),
        ("forecast_risk", {"quantity": "0", "step": "5"}, "Give a number of shares that is not zero"),
        ("forecast_risk", {"quantity": "1e30", "step": "5"}, "more shares than this can reckon with"),
        ("forecast_risk", {"quantity": "1", "step": "5", "level": "0.5"}, "Choose the level 0.95 or 0.99."),
    ],
)
def test_what_has_no_answer_is_said_in_words(
    signed_in: Client, done: ForecastRequest, name: str, query: dict[str, str], words: str
) -> None:
    response = signed_in.get(url(name, done), query)

    assert response.status_code == 200
    assert words in response.content.decode()
    assert "<dl" not in response.content.decode()


def test_the_page_says_which_series_answers(signed_in: Client, done: ForecastRequest) -> None:
    assert (
        "Answered from the model’s quantiles" in signed_in.get(url("forecast_detail", done)).content.decode()
    )

    Evaluation.objects.update(trust=Trust.WORSE_THAN_NAIVE)

    assert "Answered from the naive cone" in signed_in.get(url("forecast_detail", done)).content.decode()


@pytest.mark.parametrize(("name", "query"), [("forecast_chance", CHANCE), ("forecast_risk", RISK)])
def test_answers_are_the_owners_alone_and_of_a_result(
    signed_in: Client, as_other: Client, user: User, done: ForecastRequest, name: str, query: dict[str, str]
) -> None:
    running = ForecastRequestFactory(owner=user, forecast__running=True)

    assert signed_in.get(url(name, done), query).status_code == 200
    assert as_other.get(url(name, done), query).status_code == 404
    assert signed_in.get(url(name, running), query).status_code == 404
    assert Client().get(url(name, done)).url == f"/accounts/login/?next={url(name, done)}"


def test_answers_take_as_many_queries_for_one_step_as_for_all(
    signed_in: Client, done: ForecastRequest, queries: Callable[[Client, str], int]
) -> None:
    counts = {queries(signed_in, f"{url('forecast_chance', done)}?price=9&step={step}") for step in (1, 20)}

    assert len(counts) == 1
