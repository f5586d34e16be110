"""House models trained here, for tests: small, quickly trained, and kept as the site keeps them."""

from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import pandas as pd
from django.utils import timezone

from forecasts.models import HouseModel, Instrument
from ml_engine.config import TrainingConfig
from ml_engine.domain import domain_of
from ml_engine.forecaster import LSTMForecaster
from tests.factories import InstrumentFactory
from tests.ml_engine.synthetic import make_bars

SMALL = TrainingConfig(hidden=4, epochs=1, batch=8, window=128, burn_in=30, first_origin=125, folds=3)


@lru_cache(maxsize=4)
def trained(until: date, seed: int = 7) -> LSTMForecaster:
    """Return a small house model that says it was trained until then."""
    panel = {"A": make_bars(800, seed=1), "B": make_bars(800, seed=2)}
    model = LSTMForecaster.train(panel, replace(SMALL, seed=seed))
    return replace(model, card=replace(model.card, trained_until=until, domain=domain_of(panel.values())))


def kept(until: date, status: str = HouseModel.Status.CHALLENGER, seed: int = 7, **fields: Any) -> HouseModel:
    """Store a small model as one that was trained here."""
    model = trained(until, seed)
    if status in (HouseModel.Status.CHAMPION, HouseModel.Status.RETIRED):
        fields.setdefault("promoted_at", timezone.now())
    return HouseModel.objects.create(
        status=status,
        sha256=model.card.sha256,
        trained_until=until,
        card=model.card.to_json(),
        weights=model.to_bytes(),
        **fields,
    )


def listed(symbol: str, rows: int = 800, *, seed: int = 0, **about: Any) -> Instrument:
    """Store a live instrument with `rows` made-up final bars from 2010 on."""
    instrument = InstrumentFactory(yahoo=True, symbol=symbol, **about)
    instrument.bars.upsert(instrument, priced(make_bars(rows, seed=seed)))
    return instrument


def priced(bars: pd.DataFrame) -> pd.DataFrame:
    """Return bars as they are stored: without dividends."""
    return bars.assign(adj_close=bars["close"])
