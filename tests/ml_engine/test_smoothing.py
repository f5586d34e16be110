"""The Theta method beside the library that fits it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from statsmodels.tsa.forecasting.theta import ThetaModel

from ml_engine.baselines import RandomWalkEWMA
from ml_engine.quantiles import LEVELS, MEDIAN
from ml_engine.smoothing import Smoothing, Theta
from tests.ml_engine.synthetic import make_bars


def test_points_and_intervals_are_those_of_statsmodels() -> None:
    bars = make_bars(750, seed=4)
    closes = np.log(bars["close"].to_numpy())
    closes -= closes[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = ThetaModel(closes.round(7), deseasonalize=False).fit()
        points, intervals = fit.forecast(20).to_numpy(), fit.prediction_intervals(20, alpha=0.2).to_numpy()

    quantiles = Theta().predict(bars).log_returns[0] + closes[-1]

    assert_allclose(quantiles[:, MEDIAN], points, atol=1e-7)  # it forecasts from the rounded closes
    half = quantiles[:, LEVELS.index(0.9)] - quantiles[:, MEDIAN]
    assert_allclose(half, (intervals[:, 1] - intervals[:, 0]) / 2, rtol=1e-9)


def test_smoothing_by_hand() -> None:
    model = Smoothing(alpha=0.5, slope=0.2, variance=0.04)

    means = model.means(np.array([1.0, 2.0, 4.0]), np.array([0, 2]), 2)

    # Levels 1, 1.5, 2.75; half the slope times h - 1 + (1 - .5^T) / .5 with T = 1 and 3.
    assert_allclose(means, [[1.1, 1.2], [2.925, 3.025]])
    assert_allclose(model.deviations(2), [0.2, 0.3])  # √.04 and √(.04 · (1 + 1 + .25))


@pytest.mark.parametrize("factor", [2, 1000])
def test_the_currency_does_not_matter_after_a_standstill(factor: float) -> None:
    bars = make_bars(1250, seed=1)
    bars.iloc[260:, :4] = bars["close"].iloc[259]
    dearer = bars.assign(**{name: factor * bars[name] for name in ("open", "high", "low", "close")})

    one, other = (Theta().predict(prices).log_returns for prices in (bars, dearer))

    assert_allclose(other, one, rtol=1e-6)


def test_the_random_walk_answers_where_prices_stand_still() -> None:
    bars = make_bars(300)
    bars[["open", "high", "low", "close"]] = 10.0
    origins = pd.DatetimeIndex(bars.index[249:])

    assert_array_equal(Theta().predict(bars, origins).prices, RandomWalkEWMA().predict(bars, origins).prices)
