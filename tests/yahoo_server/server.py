"""The fake Yahoo itself."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.yahoo_server.answers import (
    COOKIES_ONLY,
    CRUMB,
    INVALID_CRUMB,
    NO_SUCH_SYMBOL,
    TOO_MANY_REQUESTS,
    TROUBLES,
    Answer,
    chart,
    search,
)
from tests.yahoo_server.market import Listing

CRUMB_REFUSED = "crumb refused"
SILENCE = "silence"


class YahooServer(ThreadingHTTPServer):
    """`listings` is the market, and `trouble` what goes wrong now.

    With `patience` set to n, n answers are still given well before the trouble begins. The next `refusals`
    requests are refused with 429, whatever they ask for, and with `retry_after` if that is set. With
    `wants_crumb` no chart is given without one. `seen` holds the paths of all requests, and `asked` the
    charts asked for: (symbol, query).
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.listings: dict[str, Listing] = {}
        self.trouble: str | None = None
        self.patience = 0
        self.refusals = 0
        self.retry_after: str | None = None
        self.wants_crumb = False
        self.seen: list[str] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        self._deciding = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def requests(self) -> int:
        return len(self.seen)

    def answer(self, path: str, query: dict[str, str], cookies: SimpleCookie) -> Answer:
        with self._deciding:
            self.seen.append(path)
            if self.refusals:
                self.refusals -= 1
                return TOO_MANY_REQUESTS
        if path.startswith("/v8/finance/chart/"):
            return self._chart(unquote(path.rpartition("/")[2]), query)
        if path == "/v1/finance/search":
            return self._trouble() or search(self.listings, query["q"], int(query["quotesCount"]))
        if path == "/v1/test/getcrumb":
            return self._crumb(cookies)
        return COOKIES_ONLY

    def _chart(self, symbol: str, query: dict[str, str]) -> Answer:
        self.asked.append((symbol, query))
        if trouble := self._trouble():
            return trouble
        if self.wants_crumb and query.get("crumb") != CRUMB:
            return INVALID_CRUMB
        if symbol not in self.listings:
            return NO_SUCH_SYMBOL
        return chart(symbol, self.listings[symbol], int(query["period1"]), int(query["period2"]))

    def _trouble(self) -> Answer | None:
        if self.patience:
            self.patience -= 1
            return None
        if self.trouble == SILENCE:
            self.closing.wait(5)
        return TROUBLES.get(self.trouble or "")

    def _crumb(self, cookies: SimpleCookie) -> Answer:
        if self.trouble in (CRUMB_REFUSED, "too many requests"):
            return TOO_MANY_REQUESTS
        return (200, "text/plain", CRUMB) if "A3" in cookies else (401, "text/plain", "")


class _Handler(BaseHTTPRequestHandler):
    server: YahooServer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        self._send(*self.server.answer(address.path, query, cookies))

    def _send(self, status: int, kind: str, body: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if (status, kind, body) == COOKIES_ONLY:
            self.send_header("Set-Cookie", "A3=d=biscuit; Path=/; Max-Age=31557600")
        if status == 429 and self.server.retry_after is not None:
            self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test's output is no place for an access log."""


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
