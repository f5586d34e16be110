"""Closes beside the bands that were forecast for them."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import F

from forecasts import calendars, trust
from forecasts.alerts.events import Event, Found, named, priced, spoken
from forecasts.alerts.said import loaded
from forecasts.models import LEVELS, AlertRule, Forecast, ForecastPoint, Instrument, PriceBar
from forecasts.models.instruments import LONGEST_FORECAST
from forecasts.presentation import last_closes, shown_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from forecasts.alerts.scope import Scope

BANDS = {
    80: (LEVELS.index(0.1), LEVELS.index(0.9)),
    95: (LEVELS.index(0.025), LEVELS.index(0.975)),
}
# A bar that is written later than this after its session is history, and no news.
OLDEST_NEWS = timedelta(days=10)


@dataclass(frozen=True)
class JudgedClose:
    """A session's close, and the newest forecast by one method that was made of it before it began.

    `is_newest` says that no other method has a newer one. `anchor` and `close` are prices on today's share
    basis; `actual` and `quantiles` are log returns since the anchor, dividends included.
    """

    instrument: Instrument
    forecast: Forecast
    day: date
    anchor: float
    close: float
    actual: float
    quantiles: list[float]
    is_newest: bool

    def band(self, width: int) -> tuple[float, float]:
        """Return the prices between which the close was expected with `width` (80 or 95) per cent."""
        low, high = (self.anchor * math.exp(self.quantiles[level]) for level in BANDS[width])
        return low, high

    def is_outside(self, width: int) -> bool:
        low, high = (self.quantiles[level] for level in BANDS[width])
        return not low <= self.actual <= high

    @property
    def reached(self) -> float:
        """The close with the dividends since the anchor: what is compared with the band."""
        return self.anchor * math.exp(self.actual)


def find_outside_band(scope: Scope, since: datetime, now: datetime) -> Iterator[Found]:
    """Closes of sessions that ended after a rule began, written since, outside the rule's band."""
    kind = AlertRule.Kind.OUTSIDE_BAND
    for judged in judge(_new_bars(scope.instruments(kind), since, now)):
        ended = calendars.closes_at(judged.instrument.calendar, judged.day)
        for rule in scope.of(kind, judged.instrument.pk):
            fits = rule.method == judged.forecast.method or (not rule.method and judged.is_newest)
            if fits and ended > rule.active_since and judged.is_outside(rule.band or 80):
                yield Found(rule, _event(judged, rule.band or 80))


def _new_bars(instruments: set[int], since: datetime, now: datetime) -> Sequence[PriceBar]:
    bars = PriceBar.objects.closed().filter(instrument__in=instruments, fetched_at__gte=since)
    return list(bars.filter(date__gte=(now - OLDEST_NEWS).date()).select_related("instrument"))


def judge(bars: Sequence[PriceBar]) -> list[JudgedClose]:
    """Set bars beside forecasts, one for each method; a bar that nothing counted was said of has none.

    Six queries however many bars there are.
    """
    chosen = _newest_said(bars)
    forecasts = loaded({key for keys in chosen.values() for key in keys})
    trust.standings(list(forecasts.values()))  # at once, for `shown_series`
    anchors, bases = last_closes(list(forecasts.values())), _anchor_bars(forecasts.values())
    points = _points(forecasts, {bar.date for bar in bars})
    judged = []
    for bar in bars:
        for rank, key in enumerate(chosen.get((bar.instrument_id, bar.date), ())):
            forecast = forecasts[key]
            base = bases.get((bar.instrument_id, forecast.data_as_of))
            quantiles = points.get((key, bar.date, shown_series(forecast)[0]))
            if base and quantiles:
                actual = math.log(bar.adj_close / base)
                values = (anchors[key], bar.close, actual, quantiles, rank == 0)
                judged.append(JudgedClose(bar.instrument, forecast, bar.date, *values))
    return judged


def _newest_said(bars: Sequence[PriceBar]) -> dict[tuple[int, date], list[int]]:
    """Return, by instrument and day, the newest forecast of it by each method, the newest of all first."""
    if not bars:
        return {}
    days = {bar.date for bar in bars}
    found: dict[tuple[int, date], list[int]] = defaultdict(list)
    made = {"forecast__status": Forecast.Status.SUCCEEDED, "series": ForecastPoint.MODEL}
    said = ForecastPoint.objects.filter(
        **made,
        forecast__instrument__in={bar.instrument_id for bar in bars},
        forecast__data_as_of__gte=min(days) - LONGEST_FORECAST,
        date__in=days,
        step__gte=F("forecast__first_counted_step"),
    )
    order = ("forecast__instrument_id", "date", "forecast__method")
    newest = said.order_by(*order, "-forecast__data_as_of", "-forecast__finished_at").distinct(*order)
    columns = ("forecast_id", "forecast__data_as_of", "forecast__finished_at", *order[:2])
    rows = sorted(newest.values_list(*columns), key=lambda row: row[1:3], reverse=True)
    for key, _, _, instrument_id, day in rows:
        found[instrument_id, day].append(key)
    return found


def _anchor_bars(forecasts: Iterable[Forecast]) -> dict[tuple[int, date | None], float]:
    """Return the adjusted closes that forecasts count from, by instrument and day."""
    wanted = {(forecast.instrument_id, forecast.data_as_of) for forecast in forecasts}
    bars = PriceBar.objects.filter(
        instrument__in={key for key, _ in wanted}, date__in={day for _, day in wanted}
    )
    return {(key, day): price for key, day, price in bars.values_list("instrument_id", "date", "adj_close")}


def _points(forecasts: Iterable[int], days: Iterable[date]) -> dict[tuple[int, date, str], list[float]]:
    both = (ForecastPoint.MODEL, ForecastPoint.NAIVE)
    points = ForecastPoint.objects.filter(forecast__in=list(forecasts), series__in=both, date__in=list(days))
    return {(point.forecast_id, point.date, point.series): point.quantiles for point in points}


def _event(judged: JudgedClose, width: int) -> Event:
    instrument, (low, high) = judged.instrument, judged.band(width)
    side = "above" if judged.reached > high else "below"
    return Event(
        key=f"{AlertRule.Kind.OUTSIDE_BAND}:{width}:{instrument.pk}:{judged.day}",
        kind=AlertRule.Kind.OUTSIDE_BAND,
        instrument=instrument,
        title=f"{instrument.symbol} closed {side} its {width} % band",
        text=(
            f"{instrument.symbol} closed at {describe_close(judged)} on {spoken(judged.day)}, {side} the "
            f"{width} % band from {priced(low)} to {priced(high)} of "
            f"{named(judged.forecast.method, judged.forecast.data_as_of or judged.day)}."
        ),
        forecast_id=judged.forecast.pk,
        facts={
            "session": judged.day.isoformat(),
            "band": width,
            "close": judged.close,
            "close_with_dividends": judged.reached,
            "low": low,
            "high": high,
            "side": side,
        },
    )


def describe_close(judged: JudgedClose) -> str:
    """Write the close, and what it comes to with dividends where these made a difference."""
    text = priced(judged.close, judged.instrument.currency)
    if abs(judged.reached / judged.close - 1) < 1e-4:
        return text
    return f"{text} ({priced(judged.reached)} with the dividends since)"
