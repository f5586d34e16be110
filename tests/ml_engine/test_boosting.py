"""Gradient-boosted quantiles; causality and order are tested with every other forecaster's."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.baselines import RandomWalkEWMA
from ml_engine.boosting import LEARNED, GradientBoosting
from ml_engine.quantiles import LEVELS
from tests.ml_engine.synthetic import make_bars


def test_the_random_walk_answers_where_too_little_is_known_to_learn() -> None:
    bars = make_bars(400, seed=1)

    boosted, walk = GradientBoosting().predict(bars), RandomWalkEWMA().predict(bars)

    assert_allclose(boosted.prices, walk.prices)


def test_bands_hold_about_what_they_promise_on_prices_without_surprises() -> None:
    bars = make_bars(2000, seed=2)
    origins = pd.DatetimeIndex(bars.index[1000:1990])

    quantiles = GradientBoosting().predict(bars, origins, 1).log_returns[:, 0]

    actual = np.diff(np.log(bars["close"].to_numpy()))[1000:1990]
    low, high = quantiles[:, LEVELS.index(0.1)], quantiles[:, LEVELS.index(0.9)]
    assert 0.72 < np.mean((actual >= low) & (actual <= high)) < 0.88


def test_learned_levels_come_through_the_interpolation_unchanged() -> None:
    from ml_engine.boosting import _WEIGHTS

    learned = np.arange(7.0)

    assert_array_equal((learned @ _WEIGHTS)[[LEVELS.index(level) for level in LEARNED]], learned)
