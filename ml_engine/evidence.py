"""What a backtest finds: plain rows of numbers, ready to be stored."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class MetricRow:
    """Scores of one method at one step; see `ml_engine.metrics`. None where a score is not defined.

    Widths are of log returns. `brier` is the mean over the events of `ml_engine.events`.
    """

    method: str
    step: int
    origins: int
    mse: float
    rmse: float
    mae: float
    mape: float
    mase: float | None
    pinball: float
    crps: float
    coverage_50: float
    coverage_80: float
    coverage_90: float
    coverage_95: float
    width_50: float
    width_80: float
    width_90: float
    width_95: float
    pit: tuple[int, ...]
    brier: float
    direction_accuracy: float | None
    up_rate: float


@dataclass(frozen=True)
class SkillRow:
    """How much lower a method's CRPS is than a reference's: `crps_skill` = 1 - CRPS / reference.

    `p_value` is of Diebold and Mariano's test, two-sided. Either is None where it can't be told.
    """

    method: str
    step: int
    reference: str
    crps_skill: float | None
    p_value: float | None


@dataclass(frozen=True)
class PooledSkill:
    """A method against the random walk over steps 1, 5, 10 and 20 together, each weighing the same."""

    method: str
    reference: str
    origins: int
    crps_skill: float
    p_value: float | None


@dataclass(frozen=True)
class Backtest:
    """The evidence: scores and skill of every method on the same origins."""

    first_origin: pd.Timestamp
    last_origin: pd.Timestamp
    origins: int
    metrics: tuple[MetricRow, ...]
    skill: tuple[SkillRow, ...]
    pooled: tuple[PooledSkill, ...]
