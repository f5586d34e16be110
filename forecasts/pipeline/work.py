"""One forecast from beginning to end: prices, model, evidence, numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from forecasts.heartbeat import Heartbeat
from forecasts.models import Forecast, ForecastPoint
from forecasts.pipeline.anchors import anchor_of
from forecasts.pipeline.calibrating import Correction, correction_of
from forecasts.pipeline.evidence import evaluation_of
from forecasts.pipeline.fitting import Hooks, block_of, fit
from forecasts.pipeline.prices import Known, Market, prices_of
from forecasts.pipeline.shadow import in_the_shadow
from forecasts.results import Result
from ml_engine.bars import content_hash
from ml_engine.baselines import fast_baselines
from ml_engine.errors import UnadjustedSplitWarning
from ml_engine.forecaster import Card, LSTMForecaster, TrainingProgress


class Stopped(Exception):
    """The claim was lost: everybody withdrew, or another worker took over."""


def work(forecast: Forecast, beat: Heartbeat) -> Result:
    """Return all that is to be stored; raises Stopped where the claim is lost meanwhile."""
    prices = prices_of(forecast)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnadjustedSplitWarning)  # a jump in stored prices is no news here
        block = block_of(forecast, prices)
        beat.report(stage="training", progress=0.1)
        hooks = Hooks(_training_reports(beat), beat.should_stop)
        forecaster = fit(forecast, block.house, prices.known, hooks)
        beat.report(stage="evaluating", progress=0.5)
        evaluation = evaluation_of(forecast, prices, block, forecaster, beat.should_stop)
        beat.report(stage="storing", progress=0.95)
        correction = correction_of(forecast, prices.stored.anchor)
        series = series_of(forecaster, prices.known, forecast.horizon, correction)
        challenger, shadow = in_the_shadow(forecast, prices.stored.anchor, prices.known, correction)
    anchor = anchor_of(forecast.instrument, prices.known.bars, forecaster.card)
    if beat.should_stop():
        raise Stopped
    return Result(
        stored=prices.stored,
        bars_hash=content_hash(prices.known.bars),
        model=_about_model(forecaster.card, prices.known.market)
        | {"origin": prices.stored.origin}
        | challenger,
        loss_history=[_loss(**row) for row in forecaster.loss_history],
        evaluation=evaluation,
        series=series | shadow,
        volatility=anchor.volatility,
        regime=anchor.regime,
        in_domain=anchor.in_domain,
        calibration=correction.as_json() if correction else None,
    )


def series_of(
    forecaster: LSTMForecaster, known: Known, horizon: int, correction: Correction | None
) -> dict[str, list[list[float]]]:
    """Forecast from the last bar, by the model and each fast baseline: log returns (step, level).

    The ledger corrects the model alone: baselines are what it is measured by.
    """
    everyone = {ForecastPoint.MODEL: forecaster, **fast_baselines()}
    series = {
        name: one.predict(known.bars, horizon=horizon, market=known.market.closes).log_returns[0].tolist()
        for name, one in everyone.items()
    }
    if correction is not None:
        series[ForecastPoint.MODEL] = correction.applied(series[ForecastPoint.MODEL])
    return series


def _about_model(card: Card, market: Market) -> dict[str, Any]:
    """Return the model's provenance; `market_missing` names an index that was wanted and not to be had."""
    said = {name: getattr(card, name) for name in ("name", "version", "sha256", "fine_tuning")}
    missing = market.symbol if market.closes is None else ""
    return said | {
        "trained_until": card.trained_until.isoformat(),
        "market": market.as_json(),
        "market_missing": missing,
    }


def _training_reports(beat: Heartbeat) -> Callable[[TrainingProgress], None]:
    """Write the loss of each epoch as it comes, and the share of the work between 0.1 and 0.5."""
    losses: list[dict[str, Any]] = []

    def report(progress: TrainingProgress) -> None:
        losses[progress.epoch - 1 :] = [_loss(**asdict(progress))]
        beat.report(progress=0.1 + 0.4 * progress.fraction, loss_history=losses)

    return report


def _loss(*, epoch: int, train_loss: float, validation_loss: float | None, **_rest: Any) -> dict[str, Any]:
    return {"epoch": epoch, "train": train_loss, "validation": validation_loss}
