import numpy as np
from numpy.testing import assert_allclose

from ml_engine.significance import diebold_mariano, long_run_variance, overlap_of


def test_long_run_variance_by_hand() -> None:
    values = np.array([1.0, 2.0, 3.0, 6.0])  # less their mean 3: -2, -1, 0, 3

    # Variance 14/4; first autocovariance (2 + 0 + 0)/4; second (0 - 3)/4.
    assert_allclose(long_run_variance(values, 0), 3.5)
    assert_allclose(long_run_variance(values, 1), 3.5 + 2 * 0.5 * 0.5)
    assert_allclose(long_run_variance(values, 2), 3.5 + 2 * (2 / 3 * 0.5 - 1 / 3 * 0.75))


def test_diebold_mariano_by_hand() -> None:
    difference = np.tile([1.0, -0.5], 6)

    # n = 12, mean .25, deviations ± .75: autocovariances .5625 · (1, -11/12, 10/12). With overlap 1 there are
    # 3 lags, of weights 3/4, 1/2 and 1/4, so the third counts too: -9/12.
    variance = 0.5625 * (1 + 2 * (-0.75 * 11 / 12 + 0.5 * 10 / 12 - 0.25 * 9 / 12))
    statistic = 0.25 / np.sqrt(variance / 12) * np.sqrt((12 + 1 - 2) / 12)
    # Student's t with 12/4 = 3 degrees of freedom has this closed form.
    root = statistic / np.sqrt(3)
    p_value = 1 - 2 / np.pi * (root / (1 + root**2) + np.arctan(root))

    assert_allclose(diebold_mariano(difference, 1), p_value)


def test_better_and_worse_are_as_significant() -> None:
    difference = np.random.default_rng(0).normal(0.2, 1, 250)

    assert diebold_mariano(difference, 5) == diebold_mariano(-difference, 5)


def test_no_verdict_from_too_few_or_equal_losses() -> None:
    assert diebold_mariano(np.random.default_rng(0).normal(size=80), 20) is None
    assert diebold_mariano(np.zeros(250), 1) is None


def test_overlapping_noise_is_rarely_called_a_difference() -> None:
    random = np.random.default_rng(1)

    def p_value() -> float:
        noise = np.convolve(random.standard_normal(269), np.ones(20), "valid")
        return diebold_mariano(noise, 20) or 0.0

    assert np.mean([p_value() < 0.05 for _ in range(400)]) < 0.1


def test_overlap_counts_origins() -> None:
    assert overlap_of(np.arange(100), 20) == 20
    assert overlap_of(np.arange(0, 100, 5), 20) == 4
    assert overlap_of(np.arange(0, 100, 30), 20) == 1
    assert overlap_of(np.array([7]), 20) == 1
