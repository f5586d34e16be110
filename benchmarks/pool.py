"""All trials in one table, and the groups of its rows: all, by volatility, by year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.trials import MethodScores, Trial
from benchmarks.uncertainty import terciles
from ml_engine.quantiles import FloatArray

ALL = "all"
TERCILES = ("low volatility", "middle volatility", "high volatility")


@dataclass(frozen=True)
class Pool:
    """All trials in one: a row is one origin of one stock."""

    symbols: tuple[str, ...]
    stock: NDArray[np.int64]  # (row,) place in `symbols`
    dates: pd.DatetimeIndex  # (date,) every origin's date once
    date: NDArray[np.int64]  # (row,) place in `dates`
    volatility: FloatArray  # (row,)
    actual: FloatArray  # (row, step)
    scores: dict[str, MethodScores]  # each (row, step, ...)

    @property
    def years(self) -> NDArray[np.int64]:
        """Calendar year (row,) of each origin."""
        return np.asarray(self.dates.year)[self.date]


def pooled(trials: Sequence[Trial]) -> Pool:
    """Put the trials, in the order given, into one table."""
    dates = pd.DatetimeIndex(sorted(set().union(*(trial.origins for trial in trials))))
    return Pool(
        symbols=tuple(trial.symbol for trial in trials),
        stock=np.repeat(np.arange(len(trials)), [len(trial.origins) for trial in trials]),
        dates=dates,
        date=np.concatenate([dates.get_indexer(trial.origins) for trial in trials]),
        volatility=np.concatenate([trial.volatility for trial in trials]),
        actual=np.concatenate([trial.actual for trial in trials]),
        scores={name: together(trial.scores[name] for trial in trials) for name in trials[0].scores},
    )


def groups(pool: Pool) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the names of groups of rows, and which rows (row,) are theirs."""
    yield ALL, np.ones(len(pool.date), dtype=np.bool_)
    third = terciles(pool.volatility)
    for place, name in enumerate(TERCILES):
        yield name, third == place
    for year in np.unique(pool.years):
        yield str(year), pool.years == year


def together(scores: Iterable[MethodScores]) -> MethodScores:
    """The scores of all stocks one below the other."""
    every = list(scores)
    return MethodScores(
        crps=np.concatenate([one.crps for one in every]),
        median=np.concatenate([one.median for one in every]),
        pit=np.concatenate([one.pit for one in every]),
        inside=np.concatenate([one.inside for one in every]),
        seconds=sum(one.seconds for one in every),
    )
