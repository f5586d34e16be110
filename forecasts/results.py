"""From what the engine said to rows: everything of a forecast in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from forecasts import calendars, ledger, trust
from forecasts.models import Evaluation, Forecast, ForecastPoint, Instrument

if TYPE_CHECKING:
    from forecasts.ingest import Snapshot


@dataclass(frozen=True)
class Result:
    """What a worker found out, in plain values.

    `stored` is the history it was made from, its last bar the anchor; `series` maps the model and each
    baseline to log returns, (step, level); `evaluation` may be new or a stored one. `volatility` to
    `calibration` are as the fields of Forecast.
    """

    stored: Snapshot
    bars_hash: str
    model: dict[str, Any]
    loss_history: list[dict[str, Any]]
    evaluation: Evaluation
    series: dict[str, list[list[float]]]
    volatility: float
    regime: str
    in_domain: bool
    calibration: dict[str, Any] | None


def store(forecast: Forecast, result: Result) -> bool:
    """Write points, evaluation, status and the ledger's entry, or nothing if the claim was lost meanwhile."""
    with transaction.atomic():
        # Before its forecast, as whoever deletes an upload locks them.
        list(Instrument.objects.select_for_update(no_key=True).filter(pk=forecast.instrument_id))
        if not Forecast.objects.held(forecast).select_for_update().exists():
            return False
        evaluation = _saved(result.evaluation)
        ForecastPoint.objects.bulk_create(_points(forecast, result))
        Forecast.objects.held(forecast).update(
            **_provenance(result),
            **_judgement(forecast, evaluation, result),
            status=Forecast.Status.SUCCEEDED,
            progress=1.0,
            lease_until=None,
            finished_at=timezone.now(),
        )
        ledger.enter_issued(forecast)
    return True


def _saved(evaluation: Evaluation) -> Evaluation:
    """Save a new evaluation, unless somebody else has stored the same one meanwhile; then return theirs."""
    if not evaluation._state.adding:
        return evaluation
    Evaluation.objects.bulk_create([evaluation], ignore_conflicts=True)
    return Evaluation.objects.get(**{name: getattr(evaluation, name) for name in Evaluation.KEY})


def _judgement(forecast: Forecast, evaluation: Evaluation, result: Result) -> dict[str, Any]:
    """A forecast keeps the judgement it was issued with; `trust.standing` says what to think of it now."""
    backtest = trust.backtest_of(evaluation, in_domain=result.in_domain)
    decision = trust.decide(backtest, trust.record_of(forecast))
    return {
        "evaluation": evaluation,
        "in_sample": evaluation.in_sample,
        "in_domain": result.in_domain,
        "trust": decision.trust,
        "verdict": decision.verdict,
        "shown": decision.shown,
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
        "volatility": result.volatility,
        "regime": result.regime,
        "calibration": result.calibration,
    }
