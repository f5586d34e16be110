"""The market around a stock: ratios of a broad index's volatilities, never levels. Works without an index."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml_engine.bars import day, positive
from ml_engine.errors import InvalidBars
from ml_engine.moving import change, ewma
from ml_engine.quantiles import FloatArray
from ml_engine.volatility import FLOOR, RISKMETRICS_DECAY, ewma_volatility

MARKET_DECAYS = (0.8, 0.985, 0.997, 0.999)
COMOVEMENT_DECAY = 0.985  # of the stock's beta and correlation
MARKET_TREND = 21
RATIO_SCALE = 3.0  # as for the stock's own features
USUAL_RELATIVE = 0.5  # a typical stock moves e^0.5 times as much as its index
WARM_UP = 60  # closes of the index before its volatility means anything
MARKET_FEATURES: tuple[str, ...] = (
    "market_known",
    "market_return",
    *(f"market_variance_{decay}" for decay in MARKET_DECAYS),
    "market_trend",
    "market_surprise",
    "market_absolute",
    "market_downside",
    "market_relative",
    "market_correlation",
    "market_own",
)


def market_features(
    dates: pd.DatetimeIndex, returns: FloatArray, volatility: FloatArray, market: pd.Series[float] | None
) -> dict[str, FloatArray]:
    """Features (row,) of the index as last closed on or before each date; all zero where it is unknown.

    `returns` and `volatility` (row,) are the stock's own. Raises `InvalidBars` for an index unsorted or not
    positive.
    """
    named = {name: np.zeros(len(dates)) for name in MARKET_FEATURES}
    if market is None or len(dates) == 0:
        return named
    closes = _valid(market, dates[-1])
    positions = np.asarray(closes.index.searchsorted(dates, side="right")) - 1
    known = positions >= WARM_UP
    if not known.any():
        return named
    index = change(np.log(closes.to_numpy(np.float64)), 1)
    own = ewma_volatility(index)
    found = {name: values[positions] for name, values in _index_features(index, own).items()}
    # Before the index begins there is no return of it; row -1 would be its last, which is the future.
    found |= _comovement(returns, volatility, np.where(positions >= 0, index[positions], 0.0))
    found["market_known"] = np.ones(len(dates))
    found["market_relative"] = np.log(volatility / own[positions]) - USUAL_RELATIVE
    return {name: np.where(known, found[name], 0.0) for name in MARKET_FEATURES}


def _valid(market: object, last: pd.Timestamp) -> pd.Series[float]:
    """The index up to `last`: later closes are never looked at."""
    if not isinstance(market, pd.Series):
        raise InvalidBars("The market index is not a Series.", "Give its closes as a pandas Series by date.")
    if not isinstance(market.index, pd.DatetimeIndex) or market.index.tz is not None:
        raise InvalidBars("The market index has no plain dates.", "Index it by date, without time zone.")
    past = market[market.index <= last].rename("the market index")
    closes, dates = positive(past), pd.DatetimeIndex(past.index)
    backward = np.flatnonzero(np.diff(dates.to_numpy()) <= np.timedelta64(0))
    if backward.size:
        row = dates[backward[0] + 1]
        problem = f"The market index is not in order on {day(row)}."
        raise InvalidBars(problem, "Sort its closes, one for each date.", row=row)
    return pd.Series(closes, index=dates)


def _index_features(returns: FloatArray, own: FloatArray) -> dict[str, FloatArray]:
    """The index's features (close,) from its log returns (close,) and its volatility (close,)."""
    named = {
        f"market_variance_{decay}": RATIO_SCALE * np.log(ewma_volatility(returns, decay) / own)
        for decay in MARKET_DECAYS
    }
    absolute, variance = ewma(np.abs(returns), RISKMETRICS_DECAY), ewma(returns**2, RISKMETRICS_DECAY)
    downside = ewma(np.minimum(returns, 0.0) ** 2, RISKMETRICS_DECAY)
    named["market_return"] = returns / own
    named["market_surprise"] = np.abs(returns) / own
    named["market_trend"] = change(np.cumsum(returns), MARKET_TREND) / (own * np.sqrt(MARKET_TREND))
    named["market_absolute"] = RATIO_SCALE * np.log(np.sqrt(np.pi / 2) * (absolute + FLOOR) / own)
    named["market_downside"] = RATIO_SCALE * (downside / (variance + FLOOR**2) - 0.5)
    return named


def _comovement(returns: FloatArray, volatility: FloatArray, index: FloatArray) -> dict[str, FloatArray]:
    """How much of the stock's moves (row,) were the index's (row,), and the volatility of the rest."""
    shared = ewma(returns * index, COMOVEMENT_DECAY)
    stock, market = ewma(returns**2, COMOVEMENT_DECAY), ewma(index**2, COMOVEMENT_DECAY)
    rest = returns - shared / (market + FLOOR**2) * index
    return {
        "market_correlation": RATIO_SCALE * (shared / np.sqrt(stock * market + FLOOR**4) - 0.5),
        "market_own": RATIO_SCALE * np.log(ewma_volatility(rest) / volatility),
    }
