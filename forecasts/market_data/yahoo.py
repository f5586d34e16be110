"""Yahoo Finance through the yfinance client, for personal use.

One call and no other is made: `Ticker.history` without an `end`, because answers with one are cached for the
life of the process and miss restatements. Each process keeps its cookies in a folder of its own, because
several processes corrupt a shared one.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from datetime import date, timedelta
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from forecasts.calendars import calendar_for
from forecasts.market_data.base import (
    SAMPLE_REMEDY,
    Action,
    History,
    ProviderError,
    RateLimited,
    Source,
    UnknownSymbol,
    Unreachable,
)
from forecasts.market_data.cleaning import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

TIMEOUT_SECONDS = 10
# The client spends these on network faults only; a refusal is never asked for again.
RETRIES = 2
FIRST_DAY = date(1960, 1, 1)
PAUSED = "market-data:yahoo:paused"
PAUSE_SECONDS = 60
# What Yahoo says when there is no such symbol; its other reasons are troubles of its own.
NO_SUCH_SYMBOL = ("no data found", "not found", "delisted", "doesn't exist")
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
        """Ask once; after a 429 nobody asks for a minute, for each further request would prolong the ban."""
        if cache.get(PAUSED):
            raise _rate_limited()
        first = start or FIRST_DAY
        with _translated(symbol):
            ticker = _ticker(symbol)
            frame = ticker.history(
                start=(first - timedelta(days=1)).isoformat(),
                auto_adjust=False,
                actions=True,
                keepna=True,
                timeout=TIMEOUT_SECONDS,
            )
            bars = clean(symbol, _bars(frame)).loc[first.isoformat() :]
            if bars.empty:
                raise _missing(symbol, None)
            actions = [action for action in _actions(frame) if action.date >= first]
            return History(bars, actions, _about(ticker.history_metadata))


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


@lru_cache(maxsize=1)
def _client() -> Any:
    """Import and configure yfinance once per process."""
    import yfinance

    yfinance.set_tz_cache_location(tempfile.mkdtemp(prefix="stockcast-yahoo-"))
    yfinance.config.debug.hide_exceptions = False
    yfinance.config.network.retries = RETRIES
    return yfinance


def _ticker(symbol: str) -> Any:
    """Return a ticker that does not look up its time zone first.

    That look-up costs a request, hides Yahoo's reason for a 404, and its answer, an error page even, stays
    cached for the life of the process. The zone only says where `start` begins: we ask from a day earlier.
    """
    ticker = _client().Ticker(symbol)
    ticker._tz = "UTC"
    return ticker


@contextmanager
def _translated(symbol: str) -> Iterator[None]:
    """Turn what the client raises into words, and into whether trying again can help."""
    from curl_cffi.requests.exceptions import RequestException
    from yfinance import exceptions

    try:
        yield
    except ProviderError:
        raise
    except exceptions.YFRateLimitError as error:
        cache.set(PAUSED, value=True, timeout=PAUSE_SECONDS)
        raise _rate_limited() from error
    except exceptions.YFPricesMissingError as error:
        raise _missing(symbol, error.yahoo_reason) from error
    except RequestException as error:
        raise Unreachable(
            "Yahoo cannot be reached from here.", f"Check the network, or try again later. {SAMPLE_REMEDY}"
        ) from error
    except Exception as error:  # the client lets through whatever broke on Yahoo's answer
        raise ProviderError(
            f"Yahoo gave an answer that cannot be read ({type(error).__name__}).",
            f"Try again later. {SAMPLE_REMEDY}",
        ) from error


def _rate_limited() -> RateLimited:
    return RateLimited(
        "Yahoo received too many requests and asks for a pause.",
        f"Try again in a few minutes. {SAMPLE_REMEDY}",
    )


def _missing(symbol: str, reason: str | None) -> ProviderError:
    """Only a reason that speaks of the symbol makes it unknown; all else may be a passing fault."""
    if reason and any(words in reason.lower() for words in NO_SUCH_SYMBOL):
        return UnknownSymbol(
            f"Yahoo has no prices for {symbol}. It says: {reason.rstrip('.')}.",
            f"Check the symbol. {SAMPLE_REMEDY}",
        )
    said = f" It says: {reason.rstrip('.')}." if reason else ""
    return ProviderError(f"Yahoo sent no prices for {symbol}.{said}", f"Try again later. {SAMPLE_REMEDY}")


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


def _about(metadata: Any) -> dict[str, Any]:
    about = {
        "name": metadata.get("longName") or metadata.get("shortName"),
        "currency": metadata.get("currency"),
        "exchange": metadata.get("exchangeName"),
        "timezone": metadata.get("exchangeTimezoneName"),
        "kind": KINDS.get(str(metadata.get("instrumentType")), "other"),
    }
    return {key: value for key, value in about.items() if value}
