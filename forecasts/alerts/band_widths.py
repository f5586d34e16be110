"""Bands that become wider or narrower than nearly all that were forecast lately."""

from __future__ import annotations

from statistics import quantiles
from typing import TYPE_CHECKING

from forecasts.alerts.closes import BANDS
from forecasts.alerts.events import Event, Found, named
from forecasts.alerts.said import COMPARED, unseen
from forecasts.models import AlertRule, ForecastPoint, Instrument

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from forecasts.alerts.said import Said, Series
    from forecasts.alerts.scope import Scope

KIND = AlertRule.Kind.BAND_WIDTH
STEP = 5
FEWEST = 20
WIDER, NARROWER, USUAL = "wider", "narrower", ""


def find(scope: Scope, said: dict[Series, list[Said]], since: datetime) -> Iterator[Found]:
    """Tell when a new forecast leaves the usual range, and not again while the next stay on that side."""
    asked = {series: listed for series, listed in said.items() if scope.of(KIND, *series)}
    if not asked:
        return
    widths = _widths(asked)
    instruments = Instrument.objects.in_bulk({instrument_id for instrument_id, _ in asked})
    for series, listed in asked.items():
        for at in unseen(listed, since):
            newest = listed[at]
            compared = _compared(listed[at:], widths)
            side = side_of(compared)
            if side in (USUAL, side_of(compared[1:])):
                continue
            for rule in scope.of(KIND, *series):
                if newest.first_at > rule.active_since:
                    yield Found(rule, _event(instruments[newest.instrument_id], newest, side, compared))


def side_of(widths: Sequence[float]) -> str:
    """Say on which side of the 5 to 95 % range of up to 60 before it the first of `widths` lies."""
    newest, before = widths[:1], widths[1 : COMPARED + 1]
    if len(before) < FEWEST:
        return USUAL
    low, high = usual_range(before)
    return WIDER if newest[0] > high else NARROWER if newest[0] < low else USUAL


def usual_range(widths: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(widths, n=20, method="inclusive")
    return cuts[0], cuts[-1]


def _step_of(one: Said) -> int:
    return min(STEP, one.horizon)


def _compared(listed: Sequence[Said], widths: dict[tuple[int, int], float]) -> list[float]:
    """Return the width of the first, and of those before it that reach as far, all at its step."""
    step = _step_of(listed[0])
    return [widths[one.pk, step] for one in listed if (one.pk, step) in widths][: COMPARED + 2]


def _widths(asked: dict[Series, list[Said]]) -> dict[tuple[int, int], float]:
    """Return the widths of the model's 80 % bands, in log returns, by forecast and step."""
    said = [one for listed in asked.values() for one in listed]
    steps = {_step_of(one) for one in said}
    points = ForecastPoint.objects.filter(
        forecast__in=[one.pk for one in said], series=ForecastPoint.MODEL, step__in=steps
    )
    low, high = BANDS[80]
    rows = points.values_list("forecast_id", "step", "quantiles")
    return {(key, step): levels[high] - levels[low] for key, step, levels in rows}


def _event(instrument: Instrument, newest: Said, side: str, widths: Sequence[float]) -> Event:
    before = widths[1 : COMPARED + 1]
    low, high = usual_range(before)
    sessions = _step_of(newest)
    ahead = f"{sessions} sessions" if sessions > 1 else "one session"
    return Event(
        key=f"{KIND}:{newest.origin}",
        kind=KIND,
        instrument=instrument,
        title=f"{instrument.symbol}: the forecast band is {side} than usual",
        text=(
            f"In {named(newest.method, newest.data_as_of)} the 80 % band of {instrument.symbol} {ahead} "
            f"ahead is {100 * widths[0]:.1f} % wide. In the {len(before)} forecasts before it, it was "
            f"between {100 * low:.1f} and {100 * high:.1f} % wide nine times out of ten."
        ),
        forecast_id=newest.pk,
        facts={
            "width": widths[0],
            "usual_low": low,
            "usual_high": high,
            "compared": len(before),
            "step": sessions,
            "side": side,
        },
    )
