"""Conformal correction: widens or narrows the quantiles to what a block the network never saw asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_engine.quantiles import LEVELS, AnyFloats, FloatArray

INNER = (LEVELS.index(0.1), LEVELS.index(0.9))


@dataclass(frozen=True)
class Calibration:
    """Shifts (knot, level) of the quantiles, in widths of their own 80 % band."""

    shifts: FloatArray

    @classmethod
    def none(cls, knots: int) -> Calibration:
        """A calibration that changes nothing."""
        return cls(np.zeros((knots, len(LEVELS))))

    @classmethod
    def fit(cls, quantiles: FloatArray, targets: AnyFloats, trust: float = 1.0) -> Calibration:
        """Fit on held-out time: quantiles (origin, knot, level), targets (origin, knot), NaN if unknown.

        `trust` is the share of what it shows that is believed.

        The score of a target is its distance from the quantile over the width of the band; the shift of a
        level is that level's quantile of the scores (Romano, Patterson and Candès, Conformalized Quantile
        Regression, 2019). Only the symmetric part is kept: a block's own drift says nothing of the next's.
        """
        shifts = np.zeros(quantiles.shape[1:])
        for knot in range(quantiles.shape[1]):
            known = ~np.isnan(targets[:, knot])
            if known.any():
                shifts[knot] = _shifts(quantiles[known, knot], targets[known, knot])
        return cls(trust * (shifts - shifts[:, ::-1]) / 2)

    def apply(self, quantiles: FloatArray) -> FloatArray:
        """Corrected quantiles (origin, knot, level), non-decreasing along `level`."""
        corrected = quantiles + self.shifts * _width(quantiles)[..., None]
        return np.asarray(np.maximum.accumulate(corrected, axis=-1), dtype=np.float64)


def _shifts(quantiles: FloatArray, targets: AnyFloats) -> FloatArray:
    """Shift (level,) for quantiles (origin, level) and targets (origin,)."""
    scores = (targets[:, None] - quantiles) / _width(quantiles)[:, None]
    levels, count = np.array(LEVELS), len(scores)
    # The finite-sample (n + 1)/n of split conformal prediction, away from the median on either side.
    ranks = np.clip(0.5 + (levels - 0.5) * (count + 1) / count, 0.0, 1.0)
    return np.array([np.quantile(scores[:, place], rank) for place, rank in enumerate(ranks)])


def _width(quantiles: FloatArray) -> FloatArray:
    """Width (…,) of the 80 % band of quantiles (…, level)."""
    return np.maximum(quantiles[..., INNER[1]] - quantiles[..., INNER[0]], 1e-6)
