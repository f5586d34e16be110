"""Rows that scoring reads and writes, many at once: through the ORM they would take ten times as long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from forecasts.models import Forecast, Instrument, PriceBar, Score
from ml_engine.metrics import BANDS
from ml_engine.point_scores import PointScores
from ml_engine.quantiles import FloatArray

# Instruments with a forecast to be scored at a session that a final bar has come for, or has passed by.
DUE = """
SELECT waiting.instrument_id, newest.day
FROM (
    SELECT instrument_id, min(score_from) AS since FROM forecasts_forecast
    WHERE score_from IS NOT NULL GROUP BY instrument_id
) AS waiting CROSS JOIN LATERAL (
    SELECT max(date) AS day FROM forecasts_pricebar
    WHERE instrument_id = waiting.instrument_id AND date >= waiting.since AND state = ANY(%s)
) AS newest
WHERE newest.day IS NOT NULL
"""
RESTATED = """
SELECT id FROM forecasts_instrument AS instrument WHERE EXISTS (
    SELECT FROM forecasts_forecast
    WHERE instrument_id = instrument.id AND scores_revision < instrument.data_revision
)
"""
POINTS = """
SELECT point.forecast_id, point.series, point.step, point.date, point.quantiles
FROM unnest(%s::bigint[], %s::date[], %s::int[]) AS wanted(id, since, first_step)
JOIN forecasts_forecastpoint AS point
    ON point.forecast_id = wanted.id AND point.date >= wanted.since AND point.step >= wanted.first_step
WHERE point.date <= %s
ORDER BY point.forecast_id, point.series, point.step
"""
INSERT = """
INSERT INTO forecasts_score (
    forecast_id, series, step, version, date, actual, usual, crps, pinball, pit, error, direction_right,
    inside_50, inside_80, inside_90, inside_95, chances, scored_at
)
SELECT forecast_id, series, step, version, date, actual, usual, crps, pinball, pit, error, direction_right,
    inside_50, inside_80, inside_90, inside_95, ARRAY[lower, level, higher], %s
FROM unnest(
    %s::bigint[], %s::text[], %s::int[], %s::int[], %s::date[], %s::float8[], %s::float8[], %s::float8[],
    %s::float8[], %s::float8[], %s::float8[], %s::bool[], %s::bool[], %s::bool[], %s::bool[], %s::bool[],
    %s::float8[], %s::float8[], %s::float8[]
) AS new(
    forecast_id, series, step, version, date, actual, usual, crps, pinball, pit, error, direction_right,
    inside_50, inside_80, inside_90, inside_95, lower, level, higher
)
ON CONFLICT DO NOTHING
"""
SUPERSEDE = """
UPDATE forecasts_score AS score SET superseded_at = %s
FROM unnest(%s::bigint[], %s::text[], %s::int[]) AS old(forecast_id, series, step)
WHERE (score.forecast_id, score.series, score.step) = (old.forecast_id, old.series, old.step)
    AND score.superseded_at IS NULL
