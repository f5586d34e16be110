"""How far a share measured over dependent forecasts may be off: the block bootstrap over dates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_engine.quantiles import FloatArray

REPLICATIONS = 500
SEED = 7


def share_error(hits: FloatArray, counts: FloatArray, block: int, seed: int = SEED) -> FloatArray | None:
    """Standard error (figure,) of the shares Σ hits / Σ counts, by the circular block bootstrap.

    `hits` (date, figure) of `counts` (date,), in the order of time. Blocks of `block` dates are drawn with
    all that happened on them, so dependence between stocks, and in time within a block, is kept (Politis and
    Romano, 1992). None with fewer than two blocks of dates.
    """
    seen = counts > 0
    hits, counts = hits[seen], counts[seen]
    if len(counts) < 2 * block:
        return None
    drawn = resampled_sums(np.column_stack([counts, hits]), block, np.random.default_rng(seed))
    return np.asarray((drawn[:, 1:] / drawn[:, :1]).std(axis=0, ddof=1))


def resampled_sums(values: FloatArray, block: int, random: np.random.Generator) -> FloatArray:
    """Sums (replication, column) of `values` (date, column) over as many dates, drawn in blocks."""
    dates = len(values)
    full, rest = divmod(dates, block)
    starts = random.integers(0, dates, (REPLICATIONS, full + 1))
    sums = block_sums(values, block)[starts[:, :full]].sum(axis=1)
    return np.asarray(sums + block_sums(values, rest)[starts[:, full]])


def block_sums(values: FloatArray, length: int) -> FloatArray:
    """Sums (date, column) of `values` over `length` dates from each on, going on at the beginning."""
    around = np.concatenate([np.zeros((1, values.shape[1])), values, values[:length]]).cumsum(axis=0)
    return np.asarray(around[length : length + len(values)] - around[: len(values)])


def terciles(values: FloatArray) -> NDArray[np.int64]:
    """0, 1 or 2 for each of `values` (row,): in the lowest, the middle or the highest third of them."""
    return np.searchsorted(np.quantile(values, [1 / 3, 2 / 3]), values)
