"""From the source to the forecast: the real client fetches stock and index, or the index is done without."""

from dataclasses import replace
from datetime import UTC, date, datetime
from math import exp, sin
from typing import Any

import pytest
from django.utils import timezone

from forecasts import services, tasks
from forecasts.calendars import NEW_YORK, sessions_after
from forecasts.models import Forecast, Instrument
from tests.forecasts.acme import register
from tests.yahoo_server import Listing, YahooServer, bars_of

SESSIONS = sessions_after(NEW_YORK, date(2022, 10, 3), 400)
LAST = SESSIONS[-1]


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the evening of the last session."""
    monkeypatch.setattr(timezone, "now", lambda: datetime(LAST.year, LAST.month, LAST.day, 23, tzinfo=UTC))


def wavy(period: float, **about: Any) -> Listing:
    closes = [100 * exp(0.1 * sin(day / period) + 0.01 * sin(day)) for day in range(len(SESSIONS))]
    return replace(Listing(bars_of(SESSIONS, closes)), **about)


def forecast_of(symbol: str) -> Forecast:
    register(symbol)
    forecast = services.ask_forecast(owner=None, question=services.Question(symbol, 3, "house")).forecast
    tasks.prepare(forecast.pk)
    tasks.compute(forecast.pk)
    return Forecast.objects.get(pk=forecast.pk)


@pytest.mark.django_db
def test_the_index_comes_with_the_stock(yahoo: YahooServer) -> None:
    yahoo.listings |= {"ACME": wavy(9.0), "^GSPC": wavy(7.0, kind="INDEX", exchange="SNP")}

    forecast = forecast_of("ACME")

    assert (forecast.status, forecast.data_as_of) == ("succeeded", LAST)
    assert forecast.model is not None
    assert (forecast.model["market"]["symbol"], forecast.model["market"]["as_of"]) == ("^GSPC", f"{LAST}")
    assert [symbol for symbol, _ in yahoo.asked] == ["ACME", "^GSPC"]
    assert Instrument.objects.get(symbol="^GSPC").bars.closed().count() == len(SESSIONS)


@pytest.mark.django_db
def test_a_forecast_does_without_an_index_that_is_not_to_be_had(yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = wavy(9.0)

    forecast = forecast_of("ACME")

    assert forecast.status == "succeeded"
    assert forecast.model is not None
    assert (forecast.model["market"], forecast.model["market_missing"]) == (None, "^GSPC")


@pytest.mark.django_db
def test_cryptocurrencies_have_no_index(yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = wavy(9.0, kind="CRYPTOCURRENCY", exchange="CCC")

    forecast = forecast_of("ACME")

    assert [symbol for symbol, _ in yahoo.asked] == ["ACME"]
    assert forecast.model is not None
    assert (forecast.model["market"], forecast.model["market_missing"]) == (None, "")
