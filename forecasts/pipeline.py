"""What a worker does, in order: prices → model → evidence → forecast → rows. The only door to the engine.

`prepare` brings prices up to date; `compute` fits or loads the model, judges it on past origins, forecasts
and stores everything in one transaction. Both begin with a claim and end when the claim is lost.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from forecasts import bell, calendars, ingest, results
from forecasts.errors import INTERRUPTED, ForecastFailed
from forecasts.heartbeat import Heartbeat
from forecasts.models import BARS_NEEDED, Evaluation, Forecast, ForecastPoint
from forecasts.results import Result
from ml_engine import bars as price_history
from ml_engine import house
from ml_engine.backtesting import PooledSkill, SkillRow, backtest, eligible_origins, judge
from ml_engine.baselines import fast_baselines, slow_baselines
from ml_engine.errors import EngineError, NoVintage, TrainingStopped, UnadjustedSplitWarning
from ml_engine.forecaster import Card, Forecaster, LSTMForecaster, TrainingConfig, TrainingProgress, vintages

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from forecasts.models import Instrument

logger = logging.getLogger(__name__)

# Sessions between the last bar a judged model is fitted on and the first origin it is judged at.
EMBARGO = 60


class Stopped(Exception):
    """The claim was lost: everybody withdrew, or another worker took over."""


def prepare(forecast_id: int) -> None:
    """Bring the instrument's prices up to date, then hand the forecast to the computing queue."""
    forecast = Forecast.objects.claim(forecast_id)
    if forecast is None:
        return
    with Heartbeat(forecast) as beat, _settled(forecast):
        beat.report(stage="fetching", progress=0.02)
        ingest.ensure_history(forecast)
        if Forecast.objects.hand_over(forecast):
            bell.ring(forecast.pk)


def compute(forecast_id: int) -> None:
    """Make the forecast and store it."""
    forecast = Forecast.objects.claim(forecast_id)
    if forecast is None:
        return
    with Heartbeat(forecast) as beat, _settled(forecast):
        results.store(forecast, _work(forecast, beat))


def run_here(forecast_id: int) -> None:
    """Do all of a forecast's steps in this process, as far as no worker has claimed it."""
    if not Forecast.objects.get(pk=forecast_id).prices_ready:
        prepare(forecast_id)
    compute(forecast_id)


@contextmanager
def _settled(forecast: Forecast) -> Iterator[None]:
    """Turn whatever goes wrong into the row's next state: stopped, failed with a reason, or tried again."""
    try:
        yield
    except (Stopped, TrainingStopped):
        logger.info("Forecast %s is not wanted here any more.", forecast.pk)
    except ForecastFailed as failure:
        _end(forecast, failure)
    except EngineError as error:
        _end(forecast, ForecastFailed(error.code, error.message, error.remedy))
    except SoftTimeLimitExceeded:
        limit = settings.TASK_SOFT_LIMIT_SECONDS
        remedy = "Try the house method, or ask again when the site is less busy."
        _end(forecast, ForecastFailed("timeout", f"It took longer than {limit} seconds.", remedy))
    except KeyboardInterrupt:  # at a terminal: whoever is next goes on
        Forecast.objects.give_back(forecast, INTERRUPTED)
        raise
    except Exception:  # a fault of ours or of a service; it is logged, and may pass
        logger.exception("Forecast %s broke.", forecast.pk)
        remedy = "Ask again; if it happens again, tell whoever runs this site."
        _end(forecast, ForecastFailed("internal", "Something went wrong here.", remedy, permanent=False))


def _end(forecast: Forecast, failure: ForecastFailed) -> None:
    last_try = failure.permanent or forecast.attempt >= settings.FORECAST_ATTEMPTS
    settle = Forecast.objects.fail if last_try else Forecast.objects.give_back
    settle(forecast, failure.as_json())


# Prices -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prices:
    """The final bars up to `as_of`: as people see them, and as the engine gets them."""

    stored: ingest.Snapshot
    engine: pd.DataFrame

    def before(self, day: date) -> pd.DataFrame:
        """The engine's bars of sessions before `day`."""
        return self.engine[self.engine.index < day.isoformat()]


def _prices(forecast: Forecast) -> Prices:
    stored = ingest.snapshot(forecast.instrument, forecast.as_of)
    return Prices(stored, price_history.adjust_for_dividends(stored.bars))


# The work -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """The origins that a method is judged on, and the house model that may be judged there."""

    bars: pd.DataFrame
    origins: pd.DatetimeIndex
    house: LSTMForecaster
    in_sample: bool
    in_domain: bool = True  # the house model has learned from US stocks


