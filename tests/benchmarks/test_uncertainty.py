import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from benchmarks.uncertainty import block_sums, resampled_sums, share_error, terciles


def test_block_sums_go_on_at_the_beginning() -> None:
    values = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])

    assert_allclose(block_sums(values, 3), [[6, 60], [9, 90], [8, 80], [7, 70]])
    assert_allclose(block_sums(values, 0), np.zeros((4, 2)))


def test_each_replication_has_as_many_dates_as_there_are() -> None:
    drawn = resampled_sums(np.ones((11, 1)), 4, np.random.default_rng(0))

    assert_allclose(drawn, np.full((500, 1), 11.0))


def test_error_of_independent_dates_is_the_binomial_one() -> None:
    hits = np.random.default_rng(1).random((4000, 1)) < 0.8

    error = share_error(hits.astype(float), np.ones(4000), 1)

    assert error is not None
    assert_allclose(error, np.sqrt(0.8 * 0.2 / 4000), rtol=0.1)


def test_stocks_that_move_together_are_one_observation() -> None:
    """A hundred stocks that all hit or all miss on a date say no more than one of them."""
    hits = (np.random.default_rng(2).random((1000, 1)) < 0.5).astype(float)

    assert_allclose(share_error(100 * hits, np.full(1000, 100.0), 5), share_error(hits, np.ones(1000), 5))


def test_hits_in_runs_are_less_certain() -> None:
    """Runs of ten equal dates: the variance of the mean is ten times that of independent dates."""
    hits = np.repeat(np.random.default_rng(3).random(400) < 0.5, 10).astype(float)[:, None]

    by_date, by_block = (share_error(hits, np.ones(4000), block) for block in (1, 100))

    assert by_date is not None
    assert by_block is not None
    assert 8 < float((by_block / by_date)[0] ** 2) < 12


def test_dates_without_rows_do_not_count_and_too_few_tell_nothing() -> None:
    hits, counts = np.array([[1.0], [0.0], [1.0], [0.0]]), np.array([1.0, 0.0, 1.0, 0.0])

    assert_allclose(share_error(hits, counts, 1), [0.0])
    assert share_error(hits, counts, 2) is None


def test_terciles_by_hand() -> None:
    assert_array_equal(terciles(np.array([6.0, 1.0, 4.0, 2.0, 5.0, 3.0])), [2, 0, 1, 0, 2, 1])
