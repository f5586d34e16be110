"""Yahoo Finance through the yfinance client, for personal use.

Prices are asked for by `Ticker.history` without an `end`, because answers with one are cached for the life of
the process and miss restatements.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from math import prod
from typing import TYPE_CHECKING, Any

from forecasts.calendars import calendar_for
from forecasts.market_data.base import Action, History, Match, Renamed, Source
from forecasts.market_data.cleaning import clean
from forecasts.market_data.yahoo import client

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

FIRST_DAY = date(1960, 1, 1)
MATCHES = 10
COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adj_close",
    "Volume": "volume",
}
KINDS = {
    "EQUITY": "equity",
    "ETF": "etf",
    "MUTUALFUND": "etf",
    "INDEX": "index",
    "CURRENCY": "fx",
    "CRYPTOCURRENCY": "crypto",
}


class YahooProvider:
    def fetch(self, symbol: str, start: date | None = None) -> History:
        """Ask once; raises Renamed where Yahoo answers with the prices of another symbol."""
        first = start or FIRST_DAY
        with client.translated(symbol):
            ticker = _ticker(symbol)
            frame = ticker.history(
                start=(first - timedelta(days=1)).isoformat(),
                auto_adjust=False,
                actions=True,
                keepna=True,
                timeout=client.TIMEOUT_SECONDS,
            )
            _refuse_another(symbol, ticker.history_metadata)
            bars = clean(symbol, _bars(frame)).loc[first.isoformat() :]
            if bars.empty:
                raise client.missing(symbol)
            actions = [action for action in _actions(frame) if action.date >= first]
            return History(bars, actions, _about(ticker.history_metadata))

    def search(self, text: str) -> list[Match]:
        """Return what Yahoo finds by symbol or name, best first, in one request; raises ProviderError."""
        with client.translated(text):
            yahoo = client.client()
            try:
                found = yahoo.Search(
                    text,
                    max_results=MATCHES,
                    news_count=0,
                    lists_count=0,
                    include_cb=False,
                    recommended=0,
                    timeout=client.TIMEOUT_SECONDS,
                ).quotes
            finally:  # it is kept for the life of the process, even where it is an error page
                yahoo.data.YfData.cache_get.cache_clear()
            return [match for quote in found if (match := _match(quote))]


SOURCE = Source(
    key="yahoo",
    name="Yahoo Finance",
    prefix="",
    # What Yahoo calls things: AAPL, BRK-B, 7203.T, ^GSPC, EURUSD=X, ES=F.
    pattern=re.compile(r"\^?[A-Z0-9][A-Z0-9.\-]{0,18}(=[XF])?"),
    example="MSFT",
    provider=YahooProvider,
    calendar=calendar_for,
    rate="YAHOO_RATE",
)


def _ticker(symbol: str) -> Any:
    """Return a ticker that does not look up its time zone first.

    That look-up costs a request, hides Yahoo's reason for a 404, and its answer, an error page even, stays
    cached for the life of the process. The zone only says where `start` begins: we ask from a day earlier.
    """
    ticker = client.client().Ticker(symbol)
    ticker._tz = "UTC"
    return ticker


def _refuse_another(symbol: str, metadata: Mapping[str, Any]) -> None:
    given = str(metadata.get("symbol") or symbol)
    if given.upper() != symbol.upper():
        raise Renamed(
            f"Yahoo lists {symbol} as {given} now.",
            f"Add {given} to go on with it. The history of {symbol} up to now stays here.",
            given.upper(),
        )


def _bars(frame: pd.DataFrame) -> pd.DataFrame:
    """Name the columns as StockCast does, and the days as the exchange does."""
    bars = frame.rename(columns=COLUMNS)[list(COLUMNS.values())].astype("float64")
    bars.index = _days(frame)
    return bars


def _days(frame: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the exchange's own dates, without time and time zone."""
    import pandas as pd

    return pd.DatetimeIndex(frame.index, name="date").tz_localize(None).normalize()


def _actions(frame: pd.DataFrame) -> list[Action]:
    """Yahoo's dividends are on today's share basis; undo later splits, so that they are as paid."""
    splits = [Action(day, "split", ratio) for day, ratio in _events(frame["Stock Splits"])]
    dividends = [
        Action(day, "dividend", amount * prod(split.value for split in splits if split.date > day))
        for day, amount in _events(frame["Dividends"])
    ]
    return splits + dividends


def _events(column: pd.Series[float]) -> list[tuple[date, float]]:
    happened = column[column > 0]
    days = _days(happened.to_frame())
    return [(day.date(), float(value)) for day, value in zip(days, happened, strict=True)]


def _about(metadata: Mapping[str, Any]) -> dict[str, Any]:
    about = {
        "name": metadata.get("longName") or metadata.get("shortName"),
        "currency": metadata.get("currency"),
        "exchange": metadata.get("exchangeName"),
        "timezone": metadata.get("exchangeTimezoneName"),
        "kind": KINDS.get(str(metadata.get("instrumentType")), "other"),
    }
    return {key: value for key, value in about.items() if value}


def _match(quote: Mapping[str, Any]) -> Match | None:
    """Return what can be forecast; an option and whatever is not written as a symbol cannot."""
    symbol, kind = str(quote.get("symbol", "")).upper(), str(quote.get("quoteType", ""))
    if kind == "OPTION" or not SOURCE.has(symbol):
        return None
    return Match(
        symbol=symbol,
        name=str(quote.get("longname") or quote.get("shortname") or ""),
        kind=KINDS.get(kind, "other"),
        exchange=str(quote.get("exchDisp") or quote.get("exchange") or ""),
    )
