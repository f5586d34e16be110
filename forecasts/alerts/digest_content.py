"""What a digest says of one person's day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from forecasts import calendars, trust
from forecasts.alerts.closes import BANDS, describe_close, judge
from forecasts.alerts.events import METHOD_NAMES, priced, spoken
from forecasts.alerts.links import absolute, paths_of
from forecasts.models import (
    Alert,
    Forecast,
    ForecastPoint,
    ForecastRequest,
    PriceBar,
    Trust,
    WatchlistEntry,
)
from forecasts.presentation import last_closes, shown_series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from forecasts.alerts.closes import JudgedClose

DAY = timedelta(days=1)
STEP = 5
BAND = 80
# A session's bar comes some time after its close: one that ended later is for tomorrow.
SETTLED = timedelta(hours=2)
TRUST_WORDS = {
    Trust.SHARPER: "sharper than a volatility cone",
    Trust.WORSE_THAN_NAIVE: "worse than naive: the naive cone is shown",
    Trust.NO_DEMONSTRATED_SKILL: "no demonstrated skill",
}


@dataclass(frozen=True)
class Line:
    """One thing to say, in words, and the page that tells more."""

    symbol: str
    text: str
    link: str = ""


@dataclass(frozen=True)
class Content:
    """The 24 hours up to `until`: what was told, what was forecast on schedule, and what missed its band."""

    until: datetime
    alerts: list[Line]
    forecasts: list[Line]
    misses: list[Line]

    @property
    def is_empty(self) -> bool:
        return not (self.alerts or self.forecasts or self.misses)

    @property
    def as_context(self) -> dict[str, Any]:
        return {
            "until": self.until,
            "alerts": self.alerts,
            "forecasts": self.forecasts,
            "misses": self.misses,
        }


def content_for(owner_id: int, until: datetime) -> Content:
    return Content(
        until=until,
        alerts=list(_alerts(owner_id, until)),
        forecasts=list(_scheduled(owner_id, until)),
        misses=[_miss(judged) for judged in _missed(owner_id, until)],
    )


def _alerts(owner_id: int, until: datetime) -> Iterator[Line]:
    day = Alert.objects.filter(owner=owner_id, created_at__gte=until - DAY, created_at__lt=until)
    alerts = list(day.select_related("instrument").order_by("created_at"))
    paths = paths_of(alerts)
    for alert in alerts:
        yield Line(alert.instrument.symbol, alert.text, absolute(paths[alert.pk]))


def _scheduled(owner_id: int, until: datetime) -> Iterator[Line]:
    """Yield the 80 % band of the fifth session, or of the last one of shorter forecasts, and the standing."""
    requests = list(_scheduled_requests(owner_id, until))
    forecasts = [request.forecast for request in requests]
    standings = trust.standings(forecasts)
    anchors, points = last_closes(forecasts), _points(forecasts)
    for request, standing in zip(requests, standings, strict=True):
        forecast = request.forecast
        point = points.get((forecast.pk, shown_series(forecast)[0], min(STEP, forecast.horizon)))
        if point is not None:
            words = _band_words(forecast, point, anchors[forecast.pk])
            text = f"{words} ({METHOD_NAMES[forecast.method]}, {TRUST_WORDS[Trust(standing.trust)]})"
            yield Line(forecast.instrument.symbol, text, absolute(request.get_absolute_url()))


def _scheduled_requests(owner_id: int, until: datetime) -> QuerySet[ForecastRequest]:
    done = ForecastRequest.objects.live().with_forecast().without_details()
    return done.filter(
        owner=owner_id,
        origin=ForecastRequest.Origin.SCHEDULE,
        created_at__gte=until - 2 * DAY,
        forecast__status=Forecast.Status.SUCCEEDED,
        forecast__finished_at__gte=until - DAY,
        forecast__finished_at__lt=until,
    ).order_by("forecast__instrument__symbol", "forecast__data_as_of")


def _points(forecasts: list[Forecast]) -> dict[tuple[int, str, int], ForecastPoint]:
    both = (ForecastPoint.MODEL, ForecastPoint.NAIVE)
    points = ForecastPoint.objects.filter(forecast__in=forecasts, series__in=both, step__lte=STEP)
    return {(point.forecast_id, point.series, point.step): point for point in points}


def _band_words(forecast: Forecast, point: ForecastPoint, anchor: float) -> str:
    low, high = (priced(anchor * math.exp(point.quantiles[level])) for level in BANDS[BAND])
    currency = forecast.instrument.currency
    return f"last close {priced(anchor, currency)}; by {spoken(point.date)} between {low} and {high}"


def _missed(owner_id: int, until: datetime) -> list[JudgedClose]:
    """Closes of the day, of what is on the person's watchlists, outside the newest forecast's 80 % band."""
    listed, last = WatchlistEntry.objects.filter(watchlist__owner=owner_id), until - SETTLED
    bars = PriceBar.objects.closed().filter(
        instrument__in=listed.values("instrument"), date__gte=(last - 3 * DAY).date(), date__lte=until.date()
    )
    ended = [
        bar
        for bar in bars.select_related("instrument").order_by("instrument__symbol", "date")
        if last - DAY <= calendars.closes_at(bar.instrument.calendar, bar.date) < last
    ]
    return [judged for judged in judge(ended) if judged.is_newest and judged.is_outside(BAND)]


def _miss(judged: JudgedClose) -> Line:
    low, high = (priced(price) for price in judged.band(BAND))
    text = f"{describe_close(judged)} on {spoken(judged.day)}, expected between {low} and {high}"
    return Line(judged.instrument.symbol, text)
