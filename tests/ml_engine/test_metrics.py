"""Every value here was worked out by hand."""

import numpy as np
from numpy.testing import assert_allclose

from ml_engine import metrics
from ml_engine.quantiles import LEVELS

MEDIAN = np.array([0.0, 0.1, -0.1])
ACTUAL = np.array([0.2, 0.1, 0.1])


def test_mse_rmse_mae() -> None:
    assert_allclose(metrics.mse(MEDIAN, ACTUAL), 0.08 / 3)
    assert_allclose(metrics.rmse(MEDIAN, ACTUAL), np.sqrt(0.08 / 3))
    assert_allclose(metrics.mae(MEDIAN, ACTUAL), 0.4 / 3)


def test_mape() -> None:
    assert_allclose(metrics.mape(np.array([110.0, 90.0]), np.array([100.0, 120.0])), (0.1 + 0.25) / 2)


def test_mase() -> None:
    assert_allclose(metrics.mase(MEDIAN, ACTUAL, 0.2), 0.4 / 0.6)
    assert metrics.mase(MEDIAN, ACTUAL, 0.0) is None


def test_pinball() -> None:
    losses = metrics.pinball(np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([3.0, 0.0]), np.array([0.1, 0.9]))

    assert_allclose(losses, [[0.2, 0.9], [0.9, 0.2]])


def test_crps_uses_thirteen_levels() -> None:
    assert len(metrics.CRPS_LEVELS) == 13
    certain = np.zeros((1, 17))

    # All quantiles at zero, the truth 1 above: the mean of 2τ is 1; so it is on the other side.
    assert_allclose(metrics.crps(certain, np.array([1.0])), [1.0])
    assert_allclose(metrics.crps(certain, np.array([-1.0])), [1.0])


def test_crps_ignores_the_other_four_levels() -> None:
    quantiles = np.array([LEVELS])
    moved = quantiles.copy()
    moved[0, [0, 5, 11, 16]] += 9

    assert_allclose(metrics.crps(moved, np.array([0.4])), metrics.crps(quantiles, np.array([0.4])))


def test_coverage() -> None:
    quantiles = np.tile(LEVELS, (4, 1))
    actual = np.array([0.05, 0.1, 0.5, 0.96])

    shares = [metrics.coverage(quantiles, actual, band) for band in (50, 80, 90, 95)]

    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_direction_accuracy_counts_only_forecasts_of_a_direction() -> None:
    assert metrics.direction_accuracy(MEDIAN, ACTUAL) == 0.5
    assert metrics.direction_accuracy(np.zeros(3), ACTUAL) is None


def test_up_rate() -> None:
    assert metrics.up_rate(np.array([0.1, 0.0, -0.1, 0.2])) == 0.5
