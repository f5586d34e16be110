"""What became of forecasts: each point whose session is final is scored, and again if that is restated.

Found from rows alone: a forecast waits with `score_from`, the next session to be scored, and is looked at
anew where the instrument's revision is not the one it was scored by (`scores_revision`).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Q

from forecasts.models import Forecast, ForecastPoint, Instrument, PriceBar
from forecasts.pipeline import outcomes
from ml_engine.point_scores import point_scores
from ml_engine.volatility import ewma_volatility

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from forecasts.pipeline.outcomes import Closes, Point
    from ml_engine.quantiles import FloatArray

logger = logging.getLogger(__name__)

# Scores written in one call, as far as whole batches go, and forecasts scored in one transaction.
MOST_AT_ONCE, BATCH = 200_000, 200
NEEDED = ("instrument", "data_as_of", "volatility", "first_counted_step", "score_from", "scores_revision")
# Of a log return. Rounding by a source that restates all prices after a split stays below it; no tick does.
SAME = 1e-6


def score_due(limit: int = MOST_AT_ONCE) -> int:
    """Score what is due, about `limit` points at most; return how many scores were written.

    Two workers at once do no harm: one waits for the other's instrument, and finds it done.
    """
    written = 0
    for instrument_id, until in outcomes.due().items():
        try:
            written += _score_instrument(instrument_id, until, limit - written)
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # one instrument's fault must not cost the others; the next run meets it again
            logger.exception("Forecasts of instrument %s could not be scored.", instrument_id)
        if written >= limit:
            break
    return written


def _score_instrument(instrument_id: int, until: date | None, limit: int) -> int:
    written, after = 0, 0
    while written < limit:
        count, batch = _score_batch(instrument_id, until, after)
        written += count
        if len(batch) < BATCH:
            break
        after = batch[-1].pk
    return written


@transaction.atomic
def _score_batch(instrument_id: int, until: date | None, after: int) -> tuple[int, list[Forecast]]:
    """Score the next forecasts, under the instrument's lock.

    Prices stand still meanwhile, and whoever reads all scores of the instrument does so before or after.
    """
    instrument = Instrument.objects.select_for_update(no_key=True).filter(pk=instrument_id).first()
    if instrument is None:
        return 0, []  # an upload that was deleted meanwhile
    outcomes.hurry()
    batch = _take(instrument, until, after)
    return _score(instrument, batch) if batch else 0, batch


def _take(instrument: Instrument, until: date | None, after: int) -> list[Forecast]:
    """Lock the next forecasts that are due or were scored by other prices."""
    restated = Q(scores_revision__lt=instrument.data_revision)
    due = Q(score_from__lte=until) if until else Q(pk__in=())
    rows = Forecast.objects.filter(
        due | restated, instrument=instrument, first_counted_step__isnull=False, pk__gt=after
    ).select_for_update(skip_locked=True, no_key=True)
    return list(rows.only(*NEEDED).order_by("pk")[:BATCH])


def _score(instrument: Instrument, batch: list[Forecast]) -> int:
    closes = outcomes.closes_since(instrument, min(_anchor(forecast) for forecast in batch))
    # Where the anchor's own bar may still change, what happened since cannot be told yet.
    ready = [forecast for forecast in batch if _anchor(forecast) not in closes.unsettled]
    points = _to_score(ready, closes)
    written = _write(instrument, points, ready, closes)
    if written < len(points):  # some were scored before, by bars that were taken away and came again
        written += _write(instrument, _changed(points, ready, ready, closes), ready, closes)
    outcomes.advance(ready, closes)
    return written


def _write(instrument: Instrument, points: list[Point], ready: list[Forecast], closes: Closes) -> int:
    if not points:
        return 0
    actual, usual = _outcomes(points, ready, closes), _usual_moves(instrument, points, ready)
    quantiles = np.array([point.quantiles for point in points])
    return outcomes.write(points, actual, usual, point_scores(quantiles, actual, usual))


def _anchor(forecast: Forecast) -> date:
    if forecast.data_as_of is None:
        raise ValueError(f"Forecast {forecast.pk} counts and has no anchor.")
    return forecast.data_as_of


def _to_score(ready: list[Forecast], closes: Closes) -> list[Point]:
    """Return the points that lack a score, or whose outcome is another now, with the version to write.

    A session without a bar that others have passed by is not scored: what happened then nobody knows.
    """
    again = {row.pk: row for row in ready if row.scores_revision not in (None, closes.revision)}
    wanted = [(row, _anchor(row) if row.pk in again else row.score_from or _anchor(row)) for row in ready]
    if closes.until is None or not wanted:
        return []
    anchors = {row.pk: _anchor(row) for row in ready}
    points = outcomes.points_until(wanted, closes.until)
    known = [row for row in points if row.date in closes.logs and anchors[row.forecast_id] in closes.logs]
    if len(known) < len(points):
        _say_skipped(ready, points, known)
    return _changed(known, again.values(), ready, closes) if again else known


def _say_skipped(ready: list[Forecast], points: list[Point], known: list[Point]) -> None:
    lacking = {row.key for row in points} - {row.key for row in known}
    sessions = sum(series == ForecastPoint.MODEL for _, series, _ in lacking)
    instrument = ready[0].instrument_id
    logger.info("Of instrument %s %d forecast sessions have no bar and no score.", instrument, sessions)


def _changed(
    points: list[Point], scored: Iterable[Forecast], ready: list[Forecast], closes: Closes
) -> list[Point]:
    """Leave out points that have a score by the same outcome; the others become the next version."""
    known = outcomes.current_scores(scored)
    found = []
    for point, actual in zip(points, _outcomes(points, ready, closes), strict=True):
        version, before = known.get(point.key, (0, np.nan))
        if not abs(actual - before) <= SAME:
            found.append(replace(point, version=version + 1))
    return found


def _outcomes(points: list[Point], ready: list[Forecast], closes: Closes) -> FloatArray:
    """Log returns (point,) from each anchor's close to its target's, dividends included."""
    logs, anchors = closes.logs, {forecast.pk: _anchor(forecast) for forecast in ready}
    return np.array([logs[point.date] - logs[anchors[point.forecast_id]] for point in points])


def _usual_moves(instrument: Instrument, points: list[Point], ready: list[Forecast]) -> FloatArray:
    """The moves (point,) to be expected: EWMA volatility at the anchor · √step."""
    volatility = {row.pk: row.volatility for row in ready if row.volatility is not None}
    older = [row for row in ready if row.volatility is None]
    if older:
        stored = _stored_volatility(instrument, max(_anchor(row) for row in older))
        volatility |= {row.pk: stored[_anchor(row)] for row in older if _anchor(row) in stored}
    steps = np.sqrt([point.step for point in points])
    return np.asarray(steps * [volatility[point.forecast_id] for point in points], dtype=np.float64)


def _stored_volatility(instrument: Instrument, day: date) -> dict[date, float]:
    """EWMA volatility by session up to `day`, for forecasts that were issued before it was kept."""
    bars = PriceBar.objects.final().filter(instrument=instrument).up_to(day).order_by("date")
    days, prices = zip(*bars.values_list("date", "adj_close"), strict=True)
    returns = np.diff(np.log(np.array(prices)), prepend=np.log(prices[0]))
    return dict(zip(days, ewma_volatility(returns).tolist(), strict=True))
