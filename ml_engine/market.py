"""The market around a stock: ratios of a broad index's volatilities, never levels. Works without an index."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml_engine.errors import InvalidBars
from ml_engine.moving import change
from ml_engine.quantiles import FloatArray
from ml_engine.volatility import ewma_volatility

MARKET_DECAYS = (0.8, 0.985, 0.997)
MARKET_TREND = 21
RATIO_SCALE = 3.0  # as for the stock's own features
USUAL_RELATIVE = 0.5  # a typical stock moves e^0.5 times as much as its index
WARM_UP = 60  # closes of the index before its volatility means anything
MARKET_FEATURES: tuple[str, ...] = (
    "market_known",
    "market_return",
    *(f"market_variance_{decay}" for decay in MARKET_DECAYS),
    "market_trend",
    "market_relative",
)


def market_features(
    dates: pd.DatetimeIndex, volatility: FloatArray, market: pd.Series[float] | None
) -> dict[str, FloatArray]:
    """Features (row,) of the index as last closed on or before each date; all zero where it is unknown.

    `volatility` (row,) is the stock's own. Raises `InvalidBars` for an index unsorted or not positive.
    """
    named = {name: np.zeros(len(dates)) for name in MARKET_FEATURES}
    if market is None or len(dates) == 0:
        return named
    closes = _valid(market, dates[-1])
    positions = np.asarray(closes.index.searchsorted(dates, side="right")) - 1
    known = positions >= WARM_UP
    if not known.any():
        return named
    index, own = _index_features(np.log(closes.to_numpy(np.float64)))
    named["market_known"] = known.astype(np.float64)
    for name, values in index.items():
        named[name] = np.where(known, values[positions], 0.0)
    named["market_relative"] = np.where(known, np.log(volatility / own[positions]) - USUAL_RELATIVE, 0.0)
    return named


def _valid(market: pd.Series[float], last: pd.Timestamp) -> pd.Series[float]:
    """The index up to `last`: later closes are never looked at."""
    if not isinstance(market.index, pd.DatetimeIndex) or market.index.tz is not None:
        raise InvalidBars("The market index has no plain dates.", "Index it by date, without time zone.")
    past = market[market.index <= last]
    closes = past.to_numpy(np.float64)
    wrong = ~(np.isfinite(closes) & (closes > 0))
    if wrong.any():
        row = pd.DatetimeIndex(past.index)[int(np.argmax(wrong))]
        raise InvalidBars(f"The market index is not positive on {row:%Y-%m-%d}.", "Drop that close.", row=row)
    if not (past.index.is_monotonic_increasing and past.index.is_unique):
        raise InvalidBars("The market index is not in order.", "Sort its closes, one for each date.")
    return past


def _index_features(log_close: FloatArray) -> tuple[dict[str, FloatArray], FloatArray]:
    """The index's own features (close,) and its volatility (close,)."""
    returns = change(log_close, 1)
    own = ewma_volatility(returns)
    named = {
        f"market_variance_{decay}": RATIO_SCALE * np.log(ewma_volatility(returns, decay) / own)
        for decay in MARKET_DECAYS
    }
    named["market_return"] = returns / own
    named["market_trend"] = change(log_close, MARKET_TREND) / (own * np.sqrt(MARKET_TREND))
    return named, own
