"""The LSTM of a thousand tutorials: what people would otherwise build, judged like everything else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_engine.baselines import Refitted
from ml_engine.quantiles import LARGEST_LOG_RETURN, LEVELS, FloatArray

HISTORY = 2500  # rows that a fit looks back on, fewer where the history is shorter
WINDOW = 60  # closes in, the next one out
UNITS = 50
EPOCHS = 10
BATCH = 32
RATE = 0.003
SEED = 7

State = tuple[Tensor, Tensor]


class Network(nn.Module):
    """An LSTM with one number out, in the scale of the closes."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, UNITS)
        self.output = nn.Linear(UNITS, 1)

    def forward(self, closes: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Scaled closes (place, window) after `state` to the next close (window,) and the state then."""
        hidden, state = self.lstm(closes[:, :, None], state)
        return self.output(hidden[-1])[:, 0], state


@dataclass(frozen=True)
class Scaler:
    """Maps the closes of the training rows to 0 … 1; later ones may lie outside.

    Most tutorials fit it on all rows, and so tell the network how high prices will rise.
    """

    lowest: float
    unit: float

    @classmethod
    def of(cls, closes: FloatArray) -> Scaler:
        """Fit on closes (row,), which may not all be the same."""
        return cls(float(closes.min()), float(np.ptp(closes)))

    def scale(self, closes: FloatArray) -> FloatArray:
        return (closes - self.lowest) / self.unit

    def unscale(self, scaled: FloatArray) -> FloatArray:
        return self.lowest + self.unit * scaled


class TutorialLSTM(Refitted):
    """Min-max scaled closes, a window of 60, the next close; its own answers fed back for later steps.

    It forecasts a point: all quantiles are the same, its CRPS is its absolute error, its bands hold nothing.
    """

    name = "tutorial-lstm"

    def __init__(self, epochs: int = EPOCHS) -> None:
        self.epochs = epochs

    def fitted(
        self, bars: pd.DataFrame, known: int, rows: NDArray[np.int64], horizon: int
    ) -> FloatArray | None:
        closes = bars["close"].to_numpy(np.float64)
        past = closes[max(0, known - HISTORY) : known]
        if np.ptp(past) == 0:
            return None
        scaler = Scaler.of(past)
        network = train(scaler.scale(past), self.epochs)
        windows = sliding_window_view(scaler.scale(closes), WINDOW)[rows - WINDOW + 1]
        prices = scaler.unscale(iterate(network, windows, horizon))
        ratios = prices / closes[rows][:, None]
        moves = np.log(np.maximum(ratios, np.exp(-LARGEST_LOG_RETURN)))  # it may forecast less than nothing
        return np.repeat(moves[:, :, None], len(LEVELS), axis=2)


def train(closes: FloatArray, epochs: int) -> Network:
    """Fit by Adam to the mean squared error of the next of scaled closes (row,)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = Network()
    windows = torch.tensor(sliding_window_view(closes, WINDOW + 1).T, dtype=torch.float32)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    shuffle = np.random.default_rng(SEED)
    for _ in range(epochs):
        order = torch.from_numpy(shuffle.permutation(windows.shape[1]))
        for batch in torch.split(order, BATCH):
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(network(windows[:-1, batch])[0], windows[-1, batch])
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            optimiser.step()
    return network.double()


@torch.no_grad()
def iterate(network: Network, windows: FloatArray, horizon: int) -> FloatArray:
    """Scaled closes (origin, step) after `windows` (origin, place), each step's answer fed in for the next.

    The state goes on from the window's; sliding the window along gave the same errors and takes longer.
    """
    answer, state = network(torch.tensor(windows.T))
    answers = [answer]
    for _ in range(1, horizon):
        answer, state = network(answer[None], state)
        answers.append(answer)
    return np.asarray(torch.stack(answers, dim=1).numpy(), dtype=np.float64)
