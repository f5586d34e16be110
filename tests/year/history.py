"""Thirty price histories of real sessions, moved onto the sessions up to the end of 2024.

Each is a stretch of one of the sample market's long histories; stretches of the same company overlap by
about a third, which is no matter here, where it is about the site and not about the model.
"""

from datetime import date

import numpy as np
import pandas as pd

from forecasts import calendars
from forecasts.market_data.sample import SampleProvider

COMPANIES = {"AAPL": 8, "IBM": 8, "MSFT": 8, "GOOG": 6}
FIRST, LAST = date(2022, 11, 21), date(2024, 12, 31)
SESSIONS = calendars.sessions_between(calendars.NEW_YORK, FIRST, LAST)
YEAR = [day for day in SESSIONS if day.year == 2024]
COLUMNS = ["open", "high", "low", "close", "adj_close", "volume"]


def thirty() -> dict[str, pd.DataFrame]:
    """Return, by symbol, frames shaped as PriceBarQuerySet.as_frame returns them."""
    made = {}
    for ticker, count in COMPANIES.items():
        bars = SampleProvider().fetch(f"SAMPLE:{ticker}").bars[COLUMNS]
        for number, start in enumerate(np.linspace(0, len(bars) - len(SESSIONS), count).astype(int)):
            made[f"{ticker}{number}"] = _moved(bars.iloc[start : start + len(SESSIONS)])
    return made


def index_of(histories: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return an index whose log return is the mean of theirs."""
    closes = pd.DataFrame({symbol: bars["adj_close"] for symbol, bars in histories.items()})
    level = 1000 * np.exp(np.log(closes / closes.iloc[0]).mean(axis=1))
    return pd.DataFrame(dict.fromkeys(COLUMNS[:-1], level) | {"volume": 0.0})


def _moved(bars: pd.DataFrame) -> pd.DataFrame:
    moved = bars.set_axis(pd.DatetimeIndex(pd.to_datetime(SESSIONS), name="date"), axis=0)
    # Dividends to come only scale what is before them; the last close is the adjusted one.
    moved["adj_close"] *= moved["close"].iloc[-1] / moved["adj_close"].iloc[-1]
    return moved
