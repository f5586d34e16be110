"""Beside the work on forecasts: warming up a worker, training a vintage, judging from a terminal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecasts import calendars
from forecasts.errors import ForecastFailed
from forecasts.pipeline.anchors import anchor_of
from forecasts.pipeline.evidence import evidence
from forecasts.pipeline.fitting import Block, block_for
from forecasts.pipeline.prices import Known, Market, market_of
from forecasts.trust import Backtest, decide
from ml_engine import bars as price_history
from ml_engine import house
from ml_engine.backtesting import eligible_origins
from ml_engine.baselines import fast_baselines, slow_baselines
from ml_engine.errors import EngineError
from ml_engine.forecaster import LSTMForecaster

if TYPE_CHECKING:
    from pathlib import Path

    from forecasts.models import Instrument


def warm() -> None:
    """Do once what a first forecast would wait for; one thread, for several slow each other down."""
    import torch

    torch.set_num_threads(1)
    days = pd.bdate_range("2000-01-03", periods=400, name="date")
    calendars.sessions_after(calendars.NEW_YORK, days[-1].date(), 1)
    price = 100 + np.sin(np.arange(len(days)))
    bars = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close", "volume"), price), index=days)
    model, origins = LSTMForecaster.load(), eligible_origins(bars, limit=5)
    evidence(model, Block(Known(bars, Market()), origins, model, in_sample=True))
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first one imports for a second


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
    known = Known(bars, market_of(instrument, bars)).settled
    block = block_for(known, eligible_origins(bars, limit=count), bars.index[-1].date())
    rivals = fast_baselines() | (slow_baselines() if slow else {})
    found = evidence(block.house, block, rivals=rivals)
    card = block.house.card
    in_domain = anchor_of(instrument, bars, card).in_domain
    decision = decide(Backtest(found["trust"], found["verdict"], in_domain, block.in_sample), record=None)
    return found | {"trust": decision.trust, "verdict": decision.verdict, "vintage": card.trained_until}
