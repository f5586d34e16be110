"""Fits a house model: a committee of networks, each blind to one block of time.

What a network says of the block it has not seen tells how wrong such networks are, and corrects the
committee: cross-conformal prediction (Vovk, Annals of Mathematics and Artificial Intelligence, 2015), here
without a guarantee, for time is not exchangeable and the committee is an average. No time is lost to
calibration, and networks that have learnt from different years agree on less of what was chance: on later
years their average was better from five sessions on than one network that had seen it all.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import Any

import numpy as np
import pandas as pd

from ml_engine.blocks import Block, folds
from ml_engine.calibration import Calibration
from ml_engine.config import TrainingConfig
from ml_engine.fitting import Fitted, Workshop
from ml_engine.histories import History, Outcome
from ml_engine.model import Model, assemble, new_network
from ml_engine.network import KNOTS, QuantileLSTM
from ml_engine.quantiles import SingleArray
from ml_engine.training import Callbacks, TrainingProgress

AT_ONCE = 2  # networks in training: each takes one core, for torch lets go of Python's lock


@dataclass(frozen=True)
class Member:
    """A network, the block it has not seen, what it says of it, and its losses."""

    network: QuantileLSTM
    fold: Block
    seen: Outcome
    losses: tuple[dict[str, Any], ...]


def fit_across(workshop: Workshop, callbacks: Callbacks) -> Fitted:
    """Train `config.folds` networks, two at a time, and calibrate them on the blocks that they had not seen.

    The report is of the one that had not seen the last block, calibrated by the others. Raises
    `TrainingStopped`.
    """
    return CrossFitting(workshop, callbacks).run()


class CrossFitting:
    """One cross-fitting; every network starts from a seed of its own."""

    def __init__(self, workshop: Workshop, callbacks: Callbacks) -> None:
        self.workshop, self.config = workshop, workshop.config
        dates = [one.dates.to_numpy() for one in workshop.histories]
        self.sessions = pd.DatetimeIndex(np.unique(np.concatenate(dates)))
        self.folds = folds(self.sessions, self.config)
        self.progress = SharedProgress(callbacks, parts=len(self.folds))

    def run(self) -> Fitted:
        """Train, calibrate, report."""
        seeds = range(self.config.seed, self.config.seed + len(self.folds))
        configs = [replace(self.config, seed=seed) for seed in seeds]
        networks = [new_network(config) for config in configs]  # here: torch has one seed for all threads
        with ThreadPoolExecutor(AT_ONCE) as pool, self.progress.ended_together():
            members = list(pool.map(self._member, networks, configs, self.folds))
        model = assemble([one.network for one in members], _calibration(members), self.config)
        last = _alone(members[-1].network, _calibration(members[:-1]), self.config)
        metrics = self.workshop.report(last, members[-1].fold, stopped_by_it=False)
        return Fitted(model, metrics, _mean_losses(members))

    def _member(self, network: QuantileLSTM, config: TrainingConfig, fold: Block) -> Member:
        workshop = replace(self.workshop, config=config)
        fit, watched = self._targets_without(fold), workshop.targets(fold)
        losses = workshop.train(network, fit, watched, self.progress.part())
        seen = workshop.outcome(_alone(network, Calibration.none(len(KNOTS)), config), fold, learnt=True)
        return Member(network, fold, seen, losses)

    def _targets_without(self, fold: Block) -> list[SingleArray]:
        """Targets (row, knot) that share no session with `fold`, nor with the embargo on both sides."""
        first, last = (int(self.sessions.searchsorted(day)) for day in (fold.first, fold.last))
        edge, gap = len(self.sessions) - 1, self.config.embargo
        before = Block(self.sessions[0], self.sessions[max(first - gap - 1, 0)])
        after = Block(self.sessions[min(last + gap + 1, edge)], self.sessions[edge])
        return [self._either(one, before, after) for one in self.workshop.histories]

    def _either(self, history: History, one: Block, other: Block) -> SingleArray:
        """Targets (row, knot) of a history in either of two blocks."""
        first, second = (history.targets(block, self.config.first_origin) for block in (one, other))
        return np.where(np.isnan(first), second, first)


class SharedProgress:
    """Adds up the progress of networks that train side by side; the caller hears one rising fraction."""

    def __init__(self, callbacks: Callbacks, parts: int) -> None:
        self.callbacks, self.parts = callbacks, parts
        self.fractions: list[float] = []
        self.lock = Lock()
        self.broken = Event()

    def part(self) -> Callbacks:
        """Callbacks for one of the parts."""
        with self.lock:
            place = len(self.fractions)
            self.fractions.append(0.0)
        return Callbacks(lambda progress: self._report(place, progress), self._should_stop)

    @contextmanager
    def ended_together(self) -> Iterator[None]:
        """Stop all parts when one breaks, or whoever waits for them is interrupted."""
        try:
            yield
        except BaseException:
            self.broken.set()
            raise

    def _should_stop(self) -> bool:
        asked = self.callbacks.should_stop
        return self.broken.is_set() or (asked is not None and asked())

    def _report(self, place: int, progress: TrainingProgress) -> None:
        with self.lock:
            self.fractions[place] = progress.fraction
            done = sum(self.fractions) / self.parts
            self.callbacks.report(replace(progress, fraction=done))


def _alone(network: QuantileLSTM, calibration: Calibration, config: TrainingConfig) -> Model:
    """A model of one network."""
    return assemble([network], calibration, config)


def _calibration(members: list[Member]) -> Calibration:
    """What all of `members` together ask for."""
    quantiles = np.concatenate([one.seen.quantiles for one in members])
    return Calibration.fit(quantiles, np.concatenate([one.seen.targets for one in members]))


def _mean_losses(members: list[Member]) -> tuple[dict[str, Any], ...]:
    """The progress at the end of each epoch, losses averaged over the networks."""
    names = ("train_loss", "validation_loss")
    return tuple(
        epochs[0] | {name: float(np.mean([one[name] for one in epochs])) for name in names}
        for epochs in zip(*(one.losses for one in members), strict=True)
    )
