"""From trials to the figures of the accuracy report. All stocks and dates weigh the same, unless said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.pool import Pool, groups
from benchmarks.trials import REFERENCE, STEPS
from ml_engine.quantiles import FloatArray
from ml_engine.significance import benjamini_hochberg, diebold_mariano, diebold_mariano_by_date

RATE = 0.05  # of false discoveries among the stocks said to show skill


@dataclass(frozen=True)
class SkillRow:
    """A method at a step: CRPS, and how far it lies below the random walk's in %.

    `stock_skill` is 1 - the mean over stocks of their ratios, in %; `rmse_ratio` that of the medians.
    """

    method: str
    step: int
    crps: float
    skill: float
    stock_skill: float
    rmse_ratio: float


@dataclass(frozen=True)
class GroupSkillRow:
    """How far a method's CRPS lies below the random walk's in %, in a group of rows."""

    method: str
    group: str
    step: int
    rows: int
    skill: float


@dataclass(frozen=True)
class DuelRow:
    """How far the `method`'s CRPS lies below another's, in %; the p-value is pooled by date."""

    method: str
    against: str
    step: int
    lower: float
    stocks_lower: float
    p_value: float | None


@dataclass(frozen=True)
class DiscoveryRow:
    """Shares of stocks, in %, where a method beat the random walk or lost, false discoveries held at 5 %."""

    method: str
    step: int
    stocks: int
    better: float
    worse: float


def skill_rows(pool: Pool) -> Iterator[SkillRow]:
    """Yield each method at each step against the random walk."""
    walk = pool.scores[REFERENCE]
    for method, scores in pool.scores.items():
        for place, step in enumerate(STEPS):
            mine, its, actual = scores.crps[:, place], walk.crps[:, place], pool.actual[:, place]
            yield SkillRow(
                method=method,
                step=step,
                crps=float(mine.mean()),
                skill=lower(mine, its),
                stock_skill=lower_by_stock(pool, mine, its),
                rmse_ratio=rmse(scores.median[:, place] - actual) / rmse(walk.median[:, place] - actual),
            )


def group_skill_rows(pool: Pool, method: str) -> Iterator[GroupSkillRow]:
    """Yield `method` against the random walk by tercile of volatility and by year."""
    for group, chosen in groups(pool):
        mine, its = pool.scores[method].crps[chosen], pool.scores[REFERENCE].crps[chosen]
        for place, step in enumerate(STEPS):
            yield GroupSkillRow(method, group, step, len(mine), lower(mine[:, place], its[:, place]))


def duel_rows(pool: Pool, method: str, every: int) -> Iterator[DuelRow]:
    """Yield `method` against each other one; origins lie `every` sessions apart."""
    for against, others in pool.scores.items():
        if against == method:
            continue
        for place, step in enumerate(STEPS):
            mine, its = pool.scores[method].crps[:, place], others.crps[:, place]
            p_value = diebold_mariano_by_date(pool.date, mine - its, overlap(step, every))
            yield DuelRow(method, against, step, lower(mine, its), lower_by_stock(pool, mine, its), p_value)


def discovery_rows(pool: Pool, method: str, every: int) -> Iterator[DiscoveryRow]:
    """Yield the shares of stocks with significant skill (Benjamini and Hochberg, over the stocks)."""
    for place, step in enumerate(STEPS):
        gap = pool.scores[method].crps[:, place] - pool.scores[REFERENCE].crps[:, place]
        gaps = [gap[pool.stock == stock] for stock in range(len(pool.symbols))]
        found = benjamini_hochberg([diebold_mariano(one, overlap(step, every)) for one in gaps], RATE)
        means = np.array([one.mean() for one in gaps])
        yield DiscoveryRow(
            method,
            step,
            len(gaps),
            100 * float(np.mean(found & (means < 0))),
            100 * float(np.mean(found & (means > 0))),
        )


def lower(mine: FloatArray, its: FloatArray) -> float:
    """How far the mean of `mine` (row,) lies below that of `its`, in %."""
    return 100 * (1 - float(mine.mean() / its.mean()))


def lower_by_stock(pool: Pool, mine: FloatArray, its: FloatArray) -> float:
    """The same with the mean over stocks of their ratios, so that each stock weighs the same."""
    ratios = np.bincount(pool.stock, mine) / np.bincount(pool.stock, its)
    return 100 * (1 - float(ratios.mean()))


def rmse(error: FloatArray) -> float:
    """Root of the mean square of `error` (row,)."""
    return float(np.sqrt(np.mean(error**2)))


def overlap(step: int, every: int) -> int:
    """How many successive origins, `every` sessions apart, have targets `step` ahead that share sessions."""
    return -(-step // every)
