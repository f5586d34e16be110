"""The forecast that strangers meet on the first page: one question, which the site itself asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery

from forecasts.models import Forecast, ForecastRequest, Instrument, PriceBar
from forecasts.services.forecasts import Question, request_forecast

if TYPE_CHECKING:
    from forecasts.models.forecasts import ForecastRequestQuerySet

SYMBOL, METHOD, HORIZON = "SAMPLE:AAPL", Forecast.Method.HOUSE.value, 20
OVER_IN_VAIN = (Forecast.Status.FAILED, Forecast.Status.CANCELLED)


def _asked() -> ForecastRequestQuerySet:
    return (
        ForecastRequest.objects.for_user(None)
        .live()
        .filter(
            forecast__instrument__symbol=SYMBOL,
            forecast__instrument__source=Instrument.Source.SAMPLE,
            forecast__method=METHOD,
            forecast__horizon=HORIZON,
        )
    )


def landing_forecast() -> Forecast | None:
    """Return the one from the latest session, so that a replay of earlier days does not take its place."""
    done = _asked().with_forecast().filter(forecast__status=Forecast.Status.SUCCEEDED)
    newest = done.order_by("-forecast__as_of", "-created_at").first()
    return newest.forecast if newest else None


def request_landing_forecast() -> None:
    """Ask from the last session there is, unless such a forecast is there or on its way."""
    bars = PriceBar.objects.filter(instrument=OuterRef("forecast__instrument")).order_by("-date")
    of_the_last_day = _asked().filter(forecast__as_of=Subquery(bars.values("date")[:1]))
    if not of_the_last_day.exclude(forecast__status__in=OVER_IN_VAIN).exists():
        request_forecast(owner=None, question=Question(SYMBOL, HORIZON, METHOD))
