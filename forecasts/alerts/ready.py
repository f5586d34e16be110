"""A person's own forecasts that are ready, whether asked for or made on schedule."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from forecasts.alerts.events import METHOD_NAMES, Event, Found, spoken
from forecasts.models import AlertRule, Forecast, ForecastRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecasts.alerts.scope import Scope

KIND = AlertRule.Kind.FORECAST_READY


def find(scope: Scope, since: datetime) -> Iterator[Found]:
    """Requests that came to their result since; one may join a forecast that was there already."""
    instruments = scope.instruments(KIND)
    owners = {rule.owner_id for key in instruments for rule in scope.of(KIND, key)}
    mine = ForecastRequest.objects.live().filter(owner__in=owners, forecast__instrument__in=instruments)
    ready = mine.filter(forecast__status=Forecast.Status.SUCCEEDED).order_by()
    # Apart, for each has an index; with OR between them the database reads every request there is.
    asked = ready.filter(created_at__gte=since).values("pk")
    finished = ready.filter(forecast__finished_at__gte=since).values("pk")
    requests = ForecastRequest.objects.filter(pk__in=asked.union(finished))
    light = requests.defer("forecast__loss_history", "forecast__settings", "forecast__model")
    for request in light.select_related("forecast__instrument"):
        forecast = request.forecast
        ready_at = max(request.created_at, forecast.finished_at or request.created_at)
        for rule in scope.of(KIND, forecast.instrument_id, forecast.method):
            if rule.owner_id == request.owner_id and ready_at > rule.active_since:
                yield Found(rule, _event(request))


def _event(request: ForecastRequest) -> Event:
    forecast = request.forecast
    sessions = "one session" if forecast.horizon == 1 else f"{forecast.horizon} sessions"
    anchor, how = forecast.data_as_of or forecast.as_of, request.get_origin_display()
    return Event(
        key=f"{KIND}:{forecast.pk}",
        kind=KIND,
        instrument=forecast.instrument,
        title=f"{forecast.instrument.symbol}: your forecast is ready",
        text=(
            f"The forecast of {forecast.instrument.symbol} from {spoken(anchor)}, {sessions} ahead "
            f"({METHOD_NAMES[forecast.method]}, {how}), is ready."
        ),
        forecast_id=forecast.pk,
        facts={"request": str(request.pk), "method": forecast.method, "horizon": forecast.horizon},
    )
