"""Looks for leaks in a forecaster: run after every training; a model that fails cannot be saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml_engine.metrics import crps, rmse
from ml_engine.quantiles import LEVELS, MEDIAN, MIN_HISTORY, FloatArray, Forecaster, QuantileForecast

MOST_ROWS = 1250  # of the end of the history: more would only take longer
SEED = 99
# On shuffled returns nothing can be foretold. Chance alone stays within these.
LOWEST_RMSE_RATIO = 0.98
LOWEST_CRPS_RATIO = 0.98
TRAILING = 5  # sessions back that a forecast may be found to follow
STANDSTILL = 1e-12  # the spread of log moves that are all the same but for rounding


def run_self_test(
    forecaster: Forecaster, bars: pd.DataFrame, market: pd.Series[float] | None = None
) -> dict[str, Any]:
    """Try to catch `forecaster` using the future, on valid `bars` of more than 300 rows.

    `changed_after_origin`: prices after some date, and those of the `market` it is told of, are replaced;
    forecasts up to it must be the same bits.
    `shuffled`: the sessions are put in random order; a causal forecast can then beat neither the random
    walk's median nor the quantiles that the shuffled returns turned out to have.
    `follows_today`, `follows_earlier`: see `followed`; a forecast that goes with earlier returns more than
    with today's repeats stale prices. Both are None, and that is well, where prices or forecasts stand still.
    """
    recent = bars.iloc[-MOST_ROWS:]
    dates = pd.DatetimeIndex(recent.index[MIN_HISTORY - 1 :])
    forecast = forecaster.predict(recent, dates, 60, market)
    same = _same_after_change(forecaster, recent, market, forecast)
    rmse_ratio, crps_ratio = _shuffled_ratios(forecaster, recent)
    today, earlier = followed(forecast, recent["close"])
    honest = rmse_ratio >= LOWEST_RMSE_RATIO and crps_ratio >= LOWEST_CRPS_RATIO
    trailing = today is not None and earlier is not None and earlier > today
    return {
        "passed": bool(same and honest and not trailing),
        "changed_after_origin": "identical" if same else "different",
        "shuffled_rmse_ratio": round(rmse_ratio, 5),
        "shuffled_crps_ratio": round(crps_ratio, 5),
        "follows_today": today,
        "follows_earlier": earlier,
    }


def _same_after_change(
    forecaster: Forecaster, bars: pd.DataFrame, market: pd.Series[float] | None, before: QuantileForecast
) -> bool:
    """Whether forecasts up to a cut are the same bits as `before` when all rows after it change."""
    cut = (len(bars) + MIN_HISTORY) // 2
    changed = bars.copy()
    noise = np.random.default_rng(SEED).uniform(0.8, 1.25, len(bars) - cut)
    changed.iloc[cut:] = changed.iloc[cut:].mul(noise, axis=0)
    if market is not None:
        market = market.where(market.index < bars.index[cut], 1.1 * market)
    # Both forecasts are of every origin, so that later rows are there to leak.
    after = forecaster.predict(changed, before.origins, 60, market)
    earlier = cut - MIN_HISTORY + 1
    return np.array_equal(before.prices[:earlier], after.prices[:earlier])


def followed(forecast: QuantileForecast, closes: pd.Series[float]) -> tuple[float | None, float | None]:
    """How the one-step median's move from origin to origin goes with returns: today's, and an earlier one.

    Correlations, the second the largest of those with the returns 1 to 5 sessions before. `forecast` is of
    successive sessions, more than five rows into `closes`. None where either side stands still.
    """
    medians = np.diff(np.log(forecast.prices[:, 0, MEDIAN]))
    returns = np.diff(np.log(closes.to_numpy(np.float64)), prepend=np.nan)
    rows = closes.index.get_indexer(forecast.origins)[1:]
    lagged = [_correlation(medians, returns[rows - lag]) for lag in range(TRAILING + 1)]
    known = [value for value in lagged[1:] if value is not None]
    return lagged[0], max(known, default=None)


def _correlation(one: FloatArray, other: FloatArray) -> float | None:
    if min(one.std(), other.std()) < STANDSTILL:
        return None
    return round(float(np.corrcoef(one, other)[0, 1]), 5)


def _shuffled_ratios(forecaster: Forecaster, bars: pd.DataFrame) -> tuple[float, float]:
    """RMSE of the median over the random walk's, and CRPS over that of the sample's own quantiles."""
    shuffled = shuffle_sessions(bars)
    dates = pd.DatetimeIndex(shuffled.index[MIN_HISTORY - 1 : -1])
    forecast = forecaster.predict(shuffled, dates, 1).log_returns[:, 0]
    actual = np.diff(np.log(shuffled["close"].to_numpy(np.float64)))[MIN_HISTORY - 1 :]
    hindsight = np.broadcast_to(np.quantile(actual, LEVELS), forecast.shape)
    return (
        _ratio(rmse(forecast[:, MEDIAN], actual), rmse(np.zeros_like(actual), actual)),
        _ratio(float(crps(forecast, actual).mean()), float(crps(hindsight, actual).mean())),
    )


def _ratio(mine: float, other: float) -> float:
    return mine / other if other > 0 else 1.0


def shuffle_sessions(bars: pd.DataFrame) -> pd.DataFrame:
    """The same sessions in random order, chained into a new price history from the same first close."""
    before = bars["close"].shift(1)
    relative = bars[["open", "high", "low", "close"]].div(before, axis=0).iloc[1:]
    order = np.random.default_rng(SEED).permutation(len(relative))
    moved: FloatArray = relative.to_numpy(np.float64)[order]
    starts = float(bars["close"].iloc[0]) * np.cumprod(np.concatenate([[1.0], moved[:-1, 3]]))
    prices = pd.DataFrame(moved * starts[:, None], index=bars.index[1:], columns=relative.columns)
    return prices.assign(volume=bars["volume"].to_numpy(np.float64)[1:][order])
