"""Tiingo's end-of-day prices, asked for with a key of one's own.

Prices come as traded, with the splits and dividends of each day beside them. They are put on today's share
basis here; a part of a history needs nothing from before it, because only later splits rescale a price.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.conf import settings

from forecasts.calendars import NEW_YORK, WEEKDAYS
from forecasts.market_data import web
from forecasts.market_data.base import (
    SAMPLE_REMEDY,
    Action,
    History,
    Match,
    ProviderError,
    RateLimited,
    Renamed,
    Source,
    UnknownSymbol,
)
from forecasts.market_data.cleaning import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from forecasts.market_data.lane import Lane
    from forecasts.market_data.web import Answer

API = "https://api.tiingo.com"
PREFIX = "TIINGO:"
FIRST_DAY = date(1960, 1, 1)
AS_TRADED = ["open", "high", "low", "close", "volume"]
COLUMNS = [*AS_TRADED, "adjClose", "divCash", "splitFactor"]
# What an exhausted allowance says, with status 429 and with 200: of requests, or of symbols in a month.
OVER_ALLOWANCE = "run over your"
KINDS = {"Stock": "equity", "ETF": "etf", "Mutual Fund": "etf"}
A_FUND = re.compile(r"\b(ETF|FUND|PORTFOLIO)\b", re.IGNORECASE)
MUTUAL_FUNDS = "NMFQS"
# What Tiingo calls the exchanges whose days and currency are known; it names no currency itself.
NEW_YORKS = (
    "NYSE", "NASDAQ", "AMEX", "NYSE ARCA", "NYSE MKT", "NYSE NAT", "BATS", MUTUAL_FUNDS,
    "OTCMKTS", "OTCBB", "OTCQB", "OTCQX", "OTCCE", "OTCGREY", "PINK", "EXPM",
)  # fmt: skip
IN_NEW_YORK = {"calendar": NEW_YORK, "currency": "USD", "timezone": "America/New_York"}
IN_CHINA = {"calendar": "XSHG", "currency": "CNY", "timezone": "Asia/Shanghai"}
PLACES = {**dict.fromkeys(NEW_YORKS, IN_NEW_YORK), "SHE": IN_CHINA, "SHG": IN_CHINA}


class KeyRefused(ProviderError):
    """Tiingo does not take this site's key, or there is none."""

    code = "source_key_refused"
    permanent = True


class TiingoProvider:
    def fetch(self, symbol: str, start: date | None = None) -> History:
        """Ask for the prices; for a whole history also what the instrument is, which costs a request more."""
        first = start or FIRST_DAY
        path = f"/tiingo/daily/{quote(symbol.removeprefix(PREFIX))}"
        about = {} if start else _about(symbol, _ask(path, symbol))
        query = {"startDate": first.isoformat(), "format": "json", "resampleFreq": "daily"}
        days = _days(symbol, _ask(f"{path}/prices", symbol, query)).loc[first.isoformat() :]
        bars = clean(symbol, _bars(days))
        if bars.empty:
            raise _later(f"Tiingo sent no prices for {symbol}.")
        return History(bars, _actions(days), about)

    def search(self, text: str) -> list[Match]:
        """Return what Tiingo lists and still trades that is called so, by symbol or name, in its order."""
        listed = _ask("/tiingo/utilities/search", text, {"query": text})
        if not isinstance(listed, list):
            raise _unreadable()
        return list(dict.fromkeys(match for row in listed if (match := _match(row))))


SOURCE = Source(
    key="tiingo",
    name="Tiingo",
    prefix=PREFIX,
    # As Tiingo writes tickers: AAPL, BRK-B, 600519.
    pattern=re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,18}"),
    example="TIINGO:MSFT",
    provider=TiingoProvider,
    calendar=lambda symbol: "XSHG" if symbol.removeprefix(PREFIX).isdigit() else NEW_YORK,
    rate="TIINGO_RATE",
    configured=lambda: bool(settings.TIINGO_API_KEY),
    remedy="Whoever runs this site can set TIINGO_API_KEY to a key from tiingo.com.",
)


# Asking -------------------------------------------------------------------------------------------------


def _ask(path: str, subject: str, query: Mapping[str, str] | None = None) -> Any:
    """Ask once; return the answer's JSON, or raise ProviderError with what Tiingo says instead.

    `subject` is the symbol, or the text looked for, that messages speak of.
    """
    from forecasts.market_data.lane import lane_of

    if not settings.TIINGO_API_KEY:
        raise KeyRefused("Tiingo gives prices for a key only, and this site has none.", SOURCE.remedy)
    lane = lane_of(SOURCE.key)
    answer = web.get(lane, API + path, query or {}, {"Authorization": f"Token {settings.TIINGO_API_KEY}"})
    said = _said(answer)
    if OVER_ALLOWANCE in said.lower():
        raise _over_allowance(answer, said, subject, lane)
    web.settle(lane, answer)
    if answer.status != 200 or said:
        raise _refusal(answer.status, said, subject)
    if answer.content is None:
        raise _unreadable()
    return answer.content