def _work(forecast: Forecast, beat: Heartbeat) -> Result:
    prices = _prices(forecast)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnadjustedSplitWarning)  # a jump in stored prices is no news here
        block = _block(forecast, prices)
        beat.report(stage="training", progress=0.1)
        forecaster = _fit(forecast, block, prices.engine, _training_reports(beat), beat.should_stop)
        beat.report(stage="evaluating", progress=0.5)
        evaluation = _evaluation(forecast, prices.stored.data_revision, block, forecaster, beat)
        beat.report(stage="storing", progress=0.95)
        everyone = {ForecastPoint.MODEL: forecaster, **fast_baselines()}
        series = {
            name: one.predict(prices.engine, horizon=forecast.horizon).log_returns[0].tolist()
            for name, one in everyone.items()
        }
    if beat.should_stop():
        raise Stopped
    return Result(
        stored=prices.stored,
        bars_hash=price_history.content_hash(prices.engine),
        model=_about_model(forecaster.card),
        loss_history=[_loss(**row) for row in forecaster.loss_history],
        evaluation=evaluation,
        series=series,
    )


def _about_model(card: Card) -> dict[str, Any]:
    said = {name: getattr(card, name) for name in ("name", "version", "sha256", "fine_tuning")}
    return said | {"trained_until": card.trained_until.isoformat()}


def _training_reports(beat: Heartbeat) -> Callable[[TrainingProgress], None]:
    """Write the loss of each epoch as it comes, and the share of the work between 0.1 and 0.5."""
    losses: list[dict[str, Any]] = []

    def report(progress: TrainingProgress) -> None:
        losses[progress.epoch - 1 :] = [_loss(**asdict(progress))]
        beat.report(progress=0.1 + 0.4 * progress.fraction, loss_history=losses)

    return report


def _loss(*, epoch: int, train_loss: float, validation_loss: float | None, **_rest: Any) -> dict[str, Any]:
    return {"epoch": epoch, "train": train_loss, "validation": validation_loss}


def _block(forecast: Forecast, prices: Prices) -> Block:
    """Choose the judged origins: they and their outcomes lie before as_of's month."""
    month = forecast.as_of.replace(day=1)
    bars = prices.before(month)
    count = forecast.settings["evaluation_origins"]
    origins = eligible_origins(bars, after=_fitted_by(forecast, bars), limit=count)
    return _block_for(bars, origins, month)


def _block_for(bars: pd.DataFrame, origins: pd.DatetimeIndex, as_of: date) -> Block:
    """Take the newest vintage that knows none of the origins, or else a shorter block.

    The second choice keeps the origins that a vintage from before as_of does not know. Where there is no such
    vintage, the oldest answers and the block is in-sample.
    """
    first = origins[0].date() if len(origins) else as_of
    try:
        return Block(bars, origins, LSTMForecaster.load(known_at=first), in_sample=False)
    except NoVintage:
        pass
    try:
        model = LSTMForecaster.load(known_at=as_of)
    except NoVintage:
        oldest = LSTMForecaster.load(known_at=vintages()[0].fair_from)
        return Block(bars, origins, oldest, in_sample=True)
    known = np.datetime64(model.card.fair_from)
    return Block(bars, origins[origins > known], model, in_sample=False)


def _fitted_by(forecast: Forecast, bars: pd.DataFrame) -> pd.Timestamp | None:
    """The day by which a method that fits on the instrument has seen enough, and an embargo has passed."""
    if forecast.method == Forecast.Method.HOUSE:
        return None
    row = min(BARS_NEEDED[Forecast.Method(forecast.method)] + EMBARGO, len(bars)) - 1
    return bars.index[row] if row >= 0 else None


def _fit(
    forecast: Forecast,
    block: Block,
    bars: pd.DataFrame,
    on_progress: Callable[[TrainingProgress], None] | None,
    should_stop: Callable[[], bool],
) -> LSTMForecaster:
    """Return the method's model, fitted on nothing but `bars`."""
    if forecast.method == Forecast.Method.HOUSE:
        return block.house
    if forecast.method == Forecast.Method.FINE_TUNED:
        fitted = block.house.fine_tune(bars, on_progress=on_progress, should_stop=should_stop)
    else:
        panel = {forecast.instrument.symbol: bars}
        config = replace(TrainingConfig.for_one_instrument(), seed=forecast.settings["seed"])
        fitted = LSTMForecaster.train(panel, config, on_progress=on_progress, should_stop=should_stop)
    if not fitted.card.self_test["passed"]:
        raise ForecastFailed("leak", "The fitted model failed its leak test.", "Use the house method.")
    return fitted


