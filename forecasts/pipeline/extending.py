"""Slow baselines join stored evidence, on the very same origins, bars and model. Nobody waits for this."""

from __future__ import annotations

import logging
import warnings
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pandas as pd
from celery.exceptions import SoftTimeLimitExceeded

from forecasts import ingest
from forecasts.models import Evaluation, Forecast, ForecastPoint
from forecasts.pipeline.champion import house_of
from forecasts.pipeline.evidence import skill_of_model
from forecasts.pipeline.fitting import Block, Hooks, refit
from forecasts.pipeline.prices import Known, Market, stored_market
from ml_engine import bars as price_history
from ml_engine.backtesting import backtest
from ml_engine.baselines import slow_baselines
from ml_engine.errors import EngineError, UnadjustedSplitWarning
from ml_engine.forecaster import Forecaster, LSTMForecaster

logger = logging.getLogger(__name__)

Rows = list[dict[str, Any]]


def extend_evaluation(evaluation_id: int) -> None:
    """Add the slow baselines' rows, and the model's skill over them; trust and verdict stay as they are.

    What fails is tried again after a while, three times in all.
    """
    evaluation = Evaluation.objects.claim(evaluation_id)
    if evaluation is None:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnadjustedSplitWarning)
            _settle(evaluation, _slow_rows(evaluation))
    except Exception:  # a fault of ours or of a service, or a worker out of time; it is logged, and may pass
        logger.exception("Evaluation %s could not be extended.", evaluation.pk)
        Evaluation.objects.release(evaluation)


def _settle(evaluation: Evaluation, rows: tuple[Rows, Rows] | None) -> None:
    if rows is None:
        logger.info("The prices of evaluation %s have changed since.", evaluation.pk)
        Evaluation.objects.skip(evaluation)
    else:
        Evaluation.objects.extend(evaluation, *rows)


def _slow_rows(evaluation: Evaluation) -> tuple[Rows, Rows] | None:
    """Return metrics and skill to add; None where the bars of that time are no longer there."""
    bars = _same_bars(evaluation)
    if bars is None:
        return None
    origins = _same_origins(evaluation, bars)
    known = Known(bars, _same_market(evaluation, bars))
    model = _same_model(evaluation, known, origins)
    metrics: Rows = []
    skill: Rows = []
    for name, baseline in slow_baselines().items():
        try:
            its_metrics, its_skill = _scores(name, baseline, model, known, origins)
        except EngineError as error:
            logger.warning("Evaluation %s goes without %s: %s", evaluation.pk, name, error)
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # one broken baseline must not cost the others
            logger.exception("Evaluation %s goes without %s, which broke.", evaluation.pk, name)
        else:
            metrics += its_metrics
            skill += its_skill
    return metrics, skill


def _scores(
    name: str, baseline: Forecaster, model: LSTMForecaster | None, known: Known, origins: pd.DatetimeIndex
) -> tuple[Rows, Rows]:
    """Score one baseline, beside the model where there is one to compare with."""
    both: dict[str, Forecaster] = {name: baseline}
    if model is not None:
        both[ForecastPoint.MODEL] = model
    test = backtest(both, known.bars, origins, market=known.market.closes)
    metrics = [asdict(row) for row in test.metrics if row.method == name]
    return metrics, skill_of_model(test.skill)


def _same_bars(evaluation: Evaluation) -> pd.DataFrame | None:
    last_day = evaluation.data_month - timedelta(days=1)
    stored = ingest.snapshot(evaluation.instrument, last_day)
    known = Known(price_history.adjust_for_dividends(stored.bars), Market(), stored.is_settled)
    bars = known.settled.bars
    return bars if price_history.content_hash(bars) == evaluation.bars_hash else None


def _same_origins(evaluation: Evaluation, bars: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the judged origins: every session from the first to the last."""
    return pd.DatetimeIndex(bars.loc[f"{evaluation.first_origin}" : f"{evaluation.last_origin}"].index)


def _same_market(evaluation: Evaluation, bars: pd.DataFrame) -> Market:
    """Return the closes of that time: they end with the month, or with `bars` where trading had halted."""
    symbol = evaluation.market_symbol
    if not evaluation.market_hash:
        return Market(symbol)
    market = stored_market(symbol, evaluation.data_month - timedelta(days=1)).settled
    same = market.sha256 == evaluation.market_hash
    return market if same else stored_market(symbol, bars.index[-1].date()).settled


def _same_model(evaluation: Evaluation, known: Known, origins: pd.DatetimeIndex) -> LSTMForecaster | None:
    """Return the model as it was judged; None where it cannot be made again to the bit."""
    if known.market.sha256 != evaluation.market_hash:
        return None
    forecast = evaluation.forecast_set.select_related("instrument").first()
    house = _house(evaluation)
    if forecast is None or house is None:
        return None
    model = house
    if evaluation.method != Forecast.Method.HOUSE:
        model = refit(forecast, Block(known, origins, house, evaluation.in_sample), Hooks())
    return model if model.card.sha256 == evaluation.judged_hash else None


def _house(evaluation: Evaluation) -> LSTMForecaster | None:
    """Return the house model that it was made from; a model from scratch needs none, so any will do."""
    if evaluation.method == Forecast.Method.FROM_SCRATCH:
        return LSTMForecaster.load()
    return house_of(evaluation.model_hash)
