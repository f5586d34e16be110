"""A server on 127.0.0.1 that answers as Yahoo Finance does, well or badly, for the real client to ask."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest

PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Bar:
    """One session as Yahoo has it: adjusted for splits. None in a price is what it sends before the open."""

    date: date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adj_close: float | None
    volume: float | None = 1_000_000


@dataclass
class Listing:
    """What Yahoo knows of a symbol. Dividends by ex-date, on today's share basis; splits as (new, old)."""

    bars: list[Bar]
    dividends: dict[date, float] = field(default_factory=dict)
    splits: dict[date, tuple[int, int]] = field(default_factory=dict)
    currency: str = "USD"
    exchange: str = "NMS"
    zone: str = "America/New_York"
    kind: str = "EQUITY"
    opens: time = time(9, 30)


def bars_of(
    days: Sequence[date], closes: Sequence[float], adjusted: Sequence[float] | None = None
) -> list[Bar]:
    """Return plain sessions around `closes`; without `adjusted` there were no dividends."""
    rows = zip(days, closes, adjusted or closes, strict=True)
    return [Bar(day, close, close * 1.01, close * 0.99, close, adj) for day, close, adj in rows]


# What Yahoo does instead of answering: (status, content type, body).
TROUBLES = {
    "too many requests": (429, "text/html", "Too Many Requests"),
    "server error": (500, "text/plain", "Internal Server Error"),
    "server error in words": (
        500,
        "application/json",
        json.dumps(
            {"chart": {"result": None, "error": {"code": "Internal", "description": "Upstream broke"}}}
        ),
    ),
    "web page": (200, "text/html", "<html><body>Sign in to Yahoo</body></html>"),
    "maintenance": (200, "text/html", "<html><body>Will be right back...</body></html>"),
    "empty chart": (200, "application/json", json.dumps({"chart": {"result": [], "error": None}})),
}
CRUMB_REFUSED = "crumb refused"
SILENCE = "silence"


class YahooServer(ThreadingHTTPServer):
    """`listings` is the market, `trouble` what goes wrong now, `asked` the charts asked for: (symbol, query).

    With `patience` set to n, n charts are still answered well before the trouble begins.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.listings: dict[str, Listing] = {}
        self.trouble: str | None = None
        self.patience = 0
        self.requests = 0
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: YahooServer

    def do_GET(self) -> None:
        self.server.requests += 1
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path.startswith("/v8/finance/chart/"):
            symbol = unquote(path.rpartition("/")[2])
            asked = {name: values[0] for name, values in query.items()}
            self.server.asked.append((symbol, asked))
            self._answer(*self._chart(symbol, asked))
        elif path == "/v1/test/getcrumb":
            refused = self.server.trouble in (CRUMB_REFUSED, "too many requests")
            self._answer(*(TROUBLES["too many requests"] if refused else (200, "text/plain", "crumb.1")))
        else:
            self._answer(404, "text/html", "<html></html>")

    def _chart(self, symbol: str, asked: dict[str, str]) -> tuple[int, str, str]:
        if self.server.patience:
            self.server.patience -= 1
        elif self.server.trouble == SILENCE:
            self.server.closing.wait(5)
        elif self.server.trouble in TROUBLES:
            return TROUBLES[self.server.trouble]
        listing = self.server.listings.get(symbol)
        if listing is None:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return 404, "application/json", json.dumps({"chart": {"result": None, "error": error}})
        result = _result(symbol, listing, int(asked["period1"]), int(asked["period2"]))
        return 200, "application/json", json.dumps({"chart": {"result": [result], "error": None}})

    def _answer(self, status: int, kind: str, body: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test's output is no place for an access log."""


def _result(symbol: str, listing: Listing, start: int, end: int) -> dict[str, Any]:
    def moment(day: date) -> int:
        return int(datetime.combine(day, listing.opens, ZoneInfo(listing.zone)).timestamp())

    def inside(day: date) -> bool:
        return start <= moment(day) <= end

    bars = [bar for bar in listing.bars if inside(bar.date)]
    columns = {name: [getattr(bar, name) for bar in bars] for name in (*PRICES, "volume")}
    return {
        "meta": _meta(symbol, listing),
        "timestamp": [moment(bar.date) for bar in bars],
        "events": {
            "dividends": {
                str(moment(day)): {"amount": amount, "date": moment(day)}
                for day, amount in listing.dividends.items()
                if inside(day)
            },
            "splits": {
                str(moment(day)): {"date": moment(day), "numerator": new, "denominator": old}
                for day, (new, old) in listing.splits.items()
                if inside(day)
            },
        },
        "indicators": {"quote": [columns], "adjclose": [{"adjclose": [bar.adj_close for bar in bars]}]},
    }


def _meta(symbol: str, listing: Listing) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "longName": f"{symbol} Incorporated",
        "currency": listing.currency,
        "exchangeName": listing.exchange,
        "instrumentType": listing.kind,
        "exchangeTimezoneName": listing.zone,
        "validRanges": ["1d", "5d", "1mo", "max"],
    }


@contextmanager
def running() -> Iterator[YahooServer]:
    server = YahooServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def point_client_at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Send whatever yfinance asks of any Yahoo host to `url`, with a session and cookies of its own.

    The client's constants name the hosts of prices only; cookies and crumbs come from addresses in its code.
    So the address is exchanged at the door of its HTTP library.
    """
    from curl_cffi.requests import Session
    from yfinance.data import SingletonMeta

    ask = Session.request

    def ask_here(session: Session[Any], **options: Any) -> Any:
        options["url"] = re.sub(r"^https://[a-z0-9.]*yahoo\.com", url, options["url"])
        return ask(session, **options)

    monkeypatch.setattr(Session, "request", ask_here)
    monkeypatch.setattr(SingletonMeta, "_instances", {})
    monkeypatch.setenv("no_proxy", "127.0.0.1")
