"""From what the engine said to rows: everything of a forecast in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from forecasts import calendars
from forecasts.models import Evaluation, Forecast, ForecastPoint, Trust

if TYPE_CHECKING:
    from forecasts.ingest import Snapshot


@dataclass(frozen=True)
class Result:
    """What a worker found out, in plain values.

    `stored` is the history it was made from, its last bar the anchor; `series` maps the model and each
    baseline to log returns, (step, level); `evaluation` may be new or a stored one.
    """

    stored: Snapshot
    bars_hash: str
    model: dict[str, Any]
    loss_history: list[dict[str, Any]]
    evaluation: Evaluation
    series: dict[str, list[list[float]]]


def store(forecast: Forecast, result: Result) -> bool:
    """Write points, evaluation and status together, or nothing if the claim was lost meanwhile."""
    with transaction.atomic():
        if not Forecast.objects.held(forecast).select_for_update().exists():
            return False
        evaluation = _saved(result.evaluation)
        ForecastPoint.objects.bulk_create(_points(forecast, result))
        Forecast.objects.held(forecast).update(
            **_provenance(result),
            **_judgement(evaluation),
            status=Forecast.Status.SUCCEEDED,
            progress=1.0,
            lease_until=None,
            finished_at=timezone.now(),
        )
    return True


def _saved(evaluation: Evaluation) -> Evaluation:
    """Save a new evaluation, unless somebody else has stored the same one meanwhile; then return theirs."""
    if not evaluation._state.adding:
        return evaluation
    Evaluation.objects.bulk_create([evaluation], ignore_conflicts=True)
    return Evaluation.objects.get(**{name: getattr(evaluation, name) for name in Evaluation.KEY})


def _judgement(evaluation: Evaluation) -> dict[str, Any]:
    """A forecast keeps the judgement it was issued with; a worse model steps back behind the naive cone."""
    worse = evaluation.trust == Trust.WORSE_THAN_NAIVE
    return {
        "evaluation": evaluation,
        "in_sample": evaluation.in_sample,
        "trust": evaluation.trust,
        "verdict": evaluation.verdict,
        "shown": Forecast.Shown.NAIVE if worse else Forecast.Shown.MODEL,
    }


def _points(forecast: Forecast, result: Result) -> list[ForecastPoint]:
    days = calendars.sessions_after(forecast.instrument.calendar, result.stored.anchor, forecast.horizon)
    return [
        ForecastPoint(forecast=forecast, series=name, step=step, date=day, quantiles=quantiles)
        for name, rows in result.series.items()
        for step, (day, quantiles) in enumerate(zip(days, rows, strict=True), start=1)
    ]


def _provenance(result: Result) -> dict[str, Any]:
    """Say what the numbers were made from, so that they can be made again."""
    stored = result.stored
    return {
        "data_as_of": stored.anchor,
        "anchor_close": float(stored.bars["close"].iloc[-1]),
        "split_factor": stored.split_factor,
        "bars_revision": stored.data_revision,
        "bars_hash": result.bars_hash,
        "loss_history": result.loss_history,
        "model": result.model,
    }
