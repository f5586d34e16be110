"""A replay's numbers as prices, beside what happened."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecasts.models import LEVELS, ForecastPoint, Replay, ReplayPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

# By the per cent of outcomes that a band promises to hold: its lower and upper level.
PROMISED = {50: (0.25, 0.75), 80: (0.1, 0.9), 90: (0.05, 0.95), 95: (0.025, 0.975)}


@dataclass(frozen=True)
class Said:
    """One origin of a replay at one step: prices on today's basis; `actual` is None until it is known."""

    origin: date
    date: date
    quantiles: list[float]
    actual: float | None

    def held(self, promised: int) -> bool | None:
        """Whether the band that promised so many per cent held the outcome; None while it is not known."""
        low, high = (self.quantiles[LEVELS.index(level)] for level in PROMISED[promised])
        return None if self.actual is None else low <= self.actual <= high


@dataclass(frozen=True)
class Coverage:
    """How many of a replay's outcomes are known at a step, and the share that each band of PROMISED held."""

    step: int
    known: int
    model: list[float | None]
    naive: list[float | None]


def said_at(replay: Replay, step: int, series: str = ForecastPoint.MODEL) -> list[Said]:
    """Return a replay's origins at one step, oldest first, in two queries."""
    return _said(_points(replay, [step], [series]), _bars(replay))


def coverage_of(replay: Replay) -> list[Coverage]:
    """Return by step what share of the known outcomes each band held, in two queries."""
    bars = _bars(replay)
    both = (ForecastPoint.MODEL, ForecastPoint.NAIVE)
    groups: dict[tuple[str, int], list[ReplayPoint]] = {}
    for point in _points(replay, Replay.STEPS, both):
        groups.setdefault((point.series, point.step), []).append(point)
    said = {key: _said(points, bars) for key, points in groups.items()}
    return [
        Coverage(
            step=step,
            known=sum(one.actual is not None for one in said.get((ForecastPoint.MODEL, step), [])),
            model=_shares(said.get((ForecastPoint.MODEL, step), [])),
            naive=_shares(said.get((ForecastPoint.NAIVE, step), [])),
        )
        for step in Replay.STEPS
    ]


def _points(replay: Replay, steps: Sequence[int], series: Sequence[str]) -> list[ReplayPoint]:
    rows = replay.points.filter(series__in=series, step__in=steps)
    return list(rows.order_by("series", "step", "origin"))


def _bars(replay: Replay) -> dict[date, tuple[float, float]]:
    """Close and adj_close of final bars from the first origin on, by day."""
    bars = replay.instrument.bars.final().filter(date__gte=replay.first_origin)
    return {day: (close, adjusted) for day, close, adjusted in bars.values_list("date", "close", "adj_close")}


def _said(points: Iterable[ReplayPoint], bars: dict[date, tuple[float, float]]) -> list[Said]:
    """As prices; an origin whose bar has gone since is left out."""
    found = []
    for point in points:
        if point.origin not in bars:
            continue
        close, adjusted = bars[point.origin]
        target = bars.get(point.date)
        actual = None if target is None else close * target[1] / adjusted
        found.append(Said(point.origin, point.date, [close * math.exp(q) for q in point.quantiles], actual))
    return found


def _shares(said: Sequence[Said]) -> list[float | None]:
    known = [one for one in said if one.actual is not None]
    return [
        sum(bool(one.held(promised)) for one in known) / len(known) if known else None
        for promised in PROMISED
    ]
