"""Price histories ready for training, and what a model says of a block of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml_engine.blocks import Block, inside, scored_rows, targets
from ml_engine.features import Features, build_features
from ml_engine.model import Model
from ml_engine.quantiles import FloatArray, SingleArray


@dataclass(frozen=True)
class History:
    """One price history with its features."""

    dates: pd.DatetimeIndex
    features: Features

    def targets(self, block: Block, first_origin: int) -> SingleArray:
        """Scaled targets (row, knot) known within `block`; NaN elsewhere."""
        return inside(block, self.dates, targets(self.features), first_origin).astype(np.float32)


@dataclass(frozen=True)
class Outcome:
    """Quantiles (origin, knot, level), and the targets (origin, knot) that came, per volatility · √step.

    `volatility` is (origin,).
    """

    quantiles: FloatArray
    targets: SingleArray
    volatility: FloatArray


def prepare(bars: pd.DataFrame, market: pd.Series[float] | None = None) -> History:
    """A history of valid `bars`, its features in single precision: panels are large."""
    features = build_features(bars, market)
    single = features.matrix.astype(np.float32)
    return History(pd.DatetimeIndex(bars.index), replace(features, matrix=single))


def outcome(
    model: Model, histories: Sequence[History], block: Block, stride: int = 1, *, learnt: bool = False
) -> Outcome:
    """What `model` says at every `stride`-th origin of `block`, and what came of it.

    With `learnt` it says so with the growth of the past, as it must to be calibrated on it.
    """
    parts = []
    for one in histories:
        known = one.targets(block, model.config.first_origin)
        rows = scored_rows(known)[::stride]
        if rows.size:
            said = (model.learnt if learnt else model.scaled)(one.features, rows)
            parts.append((said, known[rows], one.features.volatility[rows]))
    quantiles, targets_, volatility = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Outcome(quantiles, targets_, volatility)