# The evidence -------------------------------------------------------------------------------------------


def _evaluation(
    forecast: Forecast, revision: int, block: Block, forecaster: LSTMForecaster, beat: Heartbeat
) -> Evaluation:
    """Return the stored evaluation of instrument, month, method and model, or a new one, not yet saved."""
    from_scratch = forecast.method == Forecast.Method.FROM_SCRATCH
    key = {
        "instrument": forecast.instrument,
        "data_revision": revision,
        "data_month": forecast.as_of.replace(day=1),
        "method": forecast.method,
        "model_hash": forecast.model_hash if from_scratch else block.house.card.sha256,
        "settings_hash": forecast.settings_hash,
    }
    stored = Evaluation.objects.filter(**key).first()
    if stored is not None:
        return stored
    judged = _judged(forecast, block, forecaster, beat)
    in_sample = block.in_sample and not from_scratch
    block = replace(block, in_sample=in_sample, in_domain=from_scratch or forecast.instrument.is_us_stock)
    return Evaluation(**key, **_evidence(judged, block, beat.should_stop))


def _judged(forecast: Forecast, block: Block, forecaster: LSTMForecaster, beat: Heartbeat) -> LSTMForecaster:
    """Return the model to judge: fitted on bars that ended an embargo before the judged origins."""
    if forecast.method == Forecast.Method.HOUSE or not len(block.origins):
        return forecaster
    past = block.bars[block.bars.index <= block.origins[0]].iloc[:-EMBARGO]
    return _fit(forecast, block, past, None, beat.should_stop)


def _evidence(
    judged: LSTMForecaster,
    block: Block,
    should_stop: Callable[[], bool] | None = None,
    rivals: dict[str, Forecaster] | None = None,
) -> dict[str, Any]:
    """Score the model beside its rivals, the fast baselines unless given; an Evaluation's fields."""
    if not len(block.origins):
        return Evaluation.NOTHING_TO_JUDGE | {"in_sample": block.in_sample}
    everyone = {ForecastPoint.MODEL: judged, **(rivals or fast_baselines())}
    test = backtest(everyone, block.bars, block.origins, should_stop=should_stop)
    judgement = judge(test, ForecastPoint.MODEL, block.in_sample, block.in_domain)
    rows: list[SkillRow | PooledSkill] = [*test.skill, *test.pooled]
    return {
        "first_origin": test.first_origin.date(),
        "last_origin": test.last_origin.date(),
        "origins": test.origins,
        "metrics": [asdict(row) for row in test.metrics],
        "skill": [{"step": None, **asdict(row)} for row in rows if row.method == ForecastPoint.MODEL],
        "in_sample": block.in_sample,
        "trust": judgement.trust,
        "verdict": judgement.verdict,
    }


# Beside the work ----------------------------------------------------------------------------------------


def warm() -> None:
    """Do once what a first forecast would wait for; one thread, for several slow each other down."""
    import pandas as pd
    import torch

    torch.set_num_threads(1)
    days = pd.bdate_range("2000-01-03", periods=400, name="date")
    calendars.sessions_after(calendars.NEW_YORK, days[-1].date(), 1)
    price = 100 + np.sin(np.arange(len(days)))
    bars = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close", "volume"), price), index=days)
    model = LSTMForecaster.load()
    _evidence(model, Block(bars, eligible_origins(bars, limit=5), model, in_sample=True))


def train_house_model(
    panel: Path, until: date, output: Path, device: str, on_fraction: Callable[[float], None]
) -> dict[str, Any]:
    """Train a vintage, save it into `output` and return its card; raises ForecastFailed."""
    try:
        trained = house.train_house_model(
            panel, until, output, device, on_progress=lambda progress: on_fraction(progress.fraction)
        )
    except EngineError as error:
        raise ForecastFailed(error.code, error.message, error.remedy) from error
    return trained.card.to_json()


def backtest_instrument(instrument: Instrument, count: int, *, slow: bool = False) -> dict[str, Any]:
    """Judge the house model and the baselines, the slow ones too if asked, on the last `count` origins."""
    bars = price_history.adjust_for_dividends(instrument.bars.final().as_frame())
    block = _block_for(bars, eligible_origins(bars, limit=count), bars.index[-1].date())
    block = replace(block, in_domain=instrument.is_us_stock)
    evidence = _evidence(block.house, block, rivals=fast_baselines() | (slow_baselines() if slow else {}))
    return evidence | {"vintage": block.house.card.trained_until}
