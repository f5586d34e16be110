"""Walk-forward evidence: how a model did on past origins, beside baselines on the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from forecasts.models import Evaluation, Forecast, ForecastPoint
from forecasts.pipeline.fitting import Block, Hooks, refit
from ml_engine.backtesting import PooledSkill, SkillRow, backtest, judge
from ml_engine.bars import content_hash
from ml_engine.baselines import fast_baselines
from ml_engine.forecaster import Forecaster, LSTMForecaster

if TYPE_CHECKING:
    from forecasts.pipeline.prices import Prices

ShouldStop = Callable[[], bool]


def evaluation_of(
    forecast: Forecast, prices: Prices, block: Block, forecaster: LSTMForecaster, should_stop: ShouldStop
) -> Evaluation:
    """Return the stored evaluation of the same model on the same bars, or a new one, not yet saved."""
    key = _key(forecast, prices, block)
    stored = Evaluation.objects.filter(**key).first()
    if stored is not None:
        return stored
    from_scratch = forecast.method == Forecast.Method.FROM_SCRATCH
    judged = forecaster
    if forecast.method != Forecast.Method.HOUSE and len(block.origins):
        judged = refit(forecast, block, Hooks(should_stop=should_stop))
    block = replace(block, in_sample=block.in_sample and not from_scratch)
    return Evaluation(
        **key,
        market_symbol=block.known.market.symbol,
        judged_hash=judged.card.sha256,
        **evidence(judged, block, should_stop),
    )


def _key(forecast: Forecast, prices: Prices, block: Block) -> dict[str, Any]:
    """Where prices or market were fetched late, were restated, or were not to be had, it is another one."""
    from_scratch = forecast.method == Forecast.Method.FROM_SCRATCH
    return {
        "instrument": forecast.instrument,
        "data_revision": prices.stored.data_revision,
        "data_month": forecast.as_of.replace(day=1),
        "method": forecast.method,
        "model_hash": forecast.model_hash if from_scratch else block.house.card.sha256,
        "settings_hash": forecast.settings_hash,
        "bars_hash": content_hash(block.known.bars),
        "market_hash": block.known.market.sha256,
    }


def evidence(
    judged: LSTMForecaster,
    block: Block,
    should_stop: ShouldStop | None = None,
    rivals: dict[str, Forecaster] | None = None,
) -> dict[str, Any]:
    """Score the model beside its rivals, the fast baselines unless given; an Evaluation's fields."""
    if not len(block.origins):
        return Evaluation.NOTHING_TO_JUDGE | {"in_sample": block.in_sample}
    everyone = {ForecastPoint.MODEL: judged, **(rivals or fast_baselines())}
    market = block.known.market.closes
    test = backtest(everyone, block.known.bars, block.origins, market=market, should_stop=should_stop)
    judgement = judge(test, ForecastPoint.MODEL, block.in_sample)
    return {
        "first_origin": test.first_origin.date(),
        "last_origin": test.last_origin.date(),
        "origins": test.origins,
        "metrics": [asdict(row) for row in test.metrics],
        "skill": skill_of_model([*test.skill, *test.pooled]),
        "in_sample": block.in_sample,
        "trust": judgement.trust,
        "verdict": judgement.verdict,
    }


def skill_of_model(rows: Iterable[SkillRow | PooledSkill]) -> list[dict[str, Any]]:
    """Return the model's rows as they are stored; a pooled one has no step."""
    return [{"step": None, **asdict(row)} for row in rows if row.method == ForecastPoint.MODEL]
