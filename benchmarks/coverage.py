"""Do bands hold what they promise: over all, in calm and wild times, in each year? Are whole laws level?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.pool import ALL, Pool, groups
from benchmarks.trials import EMBARGO, STEPS
from benchmarks.uncertainty import share_error
from ml_engine.metrics import BANDS
from ml_engine.quantiles import FloatArray

TARGET, GROUP_TARGET = 1.5, 4.0  # points that coverage may be off: over all, and in a tercile or a year
PIT_BINS = 10


@dataclass(frozen=True)
class StockCoverageRow:
    """How coverage spreads over single stocks, in %: 5 % of them lie below `low`, as many above `high`."""

    method: str
    step: int
    band: int
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class CoverageRow:
    """Share of outcomes inside a central band, in %, in a group of rows: all, a tercile, a year."""

    method: str
    group: str
    step: int
    band: int
    rows: int
    coverage: float
    error: float | None  # standard error in points, None where there are too few dates
    off: bool  # by more than the target and more than two standard errors


def coverage_rows(pool: Pool, method: str, every: int) -> Iterator[CoverageRow]:
    """Yield the coverage of `method`'s bands over all, by tercile of volatility, and by year."""
    for group, chosen in groups(pool):
        inside = pool.scores[method].inside[chosen].reshape(-1, len(STEPS) * len(BANDS))
        hits, counts = sums_by(pool.date[chosen], inside, len(pool.dates))
        shares, errors = hits.sum(axis=0) / counts.sum(), share_error(hits, counts, block_of(every))
        target = TARGET if group == ALL else GROUP_TARGET
        for figure, share in enumerate(100 * shares):
            step, band = STEPS[figure // len(BANDS)], tuple(BANDS)[figure % len(BANDS)]
            error = None if errors is None else 100 * float(errors[figure])
            off = abs(share - band) > max(target, 2 * (error or 0.0))
            yield CoverageRow(method, group, step, band, len(inside), float(share), error, bool(off))


def stock_coverage_rows(pool: Pool, method: str) -> Iterator[StockCoverageRow]:
    """Yield how the coverage of `method`'s bands spreads over the stocks."""
    inside = pool.scores[method].inside.reshape(-1, len(STEPS) * len(BANDS))
    hits, counts = sums_by(pool.stock, inside, len(pool.symbols))
    for figure, shares in enumerate((100 * hits / counts[:, None]).T):
        step, band = STEPS[figure // len(BANDS)], tuple(BANDS)[figure % len(BANDS)]
        yield StockCoverageRow(method, step, band, *map(float, np.percentile(shares, (5, 50, 95))))


def pit_counts(pool: Pool, method: str) -> dict[int, list[int]]:
    """By step, how many outcomes fell into each tenth of the forecast law."""
    pit = pool.scores[method].pit
    return {
        step: np.histogram(pit[:, place], PIT_BINS, (0, 1))[0].tolist() for place, step in enumerate(STEPS)
    }


def block_of(every: int) -> int:
    """As many dates of origins, `every` sessions apart, as make sixty sessions."""
    return max(1, round(EMBARGO / every))


def sums_by(
    place: NDArray[np.int64], inside: NDArray[np.bool_], places: int
) -> tuple[FloatArray, FloatArray]:
    """Sums (place, figure) of `inside` (row, figure), and the rows (place,) of each date or stock."""
    hits = np.stack([np.bincount(place, column, places) for column in inside.T], axis=1)
    return hits.astype(np.float64), np.bincount(place, minlength=places).astype(np.float64)
