"""A fitted model: network, calibration and config together, from features to quantiles of log returns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_engine.adaptation import first_walked, log_widths, widened
from ml_engine.blocks import targets
from ml_engine.calibration import Calibration
from ml_engine.config import TrainingConfig
from ml_engine.errors import ArtifactError
from ml_engine.features import FEATURES, Features
from ml_engine.network import KNOTS, Committee, QuantileLSTM, interpolation
from ml_engine.quantiles import LEVELS, MEDIAN, FloatArray
from ml_engine.windows import anchored_windows

CALIBRATION = "calibration.shifts"
# Panels hold the companies that survived, and nobody's past growth is promised: the median grows as is
# plausible for a stock over the long run, and by no more than a little of what it moves.
YEARLY_GROWTH = 0.04
MOST_GROWTH = 0.02  # volatilities a session
SESSIONS_A_YEAR = 252
INTERPOLATION = interpolation().numpy()  # (step, knot)


@dataclass(frozen=True)
class Model:
    """The LSTMs compute in single precision, by fixed windows (`ml_engine.windows`); all else in double."""

    network: Committee
    calibration: Calibration
    config: TrainingConfig

    @torch.no_grad()
    def states(self, features: Features, rows: NDArray[np.int64]) -> Tensor:
        """States (origin, member · hidden) of the LSTMs after each of `rows`."""
        windows, window, inside = anchored_windows(features.matrix, rows)
        encoded = torch.cat([self.network.encode(one) for one in windows])
        return encoded[torch.from_numpy(window), torch.from_numpy(inside)].double()

    @torch.no_grad()
    def learnt(self, features: Features, rows: NDArray[np.int64]) -> FloatArray:
        """Calibrated quantiles (origin, knot, level) per volatility · √step, with the growth of the past."""
        return self.calibration.apply(self.network.decode(self.states(features, rows)).numpy())

    def scaled(self, features: Features, rows: NDArray[np.int64]) -> FloatArray:
        """As `learnt`, with a plausible growth in place of the past's."""
        quantiles = self.learnt(features, rows)
        medians = growth(features.volatility[rows])[:, None] * np.sqrt(KNOTS)  # (origin, knot)
        return np.asarray(quantiles - quantiles[..., MEDIAN : MEDIAN + 1] + medians[:, :, None])

    def adapted(self, features: Features, rows: NDArray[np.int64]) -> FloatArray:
        """As `scaled`, widened or narrowed by what became of the forecasts before each of `rows`."""
        first = first_walked(rows)
        walked = np.arange(first, int(rows.max()) + 1)
        quantiles = self.scaled(features, walked)
        widths = log_widths(quantiles, targets(features)[walked], first, rows)
        return widened(quantiles[rows - first], widths)

    def log_returns(self, features: Features, rows: NDArray[np.int64], horizon: int) -> FloatArray:
        """Quantiles (origin, step, level) of the log return since each origin."""
        interpolated = np.matmul(INTERPOLATION[:horizon], self.adapted(features, rows))
        scale = np.sqrt(np.arange(1.0, horizon + 1)) * features.volatility[rows, None]  # (origin, step)
        return np.asarray(interpolated * scale[:, :, None], dtype=np.float64)

    def tensors(self) -> dict[str, Tensor]:
        """All that is learnt, by name, in single precision."""
        weights = {name: value.detach().float().cpu() for name, value in self.network.state_dict().items()}
        return weights | {CALIBRATION: torch.from_numpy(self.calibration.shifts).float()}

    @property
    def parameters(self) -> int:
        """How many numbers the network has learnt."""
        return sum(value.numel() for value in self.network.parameters())


def growth(volatility: FloatArray) -> FloatArray:
    """The median log return of a session in units of its `volatility` (…,): assumed, not learnt."""
    return np.asarray(np.minimum(YEARLY_GROWTH / SESSIONS_A_YEAR / volatility, MOST_GROWTH), dtype=np.float64)


def assemble(networks: Iterable[QuantileLSTM], calibration: Calibration, config: TrainingConfig) -> Model:
    """A model ready to predict: on the CPU, with nothing left to train."""
    committee = Committee([one.cpu().double().eval().requires_grad_(False) for one in networks])
    for member in committee:
        member.lstm.float()
    # Rounded as it will be saved: a model predicts the same before and after.
    rounded = calibration.shifts.astype(np.float32).astype(np.float64)
    return Model(committee, Calibration(rounded), config)


def new_network(config: TrainingConfig) -> QuantileLSTM:
    """An untrained network, its weights drawn from the config's seed; the global generator is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return QuantileLSTM(len(FEATURES), config.hidden, LEVELS)


def describe(config: TrainingConfig) -> dict[str, Any]:
    """The config as a card keeps it, with what the weights were made for."""
    layout = {"features": list(FEATURES), "knots": list(KNOTS), "levels": list(LEVELS)}
    return asdict(config) | layout


def restore(tensors: dict[str, Tensor], described: dict[str, Any]) -> Model:
    """The model whose `tensors` and described config were saved; `ArtifactError` if this engine differs."""
    config = TrainingConfig(**{name: described[name] for name in asdict(TrainingConfig())})
    if json.loads(json.dumps(describe(config))) != described:
        raise ArtifactError("The model was made for other features.", "Train it again with this version.")
    committee = Committee([new_network(config) for _ in range(max(config.folds, 1))])
    try:
        shifts = tensors[CALIBRATION].double().numpy()
        committee.load_state_dict({name: value for name, value in tensors.items() if name != CALIBRATION})
    except (KeyError, RuntimeError) as error:
        raise ArtifactError("The weights don't fit the card's config.", "Train the model again.") from error
    return assemble(committee, Calibration(shifts), config)
