"""A fitted model: network, calibration and config together, from features to quantiles of log returns."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_engine.calibration import Calibration
from ml_engine.config import TrainingConfig
from ml_engine.errors import ArtifactError
from ml_engine.features import FEATURES, Features
from ml_engine.network import KNOTS, QuantileLSTM, interpolation
from ml_engine.quantiles import LEVELS, FloatArray
from ml_engine.windows import anchored_windows

CALIBRATION = "calibration.shifts"
INTERPOLATION = interpolation().numpy()  # (step, knot)


@dataclass(frozen=True)
class Model:
    """Predicts in double precision, so that batching changes nothing a person could see."""

    network: QuantileLSTM
    calibration: Calibration
    config: TrainingConfig

    @torch.no_grad()
    def states(self, features: Features, rows: NDArray[np.int64]) -> Tensor:
        """States (origin, hidden) of the LSTM after each of `rows`."""
        windows, window, inside = anchored_windows(features.matrix, rows)
        states: Tensor = self.network.encode(windows)[window, inside]
        return states

    @torch.no_grad()
    def scaled(self, features: Features, rows: NDArray[np.int64]) -> FloatArray:
        """Calibrated quantiles (origin, knot, level) in units of volatility · √step."""
        return self.calibration.apply(self.network.decode(self.states(features, rows)).numpy())

    def log_returns(self, features: Features, rows: NDArray[np.int64], horizon: int) -> FloatArray:
        """Quantiles (origin, step, level) of the log return since each origin."""
        interpolated = np.matmul(INTERPOLATION[:horizon], self.scaled(features, rows))
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


def assemble(network: QuantileLSTM, calibration: Calibration, config: TrainingConfig) -> Model:
    """A model ready to predict: on the CPU, in double precision, with nothing left to train."""
    ready = network.cpu().double().eval().requires_grad_(False)
    # Rounded as it will be saved: a model predicts the same before and after.
    rounded = calibration.shifts.astype(np.float32).astype(np.float64)
    return Model(ready, Calibration(rounded), config)


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
    network = new_network(config)
    try:
        shifts = tensors[CALIBRATION].double().numpy()
        network.load_state_dict({name: value for name, value in tensors.items() if name != CALIBRATION})
    except (KeyError, RuntimeError) as error:
        raise ArtifactError("The weights don't fit the card's config.", "Train the model again.") from error
    return assemble(network, Calibration(shifts), config)
