"""The law behind a forecast's quantiles: the chance of any value, and the value at any level.

Between two quantiles the value is linear in the normal score of its level, so that the quantiles of a normal
law give that law back; beyond the outermost the last gap's line goes on. Needs neither pandas nor torch.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_engine.quantiles import LEVELS, FloatArray

SCORES: FloatArray = np.array([NormalDist().inv_cdf(level) for level in LEVELS])  # (level,)
LAST_GAP = len(LEVELS) - 2
FARTHEST = 40.0  # a score no level in double precision reaches: values stay finite


def probability_below(quantiles: FloatArray, values: ArrayLike) -> FloatArray:
    """Chance (...) of an outcome below `values` (...), by quantiles (..., level), which broadcast together.

    `quantiles` don't decrease along `level`, in the levels of `LEVELS`; `values` are in their unit.
    """
    from scipy.special import ndtr  # takes its time to import, and a web process has no need of it

    return np.asarray(ndtr(score_of(quantiles, values)), dtype=np.float64)


def score_of(quantiles: FloatArray, values: ArrayLike) -> FloatArray:
    """Normal score (...) of `values` (...): -infinity … infinity where all probability is on one side.

    Where several quantiles are that very value it stands in the middle of their scores: at 0 if all are.
    """
    quantiles, sought = _together(quantiles, values)
    below = (quantiles < sought[..., None]).sum(axis=-1)
    upto = (quantiles <= sought[..., None]).sum(axis=-1)
    gap = np.clip(below - 1, 0, LAST_GAP)
    left, right = _ends(quantiles, gap)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inside = SCORES[gap] + (sought - left) / (right - left) * (SCORES[gap + 1] - SCORES[gap])
    tied = (SCORES[np.minimum(below, LAST_GAP + 1)] + SCORES[np.maximum(upto - 1, 0)]) / 2
    return np.asarray(np.where(upto > below, tied, inside), dtype=np.float64)


def value_at(quantiles: FloatArray, scores: ArrayLike) -> FloatArray:
    """The value (...) at normal `scores` (...), by quantiles (..., level), which broadcast together."""
    quantiles, wanted = _together(quantiles, np.clip(scores, -FARTHEST, FARTHEST))
    gap = np.clip(np.searchsorted(SCORES, wanted, side="right") - 1, 0, LAST_GAP)
    left, right = _ends(quantiles, gap)
    share = (wanted - SCORES[gap]) / (SCORES[gap + 1] - SCORES[gap])
    return np.asarray(left + share * (right - left), dtype=np.float64)


def _together(quantiles: FloatArray, values: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Quantiles (..., level) and values (...) of one shape."""
    values = np.asarray(values, dtype=np.float64)
    shape = np.broadcast_shapes(quantiles.shape[:-1], values.shape)
    return np.broadcast_to(quantiles, (*shape, len(LEVELS))), np.broadcast_to(values, shape)


def _ends(quantiles: FloatArray, gap: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """The quantiles (...) at either end of the gaps (...)."""
    left, right = (
        np.take_along_axis(quantiles, place[..., None], axis=-1)[..., 0] for place in (gap, gap + 1)
    )
    return left, right
