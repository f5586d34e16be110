"""The answers of Yahoo: charts, searches and what it sends instead, as (status, content type, body)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.yahoo_server.market import PRICES, Listing

Answer = tuple[int, str, str]

JSON = "application/json;charset=utf-8"
CRUMB = "Cr.uMb"
TOO_MANY_REQUESTS = (429, "text/html", "Too Many Requests")
COOKIES_ONLY = (404, "text/html", "<html><body>Not here</body></html>")


def error(status: int, code: str, description: str, kind: str = "chart") -> Answer:
    reason = {"code": code, "description": description}
    return status, JSON, json.dumps({kind: {"result": None, "error": reason}})


NO_SUCH_SYMBOL = error(404, "Not Found", "No data found, symbol may be delisted")
INVALID_CRUMB = error(401, "Unauthorized", "Invalid Crumb", "finance")

# What Yahoo does instead of answering.
TROUBLES = {
    "too many requests": TOO_MANY_REQUESTS,
    "server error": (500, "text/plain", "Internal Server Error"),
    "server error in words": error(500, "Internal", "Upstream broke"),
    "bad request": error(400, "Bad Request", "Data doesn't exist for startDate = 1, endDate = 2"),
    "web page": (200, "text/html", "<html><body>Sign in to Yahoo</body></html>"),
    "maintenance": (200, "text/html", "<html><body>Will be right back...</body></html>"),
    "empty chart": (200, JSON, json.dumps({"chart": {"result": [], "error": None}})),
    "half an answer": (200, JSON, '{"chart": {"result": [{"meta": {"curr'),
}


def chart(symbol: str, listing: Listing, start: int, end: int) -> Answer:
    """Return the sessions that open from `start` to `end`, in seconds since 1970."""
    result = {"meta": _meta(symbol, listing), "events": _events(listing, start, end)}
    bars = [bar for bar in listing.bars if start <= listing.moment(bar.date) <= end]
    moments = [listing.moment(bar.date) for bar in bars]
    if listing.live is not None:
        bars.append(listing.live)
        moments.append(listing.moment(listing.live.date) + 3723)
    columns = {name: [getattr(bar, name) for bar in bars] for name in (*PRICES, "volume")}
    adjusted = {"adjclose": [bar.adj_close for bar in bars]}
    if bars:
        result |= {"timestamp": moments, "indicators": {"quote": [columns], "adjclose": [adjusted]}}
    else:  # it leaves out what would be empty
        result |= {"indicators": {"quote": [{}], "adjclose": [{}]}}
    return 200, JSON, json.dumps({"chart": {"result": [result], "error": None}})


def _events(listing: Listing, start: int, end: int) -> dict[str, Any]:
    def inside(day: date) -> bool:
        return start <= listing.moment(day) <= end

    dividends = {listing.moment(day): amount for day, amount in listing.dividends.items() if inside(day)}
    splits = {listing.moment(day): ratio for day, ratio in listing.splits.items() if inside(day)}
    return {
        "dividends": {
            str(moment): {"amount": amount, "date": moment} for moment, amount in dividends.items()
        },
        "splits": {
            str(moment): {"date": moment, "numerator": new, "denominator": old, "splitRatio": f"{new}:{old}"}
            for moment, (new, old) in splits.items()
        },
    }


def _meta(symbol: str, listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.symbol or symbol,
        "longName": listing.name or f"{symbol} Incorporated",
        "currency": listing.currency,
        "exchangeName": listing.exchange,
        "fullExchangeName": listing.exchange_name,
        "instrumentType": listing.kind,
        "exchangeTimezoneName": listing.zone,
        "priceHint": 2,
        "dataGranularity": "1d",
        "validRanges": ["1d", "5d", "1mo", "max"],
    }


def search(listings: Mapping[str, Listing], text: str, count: int) -> Answer:
    """Return listings whose symbol or name holds `text`, and something that is no instrument."""
    found = [
        {
            "symbol": symbol,
            "shortname": (listing.name or symbol)[:15],
            "longname": listing.name or f"{symbol} Incorporated",
            "quoteType": listing.kind,
            "exchange": listing.exchange,
            "exchDisp": listing.exchange_name,
            "isYahooFinance": True,
        }
        for symbol, listing in listings.items()
        if text.lower() in f"{symbol} {listing.name}".lower()
    ]
    private = {"index": "crunchbase", "name": f"{text} Private Ltd", "isYahooFinance": False}
    return 200, JSON, json.dumps({"quotes": [*found[:count], private], "news": [], "lists": []})