"""
ADVANCE = """
UPDATE forecasts_forecast AS forecast SET score_from = next.day, scores_revision = %s
FROM (
    SELECT wanted.forecast_id, (
        SELECT min(date) FROM forecasts_forecastpoint AS point
        WHERE point.forecast_id = wanted.forecast_id AND series = 'model'
            AND step >= wanted.first_step AND date > %s
    ) AS day
    FROM unnest(%s::bigint[], %s::int[]) AS wanted(forecast_id, first_step)
) AS next
WHERE forecast.id = next.forecast_id
"""

# (forecast, series, step)
Key = tuple[int, str, int]


@dataclass(frozen=True)
class Point:
    """A point to be scored, and the version that its score will be."""

    forecast_id: int
    series: str
    step: int
    date: date
    quantiles: list[float]
    version: int = 1

    @property
    def key(self) -> Key:
        return self.forecast_id, self.series, self.step


@dataclass(frozen=True)
class Closes:
    """What happened since a day: logs of final adjusted closes.

    `until` is the last session before which nothing is open any more; `unsettled` are days whose bar may
    still change.
    """

    revision: int
    logs: dict[date, float]
    until: date | None
    unsettled: frozenset[date]


def due() -> dict[int, date | None]:
    """Return instruments with something to score, and the last final session of those with new bars."""
    with connection.cursor() as cursor:
        cursor.execute(RESTATED)
        found: dict[int, date | None] = {row[0]: None for row in cursor.fetchall()}
        cursor.execute(DUE, [list(PriceBar.FINAL_STATES)])
        found.update(cursor.fetchall())
    return dict(sorted(found.items()))


def hurry() -> None:
    """Let this transaction end without waiting for the disk: what a crash takes is scored again."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def closes_since(instrument: Instrument, day: date) -> Closes:
    """Read them under the instrument's lock, which keeps a restatement from coming in between."""
    bars = PriceBar.objects.filter(instrument=instrument, date__gte=day).order_by("date")
    rows = list(bars.values_list("date", "adj_close", "state"))
    unsettled = frozenset(day for day, _, state in rows if state not in PriceBar.FINAL_STATES)
    final = {day: price for day, price, _ in rows if day not in unsettled}
    logs = np.log(np.array(list(final.values()))) if final else np.empty(0)
    known = [day for day in final if not unsettled or day < min(unsettled)]
    return Closes(
        instrument.data_revision,
        dict(zip(final, logs.tolist(), strict=True)),
        max(known, default=None),
        unsettled,
    )


def points_until(wanted: Sequence[tuple[Forecast, date]], until: date) -> list[Point]:
    """Return the counted points of forecasts from a day each, itself included, to a day for all."""
    ids = [forecast.pk for forecast, _ in wanted]
    days = [day for _, day in wanted]
    first = [forecast.first_counted_step for forecast, _ in wanted]
    with connection.cursor() as cursor:
        cursor.execute(POINTS, [ids, days, first, until])
        return [Point(*row) for row in cursor.fetchall()]


def current_scores(forecasts: Iterable[Forecast]) -> dict[Key, tuple[int, float]]:
    """Return version and outcome of the scores that hold."""
    rows = Score.objects.current().filter(forecast__in=forecasts)
    fields = ("forecast_id", "series", "step", "version", "actual")
    return {
        (forecast, series, step): (version, actual)
        for forecast, series, step, version, actual in rows.values_list(*fields)
    }


def write(points: Sequence[Point], actual: FloatArray, usual: FloatArray, scores: PointScores) -> int:
    """Write a score for each point (point,), after superseding those of earlier versions; return how many."""
    now = timezone.now()
    again = [point for point in points if point.version > 1]
    keys: list[list[Any]] = [[point.forecast_id for point in points], [point.series for point in points]]
    numbers = [_array([getattr(point, name) for point in points]) for name in ("step", "version", "date")]
    measured = (actual, usual, scores.crps, scores.pinball, scores.pit, scores.error)
    held = [_array(scores.inside[band].tolist()) for band in BANDS]
    floats = [_array(column.tolist()) for column in measured]
    chances = [_array(column.tolist()) for column in scores.chances.T]
    columns: list[Any] = [now, *keys, *numbers, *floats, _truths(scores.direction_right), *held, *chances]
    with connection.cursor() as cursor:
        if again:
            parts: list[Any] = [now, *([point.key[place] for point in again] for place in range(3))]
            cursor.execute(SUPERSEDE, parts)
        cursor.execute(INSERT, columns)
        return int(cursor.rowcount)


def advance(forecasts: Sequence[Forecast], closes: Closes) -> None:
    """Note that forecasts are scored as far as `closes` reach, by their revision."""
    ids, first = [row.pk for row in forecasts], [row.first_counted_step for row in forecasts]
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, [closes.revision, closes.until or date.min, ids, first])


def _array(values: Sequence[Any]) -> str:
    """Write an array as Postgres reads it: text takes a third of the time that a list of values does."""
    return f"{{{','.join(map(str, values))}}}"


def _truths(values: FloatArray) -> str:
    return _array(["null" if np.isnan(value) else bool(value) for value in values.tolist()])
