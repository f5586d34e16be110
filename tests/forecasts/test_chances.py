"""What a stored forecast says about a price and a position, on today's share basis."""

from math import exp, expm1, log, sqrt
from statistics import NormalDist

import pytest

from forecasts.chances import chance_of_price, risk_of_position
from forecasts.errors import RequestRefused
from forecasts.models import CorporateAction, Forecast, Trust
from tests.factories import ANCHOR_CLOSE, DAILY_VOLATILITY, LAST_DAY, ForecastFactory

NORMAL = NormalDist()


@pytest.fixture
def forecast(db: None) -> Forecast:
    """Twenty steps of a random walk from 100, with a volatility of 2 % a day; the naive cone has 2.2 %."""
    made: Forecast = ForecastFactory(succeeded=True)
    return made


def test_chance_of_price_is_that_of_the_stored_law(forecast: Forecast) -> None:
    answer = chance_of_price(forecast, price=105.0, step=9)

    score = log(105.0 / ANCHOR_CLOSE) / (DAILY_VOLATILITY * sqrt(9))
    assert answer.above == pytest.approx(NORMAL.cdf(-score), abs=1e-9)
    assert answer.below == 1 - answer.above
    assert answer.touch_at_any_moment == pytest.approx(2 * NORMAL.cdf(-score), abs=1e-6)
    assert answer.above < answer.touch_on_a_close < answer.touch_at_any_moment
    assert (answer.is_rise, answer.reach.last_close, answer.reach.step) == (True, 100.0, 9)
    assert answer.reach.date == forecast.points.get(series="model", step=9).date


def test_chance_of_price_gives_the_range_to_expect(forecast: Forecast) -> None:
    answer = chance_of_price(forecast, price=90.0, step=1)

    scores = [NORMAL.inv_cdf(level) for level in (0.1, 0.25, 0.5, 0.75, 0.9)]
    expected = [ANCHOR_CLOSE * exp(DAILY_VOLATILITY * score) for score in scores]
    assert answer.close == pytest.approx(expected, rel=1e-9)
    assert answer.highest_close == pytest.approx(expected, rel=1e-4)
    assert answer.lowest_close == pytest.approx(expected, rel=1e-4)
    assert not answer.is_rise


def test_another_price_has_the_same_extremes_without_reckoning_them_anew(
    forecast: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = chance_of_price(forecast, price=90.0, step=7)
    monkeypatch.delattr("ml_engine.decisions.highest_close")

    other = chance_of_price(forecast, price=110.0, step=7)

    assert (other.highest_close, other.lowest_close) == (one.highest_close, one.lowest_close)
    with pytest.raises(AttributeError, match="highest_close"):
        chance_of_price(forecast, price=110.0, step=8)


def test_chances_follow_a_split_as_the_page_does(forecast: Forecast) -> None:
    before = chance_of_price(forecast, price=104.0, step=5)
    CorporateAction.objects.create(
        instrument=forecast.instrument,
        date=LAST_DAY.replace(day=8),
        kind=CorporateAction.Kind.SPLIT,
        value=2.0,
    )

    after = chance_of_price(forecast, price=52.0, step=5)

    assert (after.reach.last_close, after.above) == (50.0, pytest.approx(before.above, abs=1e-12))
    assert after.close == pytest.approx([price / 2 for price in before.close])
    assert risk_of_position(forecast, quantity=200, step=5).worth == 10_000.0


def test_answers_come_from_the_series_that_is_shown(db: None) -> None:
    forecast = ForecastFactory(succeeded=True, evaluation__trust=Trust.WORSE_THAN_NAIVE)

    answer = chance_of_price(forecast, price=102.2, step=1)

    score = log(1.022) / (1.1 * DAILY_VOLATILITY)
    assert (answer.reach.shown, answer.above) == ("naive", pytest.approx(NORMAL.cdf(-score), abs=1e-9))


@pytest.mark.parametrize(("quantity", "sign"), [(30.0, -1), (-30.0, 1)])
def test_risk_of_position_is_the_stored_quantile(forecast: Forecast, quantity: float, sign: int) -> None:
    answer = risk_of_position(forecast, quantity=quantity, step=4, level=0.99)

    move = sign * NORMAL.inv_cdf(0.99) * DAILY_VOLATILITY * 2
    expected = 3000.0 * sign * expm1(move)
    assert answer.value_at_risk == pytest.approx(expected, rel=1e-9)
    assert answer.expected_shortfall > answer.value_at_risk
    assert (answer.worth, answer.other) == (quantity * 100.0, pytest.approx(0.01))


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_is_none_is_refused(forecast: Forecast, price: float) -> None:
    with pytest.raises(RequestRefused, match="Give a price above zero") as refusal:
        chance_of_price(forecast, price=price, step=1)

    assert refusal.value.field == "price"


@pytest.mark.parametrize("price", [5e-324, 9e-13, 1.1e12])
def test_a_price_beyond_reckoning_is_refused(forecast: Forecast, price: float) -> None:
    with pytest.raises(RequestRefused, match="too small or too large") as refusal:
        chance_of_price(forecast, price=price, step=1)

    assert refusal.value.field == "price"


@pytest.mark.parametrize("step", [-1, 0, 21, 10**12])
def test_a_session_beyond_the_forecast_is_refused(forecast: Forecast, step: int) -> None:
    with pytest.raises(RequestRefused, match="reaches 20 sessions ahead") as refusal:
        risk_of_position(forecast, quantity=1, step=step)

    assert refusal.value.field == "step"


@pytest.mark.parametrize("quantity", [0.0, float("nan"), float("-inf"), 1e13, -1e13])
def test_a_quantity_that_is_none_is_refused(forecast: Forecast, quantity: float) -> None:
    with pytest.raises(RequestRefused) as refusal:
        risk_of_position(forecast, quantity=quantity, step=1)

    assert refusal.value.field == "quantity"


def test_another_level_is_refused(forecast: Forecast) -> None:
    with pytest.raises(RequestRefused, match=r"0\.95 or 0\.99") as refusal:
        risk_of_position(forecast, quantity=1, step=1, level=0.5)

    assert refusal.value.field == "level"


@pytest.mark.parametrize("price", [1e-12, 1e12])
def test_the_remotest_prices_have_answers(forecast: Forecast, price: float) -> None:
    answer = chance_of_price(forecast, price=price, step=20)

    assert answer.touch_at_any_moment == pytest.approx(0.0, abs=1e-7)
    assert answer.above == pytest.approx(float(price < 1), abs=1e-12)
