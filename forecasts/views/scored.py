"""What became of a forecast, step by step, from its scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecasts.models import ForecastPoint, LedgerEntry
from forecasts.presentation import last_close

if TYPE_CHECKING:
    from datetime import date

    from forecasts.models import Forecast, Score


@dataclass(frozen=True)
class ScoredStep:
    """A session that came: `price` on today's share basis, dividends included; CRPS of log returns."""

    step: int
    date: date
    price: float
    change: float
    crps: float
    naive_crps: float | None
    held_80: bool
    held_95: bool
    is_restated: bool

    @property
    def is_sharper(self) -> bool:
        return self.naive_crps is not None and self.crps < self.naive_crps


@dataclass(frozen=True)
class Scored:
    """A forecast's scored steps; `why_none` says why there will never be any.

    `begun` steps had begun when it was issued, `waiting` ones are not final yet, `lacking` ones have no bar.
    """

    steps: list[ScoredStep]
    why_none: str
    begun: int
    waiting: int
    lacking: int

    @property
    def held_80(self) -> int:
        return sum(step.held_80 for step in self.steps)


def scored(forecast: Forecast) -> Scored:
    """Return how the model did at each scored step beside the naive cone, in four queries at most."""
    first = forecast.first_counted_step
    if first is None:
        return Scored([], _why_never(forecast), forecast.horizon, 0, 0)
    steps = _steps(forecast)
    waiting = 0
    if forecast.score_from:
        ahead = forecast.points.filter(series=ForecastPoint.MODEL, date__gte=forecast.score_from)
        # One may be scored already: what happened is not forgotten with its bar.
        waiting = ahead.filter(step__gte=first).exclude(step__in=[step.step for step in steps]).count()
    lacking = forecast.horizon - (first - 1) - len(steps) - waiting
    return Scored(steps, "", first - 1, waiting, lacking)


def _why_never(forecast: Forecast) -> str:
    if forecast.entry is None or forecast.entry.kind == LedgerEntry.Kind.PRE_LEDGER:
        return "It was issued before the ledger was kept, so it is never scored."
    return "All sessions that it speaks of had begun when it was issued, so it is never scored."


def _steps(forecast: Forecast) -> list[ScoredStep]:
    series = (ForecastPoint.MODEL, ForecastPoint.NAIVE)
    found: dict[str, dict[int, Score]] = {name: {} for name in series}
    for score in forecast.scores.current().filter(series__in=series).order_by("step"):
        found[score.series][score.step] = score
    anchor = last_close(forecast) or math.nan
    return [
        _step(score, found[ForecastPoint.NAIVE].get(step), anchor)
        for step, score in found[ForecastPoint.MODEL].items()
    ]


def _step(model: Score, naive: Score | None, anchor: float) -> ScoredStep:
    return ScoredStep(
        step=model.step,
        date=model.date,
        price=anchor * math.exp(model.actual),
        change=math.expm1(model.actual),
        crps=model.crps,
        naive_crps=naive.crps if naive else None,
        held_80=model.inside_80,
        held_95=model.inside_95,
        is_restated=model.version > 1,
    )
