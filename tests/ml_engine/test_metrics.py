"""Every value here was worked out by hand."""

from statistics import NormalDist

import numpy as np
from numpy.testing import assert_allclose
from scoringrules import crps_normal, crps_quantile

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


def test_width() -> None:
    quantiles = np.tile(LEVELS, (2, 1)) * [[1], [3]]

    widths = [metrics.width(quantiles, band) for band in (50, 80, 90, 95)]

    assert_allclose(widths, [2 * 0.5, 2 * 0.8, 2 * 0.9, 2 * 0.95])


def test_pit_histogram() -> None:
    quantiles = np.tile(np.arange(17.0), (5, 1))  # levels .01 … .99 at 0 … 16, .5 at 8, .6 at 9
    actual = np.array([-9.0, 8.0, 8.5, 8.999, 99.0])

    assert metrics.pit_histogram(quantiles, actual) == (1, 0, 0, 0, 0, 3, 0, 0, 0, 1)
    assert metrics.pit_histogram(quantiles, actual, bins=2) == (1, 4)


def test_pit_of_right_forecasts_is_level_and_of_narrow_ones_a_trough() -> None:
    actual = np.random.default_rng(0).standard_normal(20_000)
    normal = np.tile([NormalDist().inv_cdf(level) for level in LEVELS], (20_000, 1))

    assert_allclose(metrics.pit_histogram(normal, actual), 2000, atol=150)
    narrow = metrics.pit_histogram(normal / 2, actual)
    # Ten per cent lie below half of the lowest decile: a share of Φ(-1.2816/2) = 26 %.
    assert_allclose(
        [narrow[0], narrow[9]], 20_000 * NormalDist().cdf(NormalDist().inv_cdf(0.1) / 2), rtol=0.05
    )


def test_crps_is_that_of_scoringrules() -> None:
    random = np.random.default_rng(1)
    quantiles = np.sort(random.standard_normal((300, 17)), axis=1)
    actual = random.standard_normal(300) * 2

    theirs = crps_quantile(actual, quantiles[:, metrics.CRPS_PLACES], np.array(metrics.CRPS_LEVELS))

    assert_allclose(metrics.crps(quantiles, actual), theirs)


def test_thirteen_levels_weigh_the_tails_more_than_the_integral() -> None:
    actual = np.random.default_rng(2).standard_normal(50_000)
    scores = np.array([NormalDist().inv_cdf(level) for level in LEVELS])

    def ratio(scale: float) -> float:
        """Of our mean score for a normal law to the integral's, where the truth is a standard normal."""
        ours = metrics.crps(np.tile(scale * scores, (50_000, 1)), actual).mean()
        return float(ours / crps_normal(actual, 0, scale).mean())

    # For the right law a level's mean loss is the density there, and the integral of twice that is 1/√π.
    density = [NormalDist().pdf(NormalDist().inv_cdf(level)) for level in metrics.CRPS_LEVELS]
    assert_allclose(ratio(1), 2 * np.mean(density) * np.sqrt(np.pi), rtol=0.01)
    # A tenth too wide or too narrow costs the same share either way, to one part in two hundred.
    assert_allclose([ratio(0.9), ratio(1.1)], ratio(1), rtol=0.005)


def test_direction_accuracy_counts_only_forecasts_of_a_direction() -> None:
    assert metrics.direction_accuracy(MEDIAN, ACTUAL) == 0.5
    assert metrics.direction_accuracy(np.zeros(3), ACTUAL) is None


def test_up_rate() -> None:
    assert metrics.up_rate(np.array([0.1, 0.0, -0.1, 0.2])) == 0.5
