"""Making sure that bars are such as a market can print.

What is left satisfies the engine: finite positive prices, volume not negative, low ≤ open and close ≤ high.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

PRICES = ["open", "high", "low", "close", "adj_close"]
# An open or close this far (relative) beyond high or low is sloppy; further out the bar is wrong.
SLOPPY = 0.01


def clean(symbol: str, bars: pd.DataFrame) -> pd.DataFrame:
    """Return the believable bars by rising date, one a day.

    Rows without prices (sessions not yet traded) go silently. A high or low that open or close overshoot by
    up to 1 % is widened to them, which a column `repaired` says; other impossible rows are dropped. Both are
    logged.
    """
    traded = bars.dropna(subset=PRICES)
    traded = traded[~traded.index.duplicated(keep="last")].sort_index()
    traded = traded.assign(volume=traded["volume"].fillna(0.0).clip(lower=0.0))
    possible = traded[_is_possible(traded)]
    report(symbol, traded.index.difference(possible.index), "dropped, for no market prints such prices")
    return _widened(symbol, possible)


def _is_possible(bars: pd.DataFrame) -> pd.Series[bool]:
    finite = bars.abs().lt(float("inf")).all(axis=1)
    positive = bars[PRICES].gt(0).all(axis=1)
    body = bars[["open", "close"]]
    reaches_high = bars["high"] >= body.max(axis=1) * (1 - SLOPPY)
    reaches_low = bars["low"] <= body.min(axis=1) * (1 + SLOPPY)
    return finite & positive & reaches_high & reaches_low


def _widened(symbol: str, bars: pd.DataFrame) -> pd.DataFrame:
    wide = bars.assign(
        high=bars[["open", "high", "close"]].max(axis=1), low=bars[["open", "low", "close"]].min(axis=1)
    )
    touched = (wide[["high", "low"]] != bars[["high", "low"]]).any(axis=1)
    report(symbol, bars.index[touched], "repaired: high and low now enclose open and close")
    return wide.assign(repaired=touched) if touched.any() else wide


def report(symbol: str, days: pd.Index[pd.Timestamp], what: str) -> None:
    """Log what was done to the bars of some days, if any."""
    if len(days):
        listed = ", ".join(f"{day:%Y-%m-%d}" for day in days[:5])
        logger.warning("%s: %d bars %s (%s).", symbol, len(days), what, listed)
