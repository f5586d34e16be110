"""The sample market: daily prices of five US stocks, 2000 to 2013-03-01, from the bokeh_sampledata package.

Its open, high, low, close and volume are as traded, its adj_close is adjusted for splits and dividends, also
those after its end. Splits and dividends show as jumps of adj_close/close, so both are derived from them.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from forecasts.calendars import NEW_YORK
from forecasts.market_data.base import Action, History, Source, UnknownSymbol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PREFIX = "SAMPLE:"
NAMES = {
    "AAPL": "Apple Inc.",
    "FB": "Facebook, Inc.",
    "GOOG": "Google Inc.",
    "IBM": "International Business Machines",
    "MSFT": "Microsoft Corporation",
}
FIRST_DAY = date(2000, 3, 1)
SYMBOLS = tuple(f"{PREFIX}{ticker}" for ticker in NAMES)

# No dividend of these companies was above 15 % of the price, and no split below 3:2.
SMALLEST_SPLIT = 1.2
# Of the price; below this a jump is the file's rounding (about 1e-13), not a payment.
SMALLEST_DIVIDEND = 1e-6


class SampleProvider:
    """Reads the package's files; needs no network."""

    def fetch(self, symbol: str, start: date | None = None) -> History:
        ticker = symbol.removeprefix(PREFIX)
        if ticker not in NAMES:
            raise UnknownSymbol(
                f"There is no sample called {symbol}.", f"The samples are {', '.join(SYMBOLS)}."
            )
        raw = _read(ticker)
        jumps = (raw["adj_close"] / raw["close"]).pipe(lambda ratio: ratio / ratio.shift()).fillna(1.0)
        first = start or FIRST_DAY
        return History(
            bars=_adjust_for_splits(raw, jumps).loc[first.isoformat() :],
            actions=[action for action in _actions(raw, jumps) if action.date >= first],
            about={"name": NAMES[ticker], "currency": "USD", "exchange": "XNYS", "kind": "equity"},
        )


SOURCE = Source(
    key="sample",
    name="sample data",
    prefix=PREFIX,
    pattern=re.compile("|".join(NAMES)),
    example="SAMPLE:AAPL",
    provider=SampleProvider,
    calendar=lambda _symbol: NEW_YORK,
    is_live=False,
)


def _read(ticker: str) -> pd.DataFrame:
    import pandas as pd
    from bokeh_sampledata import stocks

    frame = pd.DataFrame(getattr(stocks, ticker))
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.set_index("date").astype("float64")


def _adjust_for_splits(raw: pd.DataFrame, jumps: pd.Series[float]) -> pd.DataFrame:
    """Put prices and volume on the last session's share basis, and adj_close on the last close."""
    later_splits = _later_splits(jumps)
    bars = raw.copy()
    for column in ("open", "high", "low", "close"):
        bars[column] = raw[column] / later_splits
    bars["volume"] = raw["volume"] * later_splits
    bars["adj_close"] = raw["adj_close"] * (bars["close"].iloc[-1] / raw["adj_close"].iloc[-1])
    return bars


def _later_splits(jumps: pd.Series[float]) -> NDArray[np.float64]:
    """Return for each row the product of the splits after it."""
    import numpy as np

    ratios = np.where(jumps > SMALLEST_SPLIT, jumps.round(2), 1.0)
    from_here_on = np.cumprod(ratios[::-1])[::-1]
    return from_here_on / ratios


def _actions(raw: pd.DataFrame, jumps: pd.Series[float]) -> list[Action]:
    """The file lowers the adjusted past by close / (close + dividend), both of the ex-dividend day."""
    import pandas as pd

    dividends = (raw["close"] * (jumps - 1)).round(4)
    found = []
    for stamp, jump, dividend in zip(pd.DatetimeIndex(raw.index), jumps, dividends, strict=True):
        if jump > SMALLEST_SPLIT:
            found.append(Action(stamp.date(), "split", round(jump, 2)))
        elif jump > 1 + SMALLEST_DIVIDEND and dividend > 0:
            found.append(Action(stamp.date(), "dividend", dividend))
    return found
