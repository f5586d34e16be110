import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.baselines import NORMAL, Drift, RandomWalkEWMA, fast_baselines
from ml_engine.quantiles import LEVELS, MEDIAN
from ml_engine.simulation import WINDOW, FilteredHistoricalSimulation, HistoricalSimulation, sorted_quantiles
from tests.ml_engine.synthetic import make_bars


def test_names() -> None:
    assert list(fast_baselines()) == ["random-walk", "drift", "historical", "filtered-historical"]


def test_random_walk_by_hand(bars: pd.DataFrame) -> None:
    returns = np.diff(np.log(bars["close"]), prepend=np.log(bars["close"].iloc[0]))
    variance = pd.Series(returns**2).ewm(alpha=0.06).mean().iloc[-1]

    log_returns = RandomWalkEWMA().predict(bars, horizon=9).log_returns[0]

    assert_allclose(log_returns[:, MEDIAN], 0, atol=1e-12)
    assert_allclose(log_returns[8], 3 * np.sqrt(variance) * NORMAL, rtol=1e-5, atol=1e-12)


def test_drift_by_hand(bars: pd.DataFrame) -> None:
    closes = np.log(bars["close"].to_numpy())
    mean = (closes[-1] - closes[0]) / 799

    log_returns = Drift().predict(bars, horizon=10).log_returns[0]
    walk = RandomWalkEWMA().predict(bars, horizon=10).log_returns[0]

    assert_allclose(log_returns[:, MEDIAN], mean * np.arange(1, 11))
    assert_allclose(log_returns[9] - 10 * mean, walk[9] * np.sqrt(1 + 10 / 799), atol=1e-12)


def test_historical_simulation_is_the_quantile_of_overlapping_returns(bars: pd.DataFrame) -> None:
    closes = np.log(bars["close"].to_numpy())
    origin = bars.index[[700]]

    log_returns = HistoricalSimulation().predict(bars, origin, 5).log_returns[0]

    past = (closes[5:701] - closes[:696])[-WINDOW:]
    assert_allclose(log_returns[4], np.quantile(past, LEVELS), atol=1e-12)


def test_historical_simulation_of_a_short_history() -> None:
    bars = make_bars(250)
    closes = np.log(bars["close"].to_numpy())

    log_returns = HistoricalSimulation().predict(bars, horizon=60).log_returns[0]

    assert_allclose(log_returns[59], np.quantile(closes[60:] - closes[:-60], LEVELS), atol=1e-12)


def test_filtered_simulation_of_one_step_is_the_law_of_the_residuals(bars: pd.DataFrame) -> None:
    walk = RandomWalkEWMA().predict(bars, horizon=1).log_returns[0, 0]

    filtered = FilteredHistoricalSimulation().predict(bars, horizon=1).log_returns[0, 0]

    # Student's t with five degrees of freedom has fatter tails and a thinner middle than the normal law.
    assert filtered[0] < walk[0]
    assert filtered[-1] > walk[-1]
    assert filtered[LEVELS.index(0.75)] < walk[LEVELS.index(0.75)]
    assert_allclose(filtered[MEDIAN], 0, atol=0.002)


def test_sorted_quantiles_are_those_of_numpy() -> None:
    values = np.sort(np.random.default_rng(0).standard_normal((2, 9)), axis=1)
    values[1, 6:] = np.inf

    quantiles = sorted_quantiles(values, np.array([9, 6]))

    assert_allclose(quantiles[0], np.quantile(values[0], LEVELS))
    assert_allclose(quantiles[1], np.quantile(values[1, :6], LEVELS))


def test_filtered_simulation_repeats_itself(bars: pd.DataFrame) -> None:
    one, two = (FilteredHistoricalSimulation().predict(bars, horizon=60).prices for _ in range(2))

    assert_array_equal(one, two)


def test_a_jump_after_a_standstill_does_not_explode() -> None:
    bars = make_bars(500)
    bars[["open", "high", "low", "close"]] = 10.0
    bars.iloc[490:, :4] = 14.0

    for baseline in fast_baselines().values():
        assert np.isfinite(baseline.predict(bars, horizon=60).prices).all()