def _said(answer: Answer) -> str:
    """Return what Tiingo says in words in place of an answer, as one short line that names no secret."""
    content = answer.content
    words = content.get("detail") if isinstance(content, dict) else content
    if content is None:
        words = answer.text
    line = words.replace(settings.TIINGO_API_KEY, "…") if isinstance(words, str) else ""
    return line.removeprefix("Error: ")[:200].rstrip(".")


def _over_allowance(answer: Answer, said: str, subject: str, lane: Lane) -> ProviderError:
    """A spent month of symbols is no reason to pause: those asked for before are still answered."""
    if "symbol" in said.lower():
        lane.answered()
        return RateLimited(
            f"Tiingo sent nothing for {subject}: this site's plan includes no more symbols this month.",
            f"Symbols asked for before still work; the next month brings new ones. {SAMPLE_REMEDY}",
        )
    lane.refused(answer.retry_after)
    return lane.why_paused()


def _refusal(status: int, said: str, subject: str) -> ProviderError:
    if status in (401, 403):
        return KeyRefused(
            f"Tiingo refuses this site's key.{_quoted(said)}",
            "Whoever runs this site can check TIINGO_API_KEY, and what its plan at Tiingo includes.",
        )
    if status == 404 or "not found" in said.lower():
        return UnknownSymbol(
            f"Tiingo does not know {subject}.{_quoted(said)}", f"Check the symbol. {SAMPLE_REMEDY}"
        )
    trouble = _quoted(said) if said else f" It answered with status {status}."
    return _later(f"Tiingo sent nothing for {subject}.{trouble}")


def _quoted(said: str) -> str:
    return f" It says: {said}." if said else ""


def _unreadable() -> ProviderError:
    return _later("Tiingo gave an answer that cannot be read.")


def _later(message: str) -> ProviderError:
    return ProviderError(message, f"Try again later. {SAMPLE_REMEDY}")


# Reading ------------------------------------------------------------------------------------------------


def _days(symbol: str, rows: Any) -> pd.DataFrame:
    """Return what Tiingo has of each day, by rising date: the columns COLUMNS, prices as traded."""
    import pandas as pd

    if rows == []:
        raise _later(f"Tiingo sent no prices for {symbol}.")
    try:
        days = [row["date"][:10] for row in rows]
        values = [[row[name] for name in COLUMNS] for row in rows]
        index = pd.DatetimeIndex(pd.to_datetime(days, format="%Y-%m-%d"), name="date")
        frame = pd.DataFrame(values, index=index, columns=COLUMNS, dtype="float64")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _unreadable() from error
    frame = frame.fillna({"divCash": 0.0, "splitFactor": 1.0})
    if not frame["splitFactor"].between(0, float("inf"), inclusive="neither").all():
        raise _unreadable()
    return frame[~frame.index.duplicated(keep="last")].sort_index()


def _bars(days: pd.DataFrame) -> pd.DataFrame:
    """Put prices and volume on the last day's share basis; `adjClose` is on it already."""
    splits = days["splitFactor"]
    shares_since = splits[::-1].cumprod()[::-1].shift(-1, fill_value=1.0)
    bars = days[AS_TRADED].div(shares_since, axis=0)
    return bars.assign(adj_close=days["adjClose"], volume=days["volume"] * shares_since)


def _actions(days: pd.DataFrame) -> list[Action]:
    """Return splits, and dividends as paid: Tiingo does not rescale them by later splits."""
    splits, dividends = days["splitFactor"], days["divCash"]
    return [
        *(Action(day, "split", ratio) for day, ratio in _dated(splits[splits != 1])),
        *(Action(day, "dividend", paid) for day, paid in _dated(dividends[dividends > 0])),
    ]


def _dated(column: pd.Series[float]) -> list[tuple[date, float]]:
    return [(date.fromisoformat(f"{day:%Y-%m-%d}"), float(value)) for day, value in column.items()]


def _about(symbol: str, listed: Any) -> dict[str, Any]:
    """Say what the instrument is; raises Renamed where Tiingo writes its ticker otherwise."""
    if not isinstance(listed, dict):
        raise _unreadable()
    asked, ticker = symbol.removeprefix(PREFIX), str(listed.get("ticker") or "").upper()
    if ticker and ticker != asked:
        new = f"{PREFIX}{ticker}"
        raise Renamed(f"Tiingo lists {asked} as {ticker}.", f"Ask for {new} instead. {SAMPLE_REMEDY}", new)
    name, exchange = str(listed.get("name") or ""), str(listed.get("exchangeCode") or "")
    place = PLACES.get(exchange, {"calendar": WEEKDAYS})
    return {"name": name[:200], "exchange": exchange[:20], "kind": _kind(name, exchange), **place}


def _kind(name: str, exchange: str) -> str:
    """Tell stocks from funds by their names: what the prices belong to names no kind."""
    return "etf" if exchange == MUTUAL_FUNDS or A_FUND.search(name) else "equity"


def _match(row: Any) -> Match | None:
    """Return a line of a search, unless it is no longer traded or cannot be asked for."""
    if not isinstance(row, dict) or row.get("isActive") is False:
        return None
    symbol = f"{PREFIX}{str(row.get('ticker') or '').upper()}"
    kind = KINDS.get(str(row.get("assetType")))
    if kind is None or not SOURCE.has(symbol):
        return None
    return Match(symbol, str(row.get("name") or "")[:200], kind)
