"""Price histories ready for training, and what a model says of a block of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_engine.blocks import Block, inside, rows_of, scored_rows, targets
from ml_engine.features import Features, build_features
from ml_engine.model import Model
from ml_engine.quantiles import FloatArray

SESSIONS_A_YEAR = 252


@dataclass(frozen=True)
class History:
    """One price history with its features."""

    dates: pd.DatetimeIndex
    features: Features

    def targets(self, block: Block, drift: float, first_origin: int) -> FloatArray:
        """Scaled targets (row, knot) known within `block`, less `drift` a session; NaN elsewhere."""
        return inside(block, self.dates, targets(self.features, drift), first_origin)


@dataclass(frozen=True)
class Outcome:
    """Quantiles (origin, knot, level), and the targets (origin, knot) that came, per volatility · √step.

    `volatility` is (origin,).
    """

    quantiles: FloatArray
    targets: FloatArray
    volatility: FloatArray


def prepare(bars: pd.DataFrame, market: pd.Series[float] | None = None) -> History:
    """A history of valid `bars`."""
    return History(pd.DatetimeIndex(bars.index), build_features(bars, market))


def excess_drift(histories: Sequence[History], block: Block, yearly: float) -> float:
    """Mean log return a session in `block`, above `yearly` a year."""
    total, count = 0.0, 0
    for one in histories:
        begin, end = rows_of(block, one.dates)
        if end - begin > 1:
            total += float(one.features.log_close[end - 1] - one.features.log_close[begin])
            count += end - 1 - begin
    return total / max(count, 1) - yearly / SESSIONS_A_YEAR


def outcome(
    model: Model, histories: Sequence[History], block: Block, drift: float = 0.0, stride: int = 1
) -> Outcome:
    """What `model` says at every `stride`-th origin of `block`, and what came of it."""
    parts = []
    for one in histories:
        known = one.targets(block, drift, model.config.first_origin)
        rows = scored_rows(known)[::stride]
        if rows.size:
            parts.append((model.scaled(one.features, rows), known[rows], one.features.volatility[rows]))
    quantiles, targets_, volatility = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Outcome(quantiles, targets_, volatility)
