"""Cuts histories into windows: overlapping ones to train on, anchored ones to predict from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_engine.quantiles import AnyFloats, SingleArray

# Features (window, row, feature) and the targets (window, scored row, knot) of each window's last rows.
Batch = tuple[Tensor, Tensor]


class Windows:
    """Batches of fixed-length windows over many series; a new shift and order for every epoch.

    `features` (row, feature) and `targets` (row, knot) are those of each series; NaN targets are unknown or
    must not be scored. Within a window the first `burn_in` rows are not scored: the state of the LSTM is
    still filling. Successive windows overlap by as much, so that every later row is scored once an epoch.
    Windows without a target are left out.
    """

    def __init__(
        self,
        features: Sequence[SingleArray],
        targets: Sequence[SingleArray],
        window: int,
        burn_in: int,
        batch: int,
    ) -> None:
        self.window, self.burn_in, self.batch = window, burn_in, batch
        # Not copied: all networks in training share one set of features.
        self.features = [torch.from_numpy(one) for one in features]
        self.targets = [torch.from_numpy(one) for one in targets]
        self.scored = [~torch.isnan(one).all(dim=1).numpy() for one in self.targets]

    def starts(self, shift: int = 0) -> NDArray[np.int64]:
        """Series and first row (window, 2) of the windows that have something to score."""
        stride = self.window - self.burn_in
        found: list[tuple[int, int]] = []
        for series, scored in enumerate(self.scored):
            last = len(scored) - self.window
            if last < 0:
                continue
            rows = (*range(shift, last, stride), last)
            found.extend(
                (series, row) for row in rows if scored[row + self.burn_in : row + self.window].any()
            )
        return np.array(found, dtype=np.int64).reshape(-1, 2)

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
        features = [self.features[series][row : row + self.window] for series, row in starts]
        targets = [self.targets[series][row + self.burn_in : row + self.window] for series, row in starts]
        return torch.stack(features), torch.stack(targets)


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


# Prediction runs the LSTM over windows that begin at fixed rows of the history, whichever origins are asked,
# one at a time and all of one length: a state has the same bits alone and among a thousand. Each origin sees
# between 192 and 512 rows.
ANCHOR_STRIDE = 320
ANCHOR_LENGTH = 512


def anchored_windows(
    features: AnyFloats, rows: NDArray[np.int64]
) -> tuple[list[Tensor], NDArray[np.int64], NDArray[np.int64]]:
    """Windows that hold the states of `rows` (origin,).

    Returns windows (1, row, feature), zero beyond the last row of `features`, and for each origin the index
    of its window and its row inside it.
    """
    blocks, window = np.unique(rows // ANCHOR_STRIDE, return_inverse=True)
    starts = np.maximum((blocks + 1) * ANCHOR_STRIDE - ANCHOR_LENGTH, 0)
    return [_window(features, int(start)) for start in starts], window, rows - starts[window]


def _window(features: AnyFloats, start: int) -> Tensor:
    piece = np.zeros((1, ANCHOR_LENGTH, features.shape[1]), dtype=np.float32)
    known = features[start : start + ANCHOR_LENGTH]
    piece[0, : len(known)] = known
    return torch.from_numpy(piece)
