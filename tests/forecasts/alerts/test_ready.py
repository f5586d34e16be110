"""One's own forecasts that are ready."""

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import Traveller

from accounts.models import User
from forecasts.alerts.raising import raise_alerts
from forecasts.models import Alert, Forecast
from tests.factories import ForecastFactory, ForecastRequestFactory, InstrumentFactory
from tests.forecasts.alerts.made import EVENING, rule

pytestmark = pytest.mark.usefixtures("evening")


@pytest.mark.parametrize("origin", ["asked", "schedule"])
def test_a_forecast_of_ones_own_is_told(user: User, origin: str) -> None:
    """Of sample data too: nothing need be counted."""
    sample = InstrumentFactory()
    forecast = ForecastFactory(instrument=sample, succeeded=True, finished_at=EVENING)
    wish = ForecastRequestFactory(owner=user, forecast=forecast, origin=origin)
    rule(user, "forecast_ready", sample)

    assert [raise_alerts(), raise_alerts()] == [1, 0]

    facts = {"request": str(wish.pk), "method": "house", "horizon": 20}
    assert Alert.objects.get().facts == facts


def test_it_is_told_when_it_has_finished(user: User, evening: Traveller) -> None:
    forecast = ForecastFactory(running=True)
    ForecastRequestFactory(owner=user, forecast=forecast)
    rule(user, "forecast_ready", forecast.instrument)
    before = raise_alerts()

    evening.shift(timedelta(hours=2))
    Forecast.objects.filter(pk=forecast.pk).update(status="succeeded", finished_at=timezone.now())

    assert (before, raise_alerts()) == (0, 1)


def test_joining_what_is_there_already_is_told(user: User) -> None:
    forecast = ForecastFactory(succeeded=True, finished_at=EVENING - timedelta(days=30))
    rule(user, "forecast_ready", forecast.instrument)
    ForecastRequestFactory(owner=user, forecast=forecast)

    assert raise_alerts() == 1


def test_others_forecasts_and_withdrawn_ones_are_not(user: User) -> None:
    forecast = ForecastFactory(succeeded=True, finished_at=EVENING)
    ForecastRequestFactory(forecast=forecast)
    ForecastRequestFactory(owner=user, forecast=forecast, cancelled_at=EVENING)
    rule(user, "forecast_ready", forecast.instrument)

    assert raise_alerts() == 0


@pytest.mark.parametrize(
    "details", [{"method": "fine-tuned"}, {"active_since": EVENING + timedelta(minutes=1)}]
)
def test_other_methods_and_earlier_ones_are_not(user: User, details: dict[str, object]) -> None:
    forecast = ForecastFactory(succeeded=True, finished_at=EVENING)
    ForecastRequestFactory(owner=user, forecast=forecast)
    rule(user, "forecast_ready", forecast.instrument, **details)

    assert raise_alerts() == 0
