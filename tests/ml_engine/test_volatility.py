import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from ml_engine.volatility import FLOOR, ewma_volatility, moves


def test_moves_by_hand() -> None:
    bars = pd.DataFrame(
        {"open": [100.0, 105.0], "high": [110.0, 120.0], "low": [100.0, 100.0], "close": [110.0, 110.0]}
    )

    parts = moves(bars)

    assert_allclose(parts.total, [0, 0])
    assert_allclose(parts.overnight, [0, np.log(105 / 110)])
    assert_allclose(parts.intraday, np.log([1.1, 110 / 105]))
    klass = 0.5 * np.log(1.2) ** 2 - (2 * np.log(2) - 1) * np.log(110 / 105) ** 2
    assert_allclose(parts.range_variance[1], klass + np.log(105 / 110) ** 2)


def test_volatility_of_a_constant_return_is_its_size() -> None:
    assert_allclose(ewma_volatility(np.full(50, 0.02)), 0.02, rtol=1e-6)


def test_volatility_has_a_floor() -> None:
    assert_allclose(ewma_volatility(np.zeros(50)), FLOOR)
