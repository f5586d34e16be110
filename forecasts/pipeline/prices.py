"""What a model may know: an instrument's bars as the engine gets them, and its market's closes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecasts import ingest
from forecasts.models import Forecast, Instrument, PriceBar
from ml_engine import bars as price_history

if TYPE_CHECKING:
    from datetime import date

# How many sessions an index may lack at the end: no model was trained on a market that stood still for days.
STALE_SESSIONS = 1


@dataclass(frozen=True)
class Market:
    """The broad index beside an instrument: `closes` by date, or None where there are none to use.

    `symbol` is empty where the instrument has no index. All closes are final, but for the last where
    `is_settled` is False.
    """

    symbol: str = ""
    closes: pd.Series[float] | None = None
    is_settled: bool = True

    @property
    def sha256(self) -> str:
        """Of the dates (nanoseconds) and closes (float64), little-endian, as hex; empty without closes."""
        if self.closes is None:
            return ""
        dates = pd.DatetimeIndex(self.closes.index).as_unit("ns").asi8.astype("<i8")
        return hashlib.sha256(dates.tobytes() + self.closes.to_numpy("<f8").tobytes()).hexdigest()

    def before(self, day: date) -> Market:
        if self.closes is None:
            return self
        past = self.closes[self.closes.index < day.isoformat()]
        is_settled = self.is_settled or len(past) < len(self.closes)
        return Market(self.symbol, past if len(past) else None, is_settled)

    @property
    def settled(self) -> Market:
        """What may be learned from: without a last close that may still be corrected."""
        if self.closes is None or self.is_settled:
            return self
        return Market(self.symbol, self.closes[:-1] if len(self.closes) > 1 else None)

    def as_json(self) -> dict[str, Any] | None:
        if self.closes is None:
            return None
        return {"symbol": self.symbol, "as_of": f"{self.closes.index[-1]:%Y-%m-%d}", "sha256": self.sha256}


@dataclass(frozen=True)
class Known:
    """Bars adjusted for splits and dividends, and the market's closes beside them.

    All are final, but for the last bar where `is_settled` is False: a forecast may start from it.
    """

    bars: pd.DataFrame
    market: Market
    is_settled: bool = True

    def before(self, day: date) -> Known:
        """What was known of sessions before `day`."""
        past = self.bars[self.bars.index < day.isoformat()]
        return Known(past, self.market.before(day), self.is_settled or len(past) < len(self.bars))

    @property
    def settled(self) -> Known:
        """What models learn from and are judged on: final bars and closes alone."""
        bars = self.bars if self.is_settled else self.bars[:-1]
        return Known(bars, self.market.settled)


@dataclass(frozen=True)
class Prices:
    """The closed bars up to `as_of`: as people see them, and as the engine gets them."""

    stored: ingest.Snapshot
    known: Known


def prices_of(forecast: Forecast) -> Prices:
    """Read bars and market as they are at this moment.

    A model from scratch has learned from one instrument alone, and would not know what a market means.
    """
    stored = ingest.snapshot(forecast.instrument, forecast.as_of)
    bars = price_history.adjust_for_dividends(stored.bars)
    alone = forecast.method == Forecast.Method.FROM_SCRATCH
    market = Market() if alone else market_of(forecast.instrument, bars)
    return Prices(stored, Known(bars, market, stored.is_settled))


def market_of(instrument: Instrument, bars: pd.DataFrame) -> Market:
    """Return the stored index of the instrument's exchange up to the last of `bars`, unless it is stale."""
    symbol = instrument.market_symbol
    if symbol is None:
        return Market()
    market = stored_market(symbol, bars.index[-1].date())
    if market.closes is None or (bars.index > market.closes.index[-1]).sum() > STALE_SESSIONS:
        return Market(symbol)
    return market


def stored_market(symbol: str, day: date) -> Market:
    """Return the index's closes up to `day`, adjusted as bars are; the last may be provisional.

    The closes come from a single query: a restatement is in all of them or in none.
    """
    index = Instrument.objects.filter(symbol=symbol, owner=None).first()
    bars = ingest.usable(index.bars.closed().up_to(day).as_frame("state")) if index else None
    if bars is None or bars.empty:
        return Market(symbol)
    is_settled = bars["state"].iloc[-1] in PriceBar.FINAL_STATES
    return Market(symbol, bars["adj_close"].rename(None), is_settled)
