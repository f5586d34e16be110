"""Scores of forecasts, each a pure function over origins. Returns are logs, since the origin's close."""

from __future__ import annotations

import numpy as np

from ml_engine.probabilities import probability_below
from ml_engine.quantiles import LEVELS, FloatArray

# Thirteen of the levels, each weighing the same: the mean of twice their pinball losses. They lie closer in
# the tails, which so weigh more than in the integral over all levels. That is higher, by a fifth for a normal
# law that is right; ratios of two forecasts' scores are nearly the integral's.
CRPS_LEVELS = tuple(level for level in LEVELS if level not in (0.01, 0.25, 0.75, 0.99))
CRPS_PLACES = [LEVELS.index(level) for level in CRPS_LEVELS]
PIT_BINS = 10
BANDS = {50: (0.25, 0.75), 80: (0.1, 0.9), 90: (0.05, 0.95), 95: (0.025, 0.975)}


def mse(median: FloatArray, actual: FloatArray) -> float:
    """Mean squared error of median returns (origin,)."""
    return float(np.mean((actual - median) ** 2))


def rmse(median: FloatArray, actual: FloatArray) -> float:
    """Root mean squared error of median returns (origin,)."""
    return float(np.sqrt(mse(median, actual)))


def mae(median: FloatArray, actual: FloatArray) -> float:
    """Mean absolute error of median returns (origin,)."""
    return float(np.mean(np.abs(actual - median)))


def mape(median_price: FloatArray, actual_price: FloatArray) -> float:
    """Mean absolute error of median prices (origin,) as a share of the actual price."""
    return float(np.mean(np.abs(actual_price - median_price) / actual_price))


def mase(median: FloatArray, actual: FloatArray, scale: float) -> float | None:
    """Mean absolute error over `scale`, the mean absolute change of as many sessions; None if it is 0."""
    return mae(median, actual) / scale if scale > 0 else None


def pinball(quantiles: FloatArray, actual: FloatArray, levels: FloatArray) -> FloatArray:
    """Pinball loss (origin, level) of quantiles (origin, level); Koenker and Bassett, 1978."""
    error = actual[:, None] - quantiles
    return np.maximum(levels * error, (levels - 1) * error)


def crps(quantiles: FloatArray, actual: FloatArray) -> FloatArray:
    """Continuous ranked probability score (origin,) of quantiles (origin, all levels), by `CRPS_LEVELS`."""
    losses = pinball(quantiles[:, CRPS_PLACES], actual, np.array(CRPS_LEVELS))
    return np.asarray(2 * losses.mean(axis=1), dtype=np.float64)


def coverage(quantiles: FloatArray, actual: FloatArray, band: int) -> float:
    """Share of actual returns (origin,) inside the central `band` % (50, 80, 90 or 95), bounds included."""
    low, high = (quantiles[:, LEVELS.index(level)] for level in BANDS[band])
    return float(np.mean((actual >= low) & (actual <= high)))


def width(quantiles: FloatArray, band: int) -> float:
    """Mean width of the central `band` % (50, 80, 90 or 95) of quantiles (origin, level)."""
    low, high = (quantiles[:, LEVELS.index(level)] for level in BANDS[band])
    return float(np.mean(high - low))


def pit_histogram(quantiles: FloatArray, actual: FloatArray, bins: int = PIT_BINS) -> tuple[int, ...]:
    """How often the chance of a lower return than the actual (origin,) fell in each of `bins` equal bins.

    Probability integral transform, Dawid (1984): level where the forecasts are right, a hump where they are
    too wide, a trough where they are too narrow, a slope where they are off centre.
    """
    chances = probability_below(quantiles, actual)
    places = np.minimum((chances * bins).astype(np.int64), bins - 1)
    return tuple(np.bincount(places, minlength=bins).tolist())


def direction_accuracy(median: FloatArray, actual: FloatArray) -> float | None:
    """Share of origins whose direction was right, where the median takes one; None where it never does."""
    told = median != 0
    return float(np.mean(np.sign(median[told]) == np.sign(actual[told]))) if told.any() else None


def up_rate(actual: FloatArray) -> float:
    """Share of origins after which the price rose."""
    return float(np.mean(actual > 0))
