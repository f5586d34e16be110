"""Splits time into blocks with a gap between them, and says which targets belong to which block."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_engine.config import TrainingConfig
from ml_engine.features import Features
from ml_engine.network import KNOTS
from ml_engine.quantiles import AnyFloats, FloatArray


@dataclass(frozen=True)
class Block:
    """A span of time, first and last session included."""

    first: pd.Timestamp
    last: pd.Timestamp


@dataclass(frozen=True)
class Blocks:
    """Fit, then, an embargo of sessions later, calibrate (and stop early, and report)."""

    fit: Block
    calibration: Block


def split(dates: Iterable[pd.DatetimeIndex], config: TrainingConfig) -> Blocks:
    """Split the span of all `dates` by the config's share and embargo."""
    sessions = pd.DatetimeIndex(np.unique(np.concatenate([one.to_numpy() for one in dates])))
    begin = len(sessions) - int(len(sessions) * config.calibration_share)
    calibration = Block(sessions[begin], sessions[-1])
    return Blocks(Block(sessions[0], sessions[begin - config.embargo - 1]), calibration)


def folds(sessions: pd.DatetimeIndex, config: TrainingConfig) -> list[Block]:
    """Cut the sessions that can be origins into `config.folds` blocks of the same length."""
    edges = np.linspace(config.first_origin, len(sessions), config.folds + 1).astype(int)
    return [Block(sessions[first], sessions[after - 1]) for first, after in pairwise(edges)]


def targets(features: Features) -> FloatArray:
    """Log returns (row, knot) over each knot's steps, per volatility · √step.

    NaN where the history ends too soon.
    """
    scaled = np.full((len(features.log_close), len(KNOTS)), np.nan)
    for place, step in enumerate(KNOTS):
        moved = features.log_close[step:] - features.log_close[:-step]
        scaled[:-step, place] = moved / (features.volatility[:-step] * np.sqrt(step))
    return scaled


def inside(block: Block, dates: pd.DatetimeIndex, scaled: FloatArray, first_origin: int) -> FloatArray:
    """`scaled` targets (row, knot) whose origin and last session both lie in `block`, NaN elsewhere."""
    kept = scaled.copy()
    kept[:first_origin] = np.nan
    begin, end = rows_of(block, dates)
    kept[:begin] = np.nan
    for place, step in enumerate(KNOTS):
        kept[max(end - step, 0) :, place] = np.nan
    return kept


def rows_of(block: Block, dates: pd.DatetimeIndex) -> tuple[int, int]:
    """First row in `block`, and the row after its last."""
    begin = int(dates.searchsorted(block.first, side="left"))
    return begin, int(dates.searchsorted(block.last, side="right"))


def scored_rows(kept: AnyFloats) -> NDArray[np.int64]:
    """Rows (origin,) that have at least one target."""
    return np.flatnonzero(~np.isnan(kept).all(axis=1))
