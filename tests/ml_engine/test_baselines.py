from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.baselines import NORMAL, Baseline, Drift, RandomWalkEWMA, fast_baselines, slow_baselines
from ml_engine.quantiles import LEVELS, MEDIAN, Forecaster
from ml_engine.simulation import (
    PATHS,
    WINDOW,
    FilteredHistoricalSimulation,
    HistoricalSimulation,
    path_quantiles,
    sorted_quantiles,
)
from tests.ml_engine.synthetic import make_bars


def test_names() -> None:
    assert list(fast_baselines()) == ["random-walk", "drift", "historical", "filtered-historical"]
    slow = ["garch-t", "gjr-garch-skewt", "theta", "gradient-boosting", "tutorial-lstm"]
    assert list(slow_baselines()) == slow


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


def test_paths_of_one_step_are_the_quantiles_of_the_residuals() -> None:
    # Path i is the quantile at (i + ½) / 512 of the uniform law from -1 to 1, and σ is 3.
    residuals = 2 * (np.arange(PATHS) + 0.5) / PATHS - 1

    quantiles = path_quantiles(np.array([9.0]), residuals[None], 1, lambda variance, _: variance)

    assert_allclose(quantiles[0, 0], 3 * (2 * np.array(LEVELS) - 1), atol=1e-12)


def test_paths_of_a_variance_that_explodes_stay_finite() -> None:
    residuals = np.linspace(-3, 3, PATHS)[None]

    quantiles = path_quantiles(np.array([1e-4]), residuals, 60, lambda variance, move: variance + 9 * move**2)

    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=2) >= 0).all()


def standing(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.assign(open=10.0, high=10.0, low=10.0, close=10.0)


def jumping(bars: pd.DataFrame) -> pd.DataFrame:
    """A standstill, then a jump: there is next to no volatility to scale it by."""
    prices = np.where(np.arange(len(bars)) < len(bars) - 10, 10.0, 14.0)
    return bars.assign(open=prices, high=prices, low=prices, close=prices)


def wild(bars: pd.DataFrame) -> pd.DataFrame:
    """Tenfold one day and back the next, every week."""
    factor = np.where(np.arange(len(bars)) % 5 == 0, 10.0, 1.0)
    return bars.assign(**{name: bars[name] * factor for name in ("open", "high", "low", "close")})


@pytest.mark.filterwarnings("ignore::ml_engine.errors.UnadjustedSplitWarning")  # its jumps look like splits
@pytest.mark.parametrize("prices", [standing, jumping, wild])
@pytest.mark.parametrize("rows", [250, 510])
def test_strange_prices_have_finite_ordered_quantiles(
    prices: Callable[[pd.DataFrame], pd.DataFrame], rows: int, forecaster: Forecaster
) -> None:
    log_returns = forecaster.predict(prices(make_bars(rows)), horizon=60).log_returns

    assert np.isfinite(log_returns).all()
    assert (np.diff(log_returns, axis=2) >= -1e-12).all()


def test_who_does_not_say_its_quantiles_is_no_baseline() -> None:
    with pytest.raises(TypeError, match="log_returns"):
        Baseline()  # type: ignore[abstract]  # that it can't be made is the point
