"""Stored quantiles of log returns → prices that people see, re-based by splits since the forecast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from forecasts.market_data import source_name
from forecasts.models import MEDIAN, CorporateAction, Forecast, ForecastPoint, PriceBar
from forecasts.trust import standing

if TYPE_CHECKING:
    from collections.abc import Sequence


CALIBRATION_STEP = 5  # sessions ahead, of the band that is spoken of


@dataclass(frozen=True)
class Point:
    """One session ahead: `quantiles` and `median` are prices at LEVELS; `actual` is None until it is known.

    `actual` is the anchor's close times the total return since, so a dividend paid meanwhile is not a loss.
    """

    step: int
    date: date
    quantiles: list[float]
    median: float
    actual: float | None


def shown_series(forecast: Forecast) -> tuple[str, str]:
    """Return the series to show first as things stand now, and the other."""
    if standing(forecast).shown == Forecast.Shown.NAIVE:
        return ForecastPoint.NAIVE, ForecastPoint.MODEL
    return ForecastPoint.MODEL, ForecastPoint.NAIVE


def last_close(forecast: Forecast) -> float | None:
    """Return the anchor's close on today's share basis, or None while there is no result."""
    if forecast.anchor_close is None or forecast.data_as_of is None:
        return None
    splits = CorporateAction.objects.split_factor_since(forecast.instrument_id, forecast.data_as_of)
    return forecast.anchor_close * (forecast.split_factor or 1.0) / splits


def last_closes(forecasts: Sequence[Forecast]) -> dict[int, float]:
    """Return `last_close` of forecasts that succeeded, by key, in one query however many there are."""
    owners = {forecast.instrument_id for forecast in forecasts}
    splits = CorporateAction.objects.filter(instrument__in=owners, kind=CorporateAction.Kind.SPLIT)
    known = list(splits.values_list("instrument_id", "date", "value"))
    found = {}
    for forecast in forecasts:
        if forecast.anchor_close is None or forecast.data_as_of is None:
            continue
        since = [
            value
            for owner, day, value in known
            if owner == forecast.instrument_id and day > forecast.data_as_of
        ]
        found[forecast.pk] = forecast.anchor_close * (forecast.split_factor or 1.0) / math.prod(since)
    return found


def origin_note(forecast: Forecast) -> str:
    """Say what is particular about the bar that a forecast starts from; empty where nothing is."""
    anchor, wanted = forecast.data_as_of, forecast.as_of
    if anchor is None:
        return ""
    notes = []
    if anchor < wanted:
        source = source_name(forecast.instrument.source)
        notes.append(
            f"The session of {_spoken(wanted)} was missing at {source} when this was made; "
            f"this forecast starts from {_spoken(anchor)}."
        )
    if (forecast.model or {}).get("origin") == PriceBar.State.PROVISIONAL:
        notes.append(f"The close of {_spoken(anchor)} was provisional when this was made.")
    return " ".join(notes)


def calibration_note(forecast: Forecast) -> str:
    """Say what the ledger did to the model's bands; empty where it did nothing."""
    if not forecast.calibration:
        return ""
    step = min(CALIBRATION_STEP, forecast.horizon)
    change = math.expm1(forecast.calibration["log_widths"][step - 1])
    count = forecast.calibration["scored"]
    learned = f"What became of {count} earlier forecast{'' if count == 1 else 's'} by this method"
    band = f"the model’s {step}-session band"
    if abs(change) < 0.005:
        return f"{learned} has left {band} nearly as it was (calibration by the ledger)."
    did = "widened" if change > 0 else "narrowed"
    return f"{learned} has {did} {band} by {abs(100 * change):.0f} % (calibration by the ledger)."


def _spoken(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def price_points(forecast: Forecast, series: str = ForecastPoint.MODEL) -> list[Point]:
    """Return a stored series as prices, by step; empty while there is no result."""
    return points_of_series(forecast, [series])[series]


def points_of_series(forecast: Forecast, wanted: list[str]) -> dict[str, list[Point]]:
    """Return several series at once, in three queries."""
    found: dict[str, list[Point]] = {series: [] for series in wanted}
    anchor = last_close(forecast)
    if anchor is None:
        return found
    stored = list(forecast.points.filter(series__in=wanted).order_by("series", "step"))
    actual = _actual_prices(forecast, anchor, [point.date for point in stored])
    for point in stored:
        prices = [anchor * math.exp(quantile) for quantile in point.quantiles]
        found[point.series].append(
            Point(point.step, point.date, prices, prices[MEDIAN], actual.get(point.date))
        )
    return found


def _actual_prices(forecast: Forecast, anchor: float, days: list[date]) -> dict[date, float]:
    """Return anchor × adj_close(day) / adj_close(anchor's day) where the day's bar is final."""
    bars = PriceBar.objects.final().filter(
        instrument=forecast.instrument_id, date__in=[forecast.data_as_of, *days]
    )
    adjusted = dict(bars.values_list("date", "adj_close"))
    base = adjusted.get(forecast.data_as_of) if forecast.data_as_of else None
    return {day: anchor * price / base for day, price in adjusted.items()} if base else {}
