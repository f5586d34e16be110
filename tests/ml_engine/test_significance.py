import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.significance import (
    benjamini_hochberg,
    diebold_mariano,
    diebold_mariano_by_date,
    long_run_variance,
    overlap_of,
)


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
    assert diebold_mariano(np.full(250, np.nan), 1) is None


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


def test_stocks_of_a_day_count_once() -> None:
    by_day = np.random.default_rng(3).normal(0.1, 1, 120)
    apart = np.array([0.5, -0.2, -0.3])
    dates = np.repeat(np.arange(120), 3)
    order = np.random.default_rng(4).permutation(360)
    rows = np.repeat(by_day, 3) + np.tile(apart, 120)

    p_value = diebold_mariano_by_date(dates[order], rows[order], 5)

    assert_allclose(p_value, diebold_mariano(by_day, 5))


def test_what_moves_all_stocks_is_one_observation() -> None:
    random = np.random.default_rng(5)
    dates = np.repeat(np.datetime64("2020-01-01") + np.arange(100), 50)

    def p_value() -> float:
        return diebold_mariano_by_date(dates, np.repeat(random.standard_normal(100), 50), 1) or 0.0

    assert np.mean([p_value() < 0.05 for _ in range(300)]) < 0.1


def test_benjamini_hochberg_by_hand() -> None:
    # Ordered: .01 .02 .03 .04 .9 against .01 .02 .03 .04 .05. The last below its bound carries all before it.
    assert_array_equal(benjamini_hochberg([0.04, 0.9, 0.01, 0.03, 0.02]), [True, False, True, True, True])
    # .012 is above .05/5, but .019 is below 2 · .05/5.
    assert_array_equal(benjamini_hochberg([0.012, 0.019, 0.5, 0.6, 0.7]), [True, True, False, False, False])
    assert_array_equal(benjamini_hochberg([0.04, 0.9, 0.06]), [False, False, False])


def test_tests_that_were_not_made_are_neither_believed_nor_counted() -> None:
    assert_array_equal(benjamini_hochberg([None, 0.02, 0.04, float("nan")]), [False, True, True, False])
    assert_array_equal(benjamini_hochberg([None, None]), [False, False])
    assert_array_equal(benjamini_hochberg(np.array([])), [])


def test_few_of_those_believed_are_luck() -> None:
    random = np.random.default_rng(6)
    wrong = []
    for _ in range(200):
        p_values = np.concatenate([random.uniform(size=40), random.uniform(size=10) * 1e-3])
        believed = benjamini_hochberg(p_values, 0.1)
        wrong.append(believed[:40].sum() / max(believed.sum(), 1))

    assert np.mean(wrong) < 0.1
