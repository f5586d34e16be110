"""Which model forecasts, and which is judged: never on sessions that it has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasts.errors import ForecastFailed
from forecasts.models import BARS_NEEDED, Forecast
from forecasts.pipeline.champion import champion_for
from ml_engine.backtesting import eligible_origins
from ml_engine.errors import NoVintage
from ml_engine.forecaster import LSTMForecaster, TrainingConfig, TrainingProgress, vintages

if TYPE_CHECKING:
    import pandas as pd

    from forecasts.pipeline.prices import Known, Prices

# Sessions between the last bar a judged model is fitted on and the first origin it is judged at.
EMBARGO = 60


@dataclass(frozen=True)
class Block:
    """The origins that a method is judged on, and the house model that may be judged there."""

    known: Known
    origins: pd.DatetimeIndex
    house: LSTMForecaster
    in_sample: bool


@dataclass(frozen=True)
class Hooks:
    """How a fit tells where it stands, and learns that nobody wants it any more."""

    on_progress: Callable[[TrainingProgress], None] | None = None
    should_stop: Callable[[], bool] | None = None


def block_of(forecast: Forecast, prices: Prices) -> Block:
    """Choose the judged origins: they and their outcomes lie before as_of's month.

    A champion answers from the day on which it can be judged, and is judged on origins since then: however
    few they are at first, it has earned its place in the ledger.
    """
    month = forecast.as_of.replace(day=1)
    known = prices.known.settled.before(month)
    count = forecast.settings["evaluation_origins"]
    origins = eligible_origins(known.bars, after=_fitted_by(forecast, known.bars), limit=count)
    # One from scratch has learned nothing from a house model.
    from_scratch = forecast.method == Forecast.Method.FROM_SCRATCH
    champion = None if from_scratch else champion_for(forecast.as_of)
    return _unseen(known, origins, champion) if champion else block_for(known, origins, month)


def _unseen(known: Known, origins: pd.DatetimeIndex, house: LSTMForecaster) -> Block:
    """Keep the origins that a model does not know."""
    return Block(known, origins[origins > np.datetime64(house.card.fair_from)], house, in_sample=False)


def replay_block(forecast: Forecast, prices: Prices, count: int) -> Block:
    """Choose a replay's origins: the last `count` there are, whether or not their outcomes are known yet."""
    known = prices.known.settled
    after = _fitted_by(forecast, known.bars)
    return block_for(known, eligible_origins(known.bars, after=after, limit=count, step=0), forecast.as_of)


def block_for(known: Known, origins: pd.DatetimeIndex, as_of: date) -> Block:
    """Take the newest shipped vintage that knows none of the origins, or else a shorter block.

    The second choice keeps the origins that a vintage from before as_of does not know. Where there is no such
    vintage, the oldest answers and the block is in-sample.
    """
    first = origins[0].date() if len(origins) else as_of
    try:
        return Block(known, origins, LSTMForecaster.load(known_at=first), in_sample=False)
    except NoVintage:
        pass
    try:
        model = LSTMForecaster.load(known_at=as_of)
    except NoVintage:
        oldest = LSTMForecaster.load(known_at=vintages()[0].fair_from)
        return Block(known, origins, oldest, in_sample=True)
    return _unseen(known, origins, model)


def _fitted_by(forecast: Forecast, bars: pd.DataFrame) -> pd.Timestamp | None:
    """The day by which a method that fits on the instrument has seen enough, and an embargo has passed."""
    if forecast.method == Forecast.Method.HOUSE:
        return None
    row = min(BARS_NEEDED[Forecast.Method(forecast.method)] + EMBARGO, len(bars)) - 1
    return bars.index[row] if row >= 0 else None


def fit(forecast: Forecast, house: LSTMForecaster, known: Known, hooks: Hooks) -> LSTMForecaster:
    """Return the method's model, fitted on nothing but what is known and final."""
    if forecast.method == Forecast.Method.HOUSE:
        return house
    known = known.settled
    if forecast.method == Forecast.Method.FINE_TUNED:
        market: dict[str, Any] = {} if known.market.closes is None else {"market": known.market.closes}
        fitted = house.fine_tune(known.bars, hooks.on_progress, hooks.should_stop, **market)
    else:
        panel = {forecast.instrument.symbol: known.bars}
        config = replace(TrainingConfig.for_one_instrument(), seed=forecast.settings["seed"])
        fitted = LSTMForecaster.train(panel, config, hooks.on_progress, hooks.should_stop)
    if not fitted.card.self_test["passed"]:
        raise ForecastFailed("leak", "The fitted model failed its leak test.", "Use the house method.")
    return fitted


def refit(forecast: Forecast, block: Block, hooks: Hooks) -> LSTMForecaster:
    """Return the model to judge: fitted on bars that ended an embargo before the judged origins."""
    bars = block.known.bars
    past = bars[bars.index <= block.origins[0]].iloc[:-EMBARGO]
    return fit(forecast, block.house, replace(block.known, bars=past), hooks)
