"""Splits time into blocks with a gap between them, and says which targets belong to which block."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_engine.config import TrainingConfig
from ml_engine.features import Features
from ml_engine.network import KNOTS
from ml_engine.quantiles import FloatArray


@dataclass(frozen=True)
class Block:
    """A span of time, first and last session included."""

    first: pd.Timestamp
    last: pd.Timestamp


@dataclass(frozen=True)
class Blocks:
    """Fit, then calibrate (and stop early), then report, each an embargo of sessions after the one before."""

    fit: Block
    calibration: Block
    report: Block | None

    @property
    def whole(self) -> Block:
        """All of the time."""
        return Block(self.fit.first, (self.report or self.calibration).last)


def split(dates: Iterable[pd.DatetimeIndex], config: TrainingConfig) -> Blocks:
    """Split the span of all `dates` by the config's shares and embargo."""
    sessions = pd.DatetimeIndex(np.unique(np.concatenate([one.to_numpy() for one in dates])))
    reported, gap = int(len(sessions) * config.report_share), config.embargo
    end = len(sessions)
    report = Block(sessions[end - reported], sessions[-1]) if reported else None
    end -= reported + gap if reported else 0
    begin = end - int(len(sessions) * config.calibration_share)
    calibration = Block(sessions[begin], sessions[end - 1])
    return Blocks(Block(sessions[0], sessions[begin - gap - 1]), calibration, report)


def targets(features: Features, drift: float = 0.0) -> FloatArray:
    """Log returns (row, knot) over each knot's steps, less `drift` a session, per volatility · √step.

    NaN where the history ends too soon.
    """
    scaled = np.full((len(features.log_close), len(KNOTS)), np.nan)
    for place, step in enumerate(KNOTS):
        moved = features.log_close[step:] - features.log_close[:-step] - drift * step
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


def scored_rows(kept: FloatArray) -> NDArray[np.int64]:
    """Rows (origin,) that have at least one target."""
    return np.flatnonzero(~np.isnan(kept).all(axis=1))
