"""Cuts histories into windows: overlapping ones to train on, anchored ones to predict from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_engine.quantiles import FloatArray

# Features (window, row, feature) and the targets (window, scored row, knot) of each window's last rows.
Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Series:
    """One history as the trainer sees it; NaN targets are unknown or must not be scored."""

    features: FloatArray  # (row, feature)
    targets: FloatArray  # (row, knot)


class Windows:
    """Batches of fixed-length windows over many series; a new shift and order for every epoch.

    Within a window the first `burn_in` rows are not scored: the state of the LSTM is still filling.
    Successive windows overlap by as much, so that every later row is scored once an epoch. Windows without a
    known target are left out.
    """

    def __init__(self, series: Sequence[Series], window: int, burn_in: int, batch: int) -> None:
        usable = [one for one in series if len(one.features) >= window]
        self.window, self.burn_in, self.batch = window, burn_in, batch
        self.lengths = [len(one.features) for one in usable]
        self.features = _joined([one.features for one in usable])
        self.targets = _joined([one.targets for one in usable])
        self.scored = ~torch.isnan(self.targets).all(dim=1).numpy()

    def starts(self, shift: int = 0) -> NDArray[np.int64]:
        """First rows (window,), in the joined series, of the windows that have something to score."""
        stride = self.window - self.burn_in
        found: list[int] = []
        first = 0
        for length in self.lengths:
            last = first + length - self.window
            found.extend([*range(first + shift, last, stride), last])
            first += length
        end, begin = self.window, self.burn_in
        return np.array([one for one in found if self.scored[one + begin : one + end].any()], dtype=np.int64)

    def __len__(self) -> int:
        """Batches in an epoch, give or take one by its shift."""
        return math.ceil(len(self.starts()) / self.batch)

    def batches(self, generator: np.random.Generator | None = None) -> Iterator[Batch]:
        """One epoch: shifted and shuffled by `generator`, or in plain order without one."""
        starts = self.starts()
        if generator is not None:
            shift = int(generator.integers(self.window - self.burn_in))
            starts = generator.permutation(self.starts(shift))
        for place in range(0, len(starts), self.batch):
            yield self._gather(starts[place : place + self.batch])

    def _gather(self, starts: NDArray[np.int64]) -> Batch:
        rows = torch.from_numpy(starts[:, None] + np.arange(self.window))
        return self.features[rows], self.targets[rows[:, self.burn_in :]]


def _joined(arrays: Sequence[FloatArray]) -> Tensor:
    if not arrays:
        return torch.zeros(0, 1)
    return torch.from_numpy(np.concatenate([array.astype(np.float32) for array in arrays]))


@dataclass(frozen=True)
class Dropout:
    """Batches with features missing for whole windows, so that the network leans on none of them.

    Each column is zeroed with probability `single`, and all `together` at once with probability `group`.
    """

    windows: Windows
    single: float
    together: Sequence[int]
    group: float

    def __len__(self) -> int:
        return len(self.windows)

    def batches(self, generator: np.random.Generator | None = None) -> Iterator[Batch]:
        """As `Windows.batches`; nothing is zeroed without a `generator`."""
        for features, targets in self.windows.batches(generator):
            mask = 1.0 if generator is None else self._mask(features, generator)
            yield features * mask, targets

    def _mask(self, features: Tensor, generator: np.random.Generator) -> Tensor:
        """Factors (window, 1, feature) that keep each column's mean."""
        count, _, width = features.shape
        kept = (generator.random((count, 1, width)) >= self.single) / (1 - self.single)
        kept[:, :, list(self.together)] *= (generator.random(count) >= self.group)[:, None, None]
        return torch.from_numpy(kept).to(features.dtype)


# Prediction runs the LSTM over windows that begin at fixed rows of the history, whichever origins are asked:
# a forecast is the same alone and among a thousand. Each origin sees between 192 and 256 rows.
ANCHOR_STRIDE = 64
ANCHOR_LENGTH = 256


def anchored_windows(features: FloatArray, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
    """Windows that hold the states of `rows` (origin,).

    Returns windows (window, row, feature), zero beyond the last row of `features`, and for each origin the
    index of its window and its row inside it.
    """
    blocks, window = np.unique(rows // ANCHOR_STRIDE, return_inverse=True)
    starts = np.maximum((blocks + 1) * ANCHOR_STRIDE - ANCHOR_LENGTH, 0)
    inside = rows - starts[window]
    length = int(inside.max()) + 1
    gathered = starts[:, None] + np.arange(length)
    within = gathered < len(features)
    values = features[np.minimum(gathered, len(features) - 1)] * within[:, :, None]
    return torch.from_numpy(values), torch.from_numpy(window), torch.from_numpy(inside)
