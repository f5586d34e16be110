"""Fits the law of a trained model to one instrument, and says whether that proved better.

Only its usual widths and its shape are fitted: how the LSTM and the head answer to news is common to all
instruments, and one history is too short to learn it anew. On 2015-2021, tuning the head's weights left most
stocks worse off than the house model; tuning the law alone made those that were kept a little better.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from ml_engine.blocks import Block, scored_rows, split
from ml_engine.calibration import INNER
from ml_engine.config import TrainingConfig
from ml_engine.histories import History
from ml_engine.model import Model, assemble
from ml_engine.network import pinball
from ml_engine.quantiles import LEVELS
from ml_engine.training import Callbacks, TrainingProgress

FIRST_ORIGIN = 125  # rows before the first scored origin
VALIDATION_SHARE = 0.2
STEPS = 40  # of gradient descent, each over all origins
PATIENCE = 8
RATE = 5e-3
PULL = 0.1  # towards where it started: one instrument has few independent observations
MOST_ORIGINS = 1500  # of a block, spread evenly: neighbours overlap and say much the same
MARGIN = 0.001  # share by which the loss on the validation block must fall for the result to be kept


@dataclass(frozen=True)
class Tuned:
    """The tuned model, or the one it came from where that was as good; `evidence` goes on the card."""

    model: Model
    evidence: dict[str, Any]
    losses: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Sample:
    """States (origin, hidden) of the frozen LSTM, and the targets (origin, knot) that came of them."""

    states: Tensor
    targets: Tensor


def tune(model: Model, history: History, callbacks: Callbacks) -> Tuned:
    """Fit the law on the first part of `history`; stop early and decide on the last.

    The LSTM stays as it was, so its states are computed once. Raises `TrainingStopped`.
    """
    blocks = split([history.dates], TrainingConfig(calibration_share=VALIDATION_SHARE))
    callbacks.check()
    watched = _sample(model, history, blocks.calibration)
    callbacks.check()
    tuning = LawTuning(model, _sample(model, history, blocks.fit), watched)
    losses = tuning.run(callbacks)
    kept = tuning.best < tuning.house * (1 - MARGIN)
    evidence = {
        "kept": kept,
        "validation_from": f"{blocks.calibration.first:%Y-%m-%d}",
        "validation_to": f"{blocks.calibration.last:%Y-%m-%d}",
        "house_loss": tuning.house,
        "tuned_loss": tuning.best,
    }
    return Tuned(tuning.model() if kept else model, evidence, losses)


def _sample(model: Model, history: History, block: Block) -> Sample:
    known = history.targets(block, FIRST_ORIGIN)
    rows = scored_rows(known)
    rows = rows[:: 1 + len(rows) // MOST_ORIGINS]
    states = model.states(history.features, rows).float()
    return Sample(states, torch.from_numpy(known[rows]))


class LawTuning:
    """Full-batch gradient descent on a copy of the law, never far from where it started."""

    def __init__(self, model: Model, fit: Sample, watched: Sample) -> None:
        self.original, self.fit, self.watched = model, fit, watched
        self.network = copy.deepcopy(model.network).float()
        self.parameters = [one.requires_grad_() for one in self.network.law_parameters()]
        self.start = [parameter.detach().clone() for parameter in self.parameters]
        self.shifts = torch.from_numpy(model.calibration.shifts).float()
        self.house = self.best = self.validation_loss()
        self.best_state = copy.deepcopy(self.network.state_dict())

    def run(self, callbacks: Callbacks) -> tuple[dict[str, Any], ...]:
        """Descend until `PATIENCE` steps brought nothing, and go back to the best of them."""
        optimiser = torch.optim.Adam(self.parameters, lr=RATE)
        history, best_step = [], 0
        for step in range(1, STEPS + 1):
            callbacks.check()
            fit_loss = self._step(optimiser)
            watched_loss = self.validation_loss()
            history.append(TrainingProgress(step, STEPS, step / STEPS, fit_loss, watched_loss))
            callbacks.report(history[-1])
            if watched_loss < self.best:
                self.best, best_step = watched_loss, step
                self.best_state = copy.deepcopy(self.network.state_dict())
            elif step - best_step >= PATIENCE:
                break
        self.network.load_state_dict(self.best_state)
        return tuple(asdict(progress) for progress in history)

    def model(self) -> Model:
        """The tuned model, with the calibration it was tuned under."""
        return assemble(self.network, self.original.calibration, self.original.config)

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Mean pinball loss of the network, as it is now, on the validation block."""
        return float(self._loss(self.watched))

    def _step(self, optimiser: torch.optim.Optimizer) -> float:
        optimiser.zero_grad()
        loss = self._loss(self.fit)
        pairs = zip(self.parameters, self.start, strict=True)
        pull = torch.stack([((now - start) ** 2).mean() for now, start in pairs]).sum()
        (loss + PULL * pull).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        optimiser.step()
        return float(loss.detach())

    def _loss(self, sample: Sample) -> Tensor:
        quantiles = self.network.decode(sample.states)
        width = quantiles[..., INNER[1] : INNER[1] + 1] - quantiles[..., INNER[0] : INNER[0] + 1]
        levels = torch.tensor(LEVELS, dtype=quantiles.dtype)
        return pinball(quantiles + self.shifts * width, sample.targets, levels)
