"""Trains a model on price histories: network, calibration, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml_engine.blocks import Block, rows_of, split
from ml_engine.calibration import Calibration
from ml_engine.config import TrainingConfig
from ml_engine.features import MARKET_COLUMNS
from ml_engine.histories import History, Outcome, outcome
from ml_engine.model import Model, assemble, new_network
from ml_engine.network import KNOTS, QuantileLSTM
from ml_engine.quantiles import SingleArray
from ml_engine.scores import block_scores
from ml_engine.training import Callbacks, Data, Trainer
from ml_engine.windows import Dropout, Windows

Targets = Sequence[SingleArray]  # (row, knot) of each history; NaN is not scored
MOST_JUDGED = 20_000  # origins that calibration and report look at, spread evenly over all
# A single block of a year or two holds few independent months: half of what it shows is believed.
TRUST_IN_ONE_BLOCK = 0.5


@dataclass(frozen=True)
class Fitted:
    """What training made; `losses` holds the progress at the end of each epoch watched on held-out data."""

    model: Model
    metrics: dict[str, Any]
    losses: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Workshop:
    """What every way of fitting needs: the histories, the recipe and the place to compute."""

    histories: Sequence[History]
    config: TrainingConfig
    device: str = "cpu"

    def train(
        self,
        network: QuantileLSTM,
        fit: Targets,
        watched: Targets | None,
        callbacks: Callbacks,
    ) -> tuple[dict[str, Any], ...]:
        """Fit `network` in place on the targets `fit`; `watched` are those of held-out time."""
        config = self.config
        batches = Dropout(self._windows(fit), config.feature_dropout, MARKET_COLUMNS, config.market_dropout)
        validation = None if watched is None else self._windows(watched)
        data = Data(batches, validation, self.device)
        return Trainer(network.to(self.device), data, config, callbacks).run()

    def _windows(self, targets: Targets) -> Windows:
        config = self.config
        matrices = [one.features.matrix.astype(np.float32, copy=False) for one in self.histories]
        return Windows(matrices, targets, config.window, config.burn_in, config.batch)

    def targets(self, block: Block) -> list[SingleArray]:
        """Targets (row, knot) of each history that lie in `block`."""
        return [one.targets(block, self.config.first_origin) for one in self.histories]

    def outcome(self, model: Model, block: Block, *, learnt: bool = False) -> Outcome:
        """What `model` says of `block`, and what came of it."""
        rows = sum(int(np.subtract(*rows_of(block, one.dates)[::-1])) for one in self.histories)
        return outcome(model, self.histories, block, 1 + rows // MOST_JUDGED, learnt=learnt)

    def report(self, model: Model, block: Block, *, stopped_by_it: bool) -> dict[str, Any]:
        """The card's metrics: how `model` did on a block that it had not seen."""
        seen = self.outcome(model, block)
        return {
            "from": f"{block.first:%Y-%m-%d}",
            "to": f"{block.last:%Y-%m-%d}",
            "used_to_stop_training": stopped_by_it,
            "steps": block_scores(seen.quantiles, seen.targets, seen.volatility),
        }


def fit_held_out(workshop: Workshop, callbacks: Callbacks) -> Fitted:
    """Train on the first block of time; stop early, calibrate and report on the last.

    For one instrument, whose history is too short to be cut more often.
    """
    config = workshop.config
    blocks = split([one.dates for one in workshop.histories], config)
    network = new_network(config)
    fit, watched = workshop.targets(blocks.fit), workshop.targets(blocks.calibration)
    losses = workshop.train(network, fit, watched, callbacks)
    callbacks.check()
    raw = assemble([network], Calibration.none(len(KNOTS)), config)
    seen = workshop.outcome(raw, blocks.calibration, learnt=True)
    calibration = Calibration.fit(seen.quantiles, seen.targets, TRUST_IN_ONE_BLOCK)
    model = assemble([network], calibration, config)
    callbacks.check()
    return Fitted(model, workshop.report(model, blocks.calibration, stopped_by_it=True), losses)
