"""Trains a model on price histories: blocks of time, network, calibration, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml_engine.blocks import Block, rows_of, split
from ml_engine.calibration import Calibration
from ml_engine.config import TrainingConfig
from ml_engine.features import MARKET_COLUMNS
from ml_engine.histories import History, excess_drift, outcome
from ml_engine.model import Model, assemble, new_network
from ml_engine.network import KNOTS, QuantileLSTM
from ml_engine.scores import block_scores
from ml_engine.training import Callbacks, Data, Trainer
from ml_engine.windows import Dropout, Series, Windows

MOST_JUDGED = 100_000  # origins that calibration and report look at, spread evenly over all


@dataclass(frozen=True)
class Fitted:
    """What training made; `losses` holds the progress at the end of each epoch watched on held-out data."""

    model: Model
    metrics: dict[str, Any]
    losses: tuple[dict[str, Any], ...]


class Fitting:
    """One training run over some histories."""

    def __init__(self, histories: Sequence[History], config: TrainingConfig, device: str = "cpu") -> None:
        self.histories, self.config, self.device = histories, config, device
        self.blocks = split([one.dates for one in histories], config)
        self.drift = excess_drift(histories, self.blocks.fit, config.drift)
        rows = sum(len(one.dates) for one in histories)
        self.stride = 1 + int(rows * config.calibration_share) // MOST_JUDGED

    def run(self, callbacks: Callbacks) -> Fitted:
        """Train on the first block of time, calibrate on the second, report on the third.

        Where the config says `refit`, the same recipe is then trained once more on all of the time and keeps
        the calibration; the report stays that of the model that had not seen its block.
        """
        half = 0.5 if self.config.refit else 1.0
        network = new_network(self.config)
        losses = self._train(network, self.blocks.fit, self.blocks.calibration, callbacks.within(0, half))
        calibration = self._calibrate(network)
        model = assemble(network, calibration, self.config)
        metrics = self._report(model)
        if self.config.refit:
            network = new_network(self.config)
            self._train(network, self.blocks.whole, None, callbacks.within(half, 1))
            model = assemble(network, calibration, self.config)
        return Fitted(model, metrics, losses)

    def _train(
        self, network: QuantileLSTM, fit: Block, watched: Block | None, callbacks: Callbacks
    ) -> tuple[dict[str, Any], ...]:
        config = self.config
        batches = Dropout(self._windows(fit), config.feature_dropout, MARKET_COLUMNS, config.market_dropout)
        validation = None if watched is None else self._windows(watched)
        data = Data(batches, validation, self.device)
        return Trainer(network.to(self.device), data, config, callbacks).run()

    def _windows(self, block: Block) -> Windows:
        """Windows that score the origins of `block`; the rows before it only fill the state."""
        config, series = self.config, []
        for one in self.histories:
            begin, end = rows_of(block, one.dates)
            known = one.targets(block, self.drift, config.first_origin)
            rows = slice(max(min(begin - config.burn_in, end - config.window), 0), end)
            series.append(Series(one.features.matrix[rows], known[rows]))
        return Windows(series, config.window, config.burn_in, config.batch)

    def _calibrate(self, network: QuantileLSTM) -> Calibration:
        raw = assemble(network, Calibration.none(len(KNOTS)), self.config)
        seen = outcome(raw, self.histories, self.blocks.calibration, self.drift, self.stride)
        return Calibration.fit(seen.quantiles, seen.targets)

    def _report(self, model: Model) -> dict[str, Any]:
        block = self.blocks.report or self.blocks.calibration
        seen = outcome(model, self.histories, block, stride=self.stride)
        steps = block_scores(seen.quantiles, seen.targets, seen.volatility)
        return {
            "from": f"{block.first:%Y-%m-%d}",
            "to": f"{block.last:%Y-%m-%d}",
            "used_to_stop_training": self.blocks.report is None,
            "steps": steps,
        }
