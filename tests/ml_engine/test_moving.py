import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.moving import change, ewma, lag, maximum_over_lags

VALUES = np.array([3.0, 1.0, 4.0, 1.0, 5.0])


def test_ewma_by_hand() -> None:
    # Weights .5 and 1, then .25, .5 and 1, over their sums.
    assert_allclose(ewma(VALUES, 0.5)[:3], [3.0, (1.5 + 1) / 1.5, (0.75 + 0.5 + 4) / 1.75])


def test_ewma_is_that_of_pandas() -> None:
    values = np.random.default_rng(0).standard_normal(500)

    assert_allclose(ewma(values, 0.94), pd.Series(values).ewm(alpha=0.06).mean())


def test_lag() -> None:
    assert_array_equal(lag(VALUES, 2), [0, 0, 3, 1, 4])
    assert_array_equal(lag(VALUES, 9), np.zeros(5))


def test_maximum_over_lags() -> None:
    assert_array_equal(maximum_over_lags(VALUES, 1, 3), [0, 3, 3, 4, 4])
    assert_array_equal(maximum_over_lags(VALUES, 4, 9), [0, 0, 0, 0, 3])


def test_change_counts_from_the_first_row_while_there_are_too_few() -> None:
    assert_array_equal(change(VALUES, 2), [0, -2, 1, 0, 1])
