"""The forecaster of StockCast: a global LSTM, shipped trained, that can be tuned to one instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml_engine import artifacts
from ml_engine.bars import content_hash, validate
from ml_engine.cards import Card
from ml_engine.config import TrainingConfig
from ml_engine.cross_fitting import fit_across
from ml_engine.errors import NotEnoughHistory
from ml_engine.features import build_features
from ml_engine.fine_tuning import tune
from ml_engine.fitting import Workshop, fit_held_out
from ml_engine.histories import prepare
from ml_engine.model import Model, describe, restore
from ml_engine.origins import check
from ml_engine.panel import Panel, market_indices, panel_hash
from ml_engine.quantiles import LEVELS, Forecaster, QuantileForecast
from ml_engine.self_test import run_self_test
from ml_engine.training import Callbacks, OnProgress, ShouldStop, TrainingProgress
from ml_engine.vintages import choose_vintage, vintages

__all__ = [
    "FINE_TUNING_ROWS",
    "LEVELS",
    "TRAINING_ROWS",
    "Card",
    "Forecaster",
    "LSTMForecaster",
    "QuantileForecast",
    "TrainingConfig",
    "TrainingProgress",
    "vintages",
]

VERSION = "2"
FINE_TUNING_ROWS = 500  # rows that `fine_tune` needs
TRAINING_ROWS = 750  # rows that the longest history of a panel must have
SELF_TESTED = 3  # histories of a panel that go through the leak self-test


@dataclass(frozen=True)
class LSTMForecaster:
    """Quantiles of future closes from an LSTM; immutable. Make one with `load`, `train` or `fine_tune`."""

    model: Model
    card: Card

    @property
    def name(self) -> str:
        """house, fine-tuned or from-scratch."""
        return self.card.name

    @property
    def loss_history(self) -> tuple[dict[str, Any], ...]:
        """Progress at the end of each epoch: epoch, epochs, fraction, train_loss, validation_loss."""
        return self.card.loss_history

    @classmethod
    def load(cls, known_at: date | None = None, path: Path | str | None = None) -> LSTMForecaster:
        """The model in `path`, else the newest shipped vintage that ended 60 sessions before `known_at`.

        Without either, the newest of all. Raises `NoVintage` where none ended early enough, `ArtifactError`
        where the files are damaged.
        """
        return _shipped(choose_vintage(known_at)) if path is None else read(path)

    def predict(
        self,
        bars: pd.DataFrame,
        origins: pd.DatetimeIndex | None = None,
        horizon: int = 20,
        market: pd.Series[float] | None = None,
    ) -> QuantileForecast:
        """Forecast the closes 1 … `horizon` (≤ 60) sessions after each origin (default: the last row).

        `bars` as in `ml_engine.bars.validate`, at least 250 rows up to each origin; `market`: optional closes
        of a broad index by date. Raises `InvalidBars`, `NotEnoughHistory` or `InvalidRequest`.
        """
        question = check(bars, origins, horizon)
        features = build_features(question.bars, market)
        closes = question.bars["close"].to_numpy(np.float64)[question.rows]
        log_returns = self.model.log_returns(features, question.rows, horizon)
        return QuantileForecast.from_log_returns(question.dates, closes, log_returns)

    def fine_tune(
        self,
        bars: pd.DataFrame,
        on_progress: OnProgress | None = None,
        should_stop: ShouldStop | None = None,
        market: pd.Series[float] | None = None,
    ) -> LSTMForecaster:
        """A new forecaster fitted to `bars` (at least 500 rows); this one stays as it is.

        `market` is as in `predict`. `card.fine_tuning` says on which block the result was judged and whether
        it was `kept`; where it was no better, the new forecaster answers with the old weights. Raises
        `TrainingStopped`.
        """
        callbacks = Callbacks(on_progress, should_stop)
        past = validate(bars, minimum=FINE_TUNING_ROWS)
        callbacks.check()
        tuned = tune(self.model, prepare(past, market), callbacks)
        card = replace(
            self.card,
            name="fine-tuned",
            trained_until=last_day(past),
            data={"house": self.card.sha256, "rows": len(past), "bars_sha256": content_hash(past)},
            loss_history=tuned.losses,
            fine_tuning=tuned.evidence,
        )
        return tested(LSTMForecaster(tuned.model, card), [(past, market)], callbacks)

    @classmethod
    def train(
        cls,
        panel: Panel,
        config: TrainingConfig,
        on_progress: OnProgress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> LSTMForecaster:
        """Train on `panel`, {symbol: bars}; the longest of them needs 750 rows. Raises `TrainingStopped`."""
        return train_on(panel, config, Callbacks(on_progress, should_stop))

    def save(self, path: Path | str) -> LSTMForecaster:
        """Write weights and card into the folder `path`; raises `ArtifactError` if the self-test failed."""
        return replace(self, card=artifacts.write(path, self.model.tensors(), self.card))

    def to_bytes(self) -> bytes:
        """The weights as a safetensors file; raises `ArtifactError` if the self-test failed."""
        return artifacts.pack(self.model.tensors(), self.card)

    @classmethod
    def from_bytes(cls, weights: bytes, card: Card) -> LSTMForecaster:
        """The forecaster whose `to_bytes` and card were kept; `ArtifactError` if this engine differs."""
        return cls(restore(artifacts.unpack(weights, card), card.config), card)


def read(folder: Path | str) -> LSTMForecaster:
    """The forecaster in a folder; raises `ArtifactError`."""
    tensors, card = artifacts.read(folder)
    return LSTMForecaster(restore(tensors, card.config), card)


@lru_cache(maxsize=8)
def _shipped(folder: Path) -> LSTMForecaster:
    """A shipped vintage, read once in a process: its files never change, nor does a forecaster."""
    return read(folder)


def train_on(
    panel: Panel,
    config: TrainingConfig,
    callbacks: Callbacks,
    device: str = "cpu",
    groups: Mapping[str, str] | None = None,
) -> LSTMForecaster:
    """`LSTMForecaster.train`, on a device: cpu or cuda.

    `groups` names each symbol's market; without it all share one. An index is made of each market alone: at
    one's close, what another does later that day is not known.
    """
    valid = {symbol: validate(bars) for symbol, bars in sorted(panel.items())}
    most = max((len(bars) for bars in valid.values()), default=0)
    if most < TRAINING_ROWS:
        raise NotEnoughHistory(TRAINING_ROWS, most)
    markets = market_indices(valid, groups)
    histories = []
    for symbol, bars in valid.items():
        callbacks.check()
        histories.append(prepare(bars, markets[symbol]))
    fit = fit_across if config.folds else fit_held_out
    fitted = fit(Workshop(histories, config, device), callbacks)
    card = Card(
        name="from-scratch" if len(valid) == 1 else "house",
        version=VERSION,
        trained_until=max(last_day(bars) for bars in valid.values()),
        data=data_summary(valid),
        config=describe(config),
        seed=config.seed,
        metrics=fitted.metrics,
        parameters=fitted.model.parameters,
        self_test={},
        loss_history=fitted.losses,
    )
    longest = sorted(valid, key=lambda symbol: len(valid[symbol]), reverse=True)[:SELF_TESTED]
    histories_tested = [(valid[symbol], markets[symbol]) for symbol in longest]
    return tested(LSTMForecaster(fitted.model, card), histories_tested, callbacks)


def tested(
    forecaster: LSTMForecaster,
    histories: list[tuple[pd.DataFrame, pd.Series[float] | None]],
    callbacks: Callbacks,
) -> LSTMForecaster:
    """The forecaster with the leak self-test's result and the fingerprint of its weights on its card.

    `histories` are bars and, where there is one, the market beside them.
    """
    results = []
    for bars, market in histories:
        callbacks.check()
        results.append(run_self_test(forecaster, bars, market))
    summary = {"passed": all(result["passed"] for result in results), "runs": results}
    sha256 = artifacts.fingerprint(forecaster.model.tensors())
    return replace(forecaster, card=replace(forecaster.card, self_test=summary, sha256=sha256))


def data_summary(panel: Panel) -> dict[str, Any]:
    """What a card says of the data: how much, from when, until when, and its fingerprint."""
    rows = sum(len(bars) for bars in panel.values())
    first = min(bars.index[0] for bars in panel.values())
    return {
        "instruments": len(panel),
        "rows": rows,
        "from": f"{first:%Y-%m-%d}",
        "to": max(last_day(bars) for bars in panel.values()).isoformat(),
        "sha256": panel_hash(panel),
    }


def last_day(bars: pd.DataFrame) -> date:
    """Date of the last row."""
    return pd.Timestamp(bars.index[-1]).date()
