"""The training loop: batches of tensors in, a fitted network out. It knows nothing of prices."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ml_engine.config import TrainingConfig
from ml_engine.errors import TrainingStopped

GRADIENT_NORM = 1.0
WARM_UP = 0.25  # share of training in which the rate rises to its peak
REPORT_EVERY = 10  # batches


@dataclass(frozen=True)
class TrainingProgress:
    """How far training is: `fraction` of all of it, 0 … 1; losses are mean pinball losses.

    `validation_loss` is None while an epoch is under way, and where nothing is held out.
    """

    epoch: int
    epochs: int
    fraction: float
    train_loss: float
    validation_loss: float | None = None


OnProgress = Callable[[TrainingProgress], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Callbacks:
    """What the caller hears and says while training runs."""

    on_progress: OnProgress | None = None
    should_stop: ShouldStop | None = None

    def report(self, progress: TrainingProgress) -> None:
        """Tell the caller how far training is."""
        if self.on_progress is not None:
            self.on_progress(progress)

    def check(self) -> None:
        """Raise `TrainingStopped` if the caller wants no more; called at every batch, and between stages."""
        if self.should_stop is not None and self.should_stop():
            raise TrainingStopped


class Batches(Protocol):
    """Pairs (features, targets): an epoch each call, in random order where a generator is given."""

    def __len__(self) -> int: ...

    def batches(self, generator: np.random.Generator | None = None) -> Iterator[tuple[Tensor, Tensor]]: ...


@dataclass(frozen=True)
class Data:
    """What to fit, what to watch (nothing: losses of validation are None), and where to compute."""

    fit: Batches
    validation: Batches | None = None
    device: str = "cpu"


class Trainer:
    """Fits a network in place by AdamW under a one-cycle schedule (Smith and Topin, 2018).

    The network has a method `loss(features, targets) -> Tensor`. The same seed and thread count give the same
    bits.
    """

    def __init__(self, network: nn.Module, data: Data, config: TrainingConfig, callbacks: Callbacks) -> None:
        self.network, self.data, self.config, self.callbacks = network, data, config, callbacks
        self.generator = np.random.default_rng(config.seed)
        self.optimiser = torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay)

    def run(self) -> tuple[dict[str, Any], ...]:
        """Train for all epochs; with `patience`, stop after as many without improvement and restore the best.

        Returns the progress at the end of each epoch. Raises `TrainingStopped`.
        """
        history: list[TrainingProgress] = []
        best, best_epoch, best_state = math.inf, 0, self.network.state_dict()
        for epoch in range(1, self.config.epochs + 1):
            train_loss, validation_loss = self._epoch(epoch), self._validate()
            done = epoch / self.config.epochs
            history.append(TrainingProgress(epoch, self.config.epochs, done, train_loss, validation_loss))
            self.callbacks.report(history[-1])
            if validation_loss is not None and validation_loss < best:
                best, best_epoch = validation_loss, epoch
                best_state = copy.deepcopy(self.network.state_dict())
            elif self.config.patience is not None and epoch - best_epoch >= self.config.patience:
                break
        if self.config.patience is not None:
            self.network.load_state_dict(best_state)
        return tuple(asdict(progress) for progress in history)

    def _epoch(self, epoch: int) -> float:
        """One pass over the data; returns its mean loss."""
        self.network.train()
        total, count, expected = 0.0, 0, len(self.data.fit)
        for features, targets in self.data.fit.batches(self.generator):
            self.callbacks.check()
            done = min(count / expected, 1.0)
            fraction = (epoch - 1 + done) / self.config.epochs
            if count and count % REPORT_EVERY == 0:
                self.callbacks.report(TrainingProgress(epoch, self.config.epochs, fraction, total / count))
            total += self._step(features, targets, self.config.learning_rate * one_cycle(fraction))
            count += 1
        return total / max(count, 1)

    def _step(self, features: Tensor, targets: Tensor, rate: float) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        loss = self._loss(features, targets)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        self.optimiser.step()
        return float(loss.detach())

    @torch.no_grad()
    def _validate(self) -> float | None:
        if self.data.validation is None:
            return None
        self.network.eval()
        losses = []
        for features, targets in self.data.validation.batches():
            self.callbacks.check()
            losses.append((float(self._loss(features, targets)), len(features)))
        return sum(loss * size for loss, size in losses) / max(sum(size for _, size in losses), 1)

    def _loss(self, features: Tensor, targets: Tensor) -> Tensor:
        device = self.data.device
        loss: Tensor = self.network.loss(features.to(device), targets.to(device))  # type: ignore[operator]
        return loss


def one_cycle(fraction: float) -> float:
    """Share of the peak rate at `fraction` of training: a cosine up from 4 %, then one down to nothing."""
    if fraction < WARM_UP:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * fraction / WARM_UP)) / 2
    return (1 + math.cos(math.pi * (fraction - WARM_UP) / (1 - WARM_UP))) / 2
