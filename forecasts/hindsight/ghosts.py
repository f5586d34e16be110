"""What was said some sessions before a forecast, or would have been said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, Value, When

from forecasts.models import MEDIAN, Forecast, ForecastPoint, LedgerEntry, Replay, ReplayPoint
from forecasts.presentation import Point, last_closes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from forecasts.models import PriceBar

GHOSTS_BACK = (5, 20)  # sessions before a forecast's anchor
# Newest replays that are looked through for an origin.
REPLAYS_LOOKED_AT = 20


@dataclass(frozen=True)
class Ghost:
    """What was said `sessions_ago` before a forecast's anchor, or would have been said: `is_replayed`.

    `points` are prices on today's share basis; `series` is the model, or the naive cone where that was shown.
    """

    sessions_ago: int
    is_replayed: bool
    series: str
    points: list[Point]


def ghosts_of(forecast: Forecast, history: Sequence[PriceBar]) -> list[Ghost]:
    """Return what was said GHOSTS_BACK sessions earlier, as far as there is anything, in five queries.

    `history` ends with the anchor's bar. What the ledger has comes first, by the same method if it can be;
    then the newest replay.
    """
    origins = {history[-1 - back].date: back for back in GHOSTS_BACK if back < len(history)}
    found = _issued(forecast, origins)
    missing = [history[-1 - back] for day, back in origins.items() if day not in found]
    found |= _replayed(forecast, missing, origins) if missing else {}
    return [found[day] for day in origins if day in found]


def _issued(forecast: Forecast, origins: dict[date, int]) -> dict[date, Ghost]:
    """By origin. Of those entered once their first session had begun, part was said after the fact: none."""
    said = (
        Forecast.objects.filter(
            instrument=forecast.instrument_id,
            data_as_of__in=origins,
            entry__kind=LedgerEntry.Kind.ISSUED,
            first_counted_step=1,
        )
        .annotate(other_method=_other_than(forecast.method))
        .order_by("data_as_of", "other_method", "-horizon", "entry_id")
        .distinct("data_as_of")
    )
    chosen = {one.pk: one for one in said}
    closes = last_closes(list(chosen.values())) if chosen else {}
    points: dict[int, list[Point]] = {}
    drawn = ForecastPoint.objects.filter(
        forecast__in=chosen, series__in=(ForecastPoint.MODEL, ForecastPoint.NAIVE)
    )
    for row in drawn.order_by("step"):
        one = chosen[row.forecast_id]
        if row.series == _first_shown(one) and row.forecast_id in closes:
            point = _point(row.step, row.date, row.quantiles, closes[row.forecast_id])
            points.setdefault(row.forecast_id, []).append(point)
    return {
        day: Ghost(origins[day], False, _first_shown(chosen[pk]), points[pk])
        for pk in points
        if (day := chosen[pk].data_as_of) is not None
    }


def _first_shown(forecast: Forecast) -> str:
    """The series that was drawn first when it was issued."""
    naive = forecast.shown == Forecast.Shown.NAIVE
    return ForecastPoint.NAIVE if naive else ForecastPoint.MODEL


def _replayed(forecast: Forecast, missing: Sequence[PriceBar], origins: dict[date, int]) -> dict[date, Ghost]:
    """By origin. A replay whose model had seen its origins is no evidence, so it is left out."""
    newest = list(
        Replay.objects.filter(
            instrument=forecast.instrument_id,
            status=Replay.Status.SUCCEEDED,
            in_sample=False,
            first_origin__lte=max(bar.date for bar in missing),
            last_origin__gte=min(bar.date for bar in missing),
        )
        .annotate(other_method=_other_than(forecast.method))
        .order_by("other_method", "-as_of", "-finished_at")
        .values_list("pk", "first_origin", "last_origin")[:REPLAYS_LOOKED_AT]
    )
    chosen = {
        bar.date: (pk, bar.close)
        for bar in missing
        if (
            pk := next(
                (pk for pk, first, last in newest if first and last and first <= bar.date <= last), None
            )
        )
    }
    rows = ReplayPoint.objects.filter(
        replay__in={pk for pk, _ in chosen.values()}, series=ForecastPoint.MODEL, origin__in=chosen
    )
    points: dict[date, list[Point]] = {}
    for row in rows.order_by("step"):
        pk, close = chosen[row.origin]
        if row.replay_id == pk:
            points.setdefault(row.origin, []).append(_point(row.step, row.date, row.quantiles, close))
    return {day: Ghost(origins[day], True, ForecastPoint.MODEL, said) for day, said in points.items()}


def _other_than(method: str) -> Case:
    """0 for the method, 1 for any other."""
    return Case(When(method=method, then=Value(0)), default=Value(1), output_field=IntegerField())


def _point(step: int, day: date, quantiles: Iterable[float], close: float) -> Point:
    prices = [close * math.exp(quantile) for quantile in quantiles]
    return Point(step, day, prices, prices[MEDIAN], None)
