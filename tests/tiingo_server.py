"""A server on 127.0.0.1 that answers as Tiingo does, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "a-key-of-this-test"


@dataclass
class Listing:
    """What Tiingo knows of a ticker: `closes` and `dividends` (by ex-date) as traded and paid on their day.

    `splits` are new shares per old share by the first day on the new basis. `nulls` are days of which Tiingo
    has a row and no prices.
    """

    days: Sequence[date]
    closes: Sequence[float]
    dividends: dict[date, float] = field(default_factory=dict)
    splits: dict[date, float] = field(default_factory=dict)
    nulls: set[date] = field(default_factory=set)
    name: str = "Acme Corp"
    exchange: str = "NASDAQ"
    listed_as: str = ""

    def rows(self) -> list[dict[str, Any]]:
        """Return a row a day, adjusted as the Center for Research in Security Prices does."""
        rows, factor = [], 1.0
        for position in reversed(range(len(self.days))):
            day, close = self.days[position], self.closes[position]
            rows.append(self._row(day, close, close * factor))
            if position:
                split, paid = self.splits.get(day, 1.0), self.dividends.get(day, 0.0)
                factor *= (1 - paid * split / self.closes[position - 1]) / split
        return rows[::-1]

    def _row(self, day: date, close: float, adjusted: float) -> dict[str, Any]:
        prices = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": 1000}
        ratio = adjusted / close
        row = {
            **prices,
            **{f"adj{name.capitalize()}": value * ratio for name, value in prices.items()},
            "divCash": self.dividends.get(day, 0.0),
            "splitFactor": self.splits.get(day, 1.0),
        }
        if day in self.nulls:
            row = dict.fromkeys(row)
        return {"date": f"{day}T00:00:00.000Z", **row}


def _said(words: str) -> str:
    return json.dumps({"detail": words})


HOURLY = (
    "Error: You have run over your hourly request allocation. Then upgrade at https://api.tiingo.com/pricing."
)
MONTHLY = (
    "You have run over your 500 symbol look up for this month. Please upgrade to have your limits increased."
)
# What Tiingo does instead of answering: (status, further headers, body).
TROUBLES: dict[str, tuple[int, dict[str, str], str]] = {
    "key refused": (401, {}, _said("Invalid token.")),
    "plan too small": (403, {}, _said("You do not have permission to access this.")),
    "key quoted back": (403, {}, _said(f"The token {KEY} is not valid.")),
    "too many requests": (429, {}, _said(HOURLY)),
    "too many requests, wait": (429, {"Retry-After": "1800"}, _said(HOURLY)),
    "too many requests until": (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, "Too Many Requests"),
    "too many requests in words": (200, {}, HOURLY),
    "too many symbols": (200, {}, MONTHLY),
    "not found in words": (200, {}, "Error: Ticker 'ACME' not found"),
    "server error": (500, {}, "<html><body>Server Error (500)</body></html>"),
    "bad gateway": (502, {}, ""),
    "error in words": (200, {}, "Error: temporary database unavailable."),
    "error in a string": (200, {}, json.dumps("None is not a known field")),
    "web page": (200, {}, "<!DOCTYPE html><html><body>Tiingo</body></html>"),
    "rubbish": (200, {}, "\x00\x01\x02"),
    "half an answer": (200, {}, '[{"date": "2024-06-03T00:00:00.000Z", "clo'),
    "deeply nested": (200, {}, "[" * 200_000),
    "null": (200, {}, "null"),
    "no list": (200, {}, json.dumps({"prices": 1})),
    "no prices in it": (200, {}, json.dumps([{"date": "2024-06-03T00:00:00.000Z"}])),
    "a price in words": (200, {}, json.dumps([{"date": "2024-06-03T00:00:00.000Z", "close": "dear"}])),
    "empty list": (200, {}, "[]"),
    "elsewhere": (302, {"Location": "/welcome"}, ""),
}
SILENCE, HANGING_UP = "silence", "hanging up"


class TiingoServer(ThreadingHTTPServer):
    """`listings` is the market by ticker, `trouble` what goes wrong now, `asked` the requests: (path, query).

    With `patience` set to n, n requests are still answered well before the trouble begins. `found` is what
    any search finds.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.listings: dict[str, Listing] = {}
        self.found: list[dict[str, Any]] = []
        self.trouble: str | None = None
        self.patience = 0
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: TiingoServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.asked.append((unquote(parts.path), query))
        if self.server.patience:
            self.server.patience -= 1
        elif self.server.trouble == HANGING_UP:
            self.close_connection = True
            return
        elif self.server.trouble == SILENCE:
            self.server.closing.wait(5)
        elif self.server.trouble:
            self._answer(*TROUBLES[self.server.trouble])
            return
        self._answer(*self._well(unquote(parts.path), query))

    def _well(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], str]:
        if self.headers["Authorization"] != f"Token {KEY}":
            return TROUBLES["key refused"]
        if path == "/tiingo/utilities/search":
            return 200, {}, json.dumps(self.server.found)
        ticker, _, wanted = path.removeprefix("/tiingo/daily/").partition("/")
        listing = self.server.listings.get(ticker)
        if listing is None:
            return 404, {}, _said(f"Error: Ticker '{ticker}' not found" if wanted else "Not found.")
        if wanted:
            return 200, {}, json.dumps(_since(listing.rows(), query.get("startDate")))
        return 200, {}, json.dumps(_meta(ticker, listing))

    def _answer(self, status: int, headers: dict[str, str], body: str) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test's output is no place for an access log."""


def _since(rows: list[dict[str, Any]], start: str | None) -> list[dict[str, Any]]:
    """Without a start Tiingo sends the last day alone."""
    return [row for row in rows if row["date"][:10] >= start] if start else rows[-1:]


def _meta(ticker: str, listing: Listing) -> dict[str, Any]:
    return {
        "ticker": (listing.listed_as or ticker).lower(),
        "name": listing.name,
        "exchangeCode": listing.exchange,
        "startDate": str(listing.days[0]),
        "endDate": str(listing.days[-1]),
        "description": "They make what the coyote orders.",
    }


@contextmanager
def running() -> Iterator[TiingoServer]:
    server = TiingoServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
