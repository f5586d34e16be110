"""One request to a source: bounded in time and size, signed, and told to the lane."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from forecasts.market_data import web
from forecasts.market_data.base import RateLimited, Unreachable
from forecasts.market_data.lane import lane_of
from forecasts.market_data.web import Answer

Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(respond: Respond) -> Iterator[str]:
    """Serve on this machine what `respond` writes; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/prices"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def get(address: str) -> Answer:
    return web.get(lane_of("tiingo"), address, {"from": "2024-01-01"}, {"Authorization": "Token k"})


def sending(body: bytes, status: int = 200, **headers: str) -> Respond:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return respond


def test_the_key_goes_in_a_header_and_no_netrc_replaces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen: list[tuple[str, str]] = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        seen.append((request.path, request.headers["Authorization"]))
        sending(b"[]")(request)

    with answering(respond) as address:
        answer = get(address)

    assert answer.content == []
    assert seen == [("/prices?from=2024-01-01", "Token k")]


def test_nothing_is_kept_of_an_absurdly_long_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LARGEST_ANSWER", 100_000)
    with answering(sending(b"[1]" + b" " * 200_000)) as address:
        answer = get(address)

    assert (answer.body, answer.content) == (b"", None)


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "ANSWER_SECONDS", -1.0)

    def dribble(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b" " * 65_536)
        except OSError:  # the other side has hung up
            request.close_connection = True

    with answering(dribble) as address, pytest.raises(Unreachable):
        get(address)


@pytest.mark.parametrize(("refusals", "comes"), [(1, True), (2, False)])
def test_connecting_is_tried_once_more(monkeypatch: pytest.MonkeyPatch, refusals: int, comes: bool) -> None:
    connect, left = socket.socket.connect, [None] * refusals

    def connect_later(link: socket.socket, address: Any) -> None:
        if left and isinstance(address, tuple) and address[1] == port:
            left.pop()
            raise ConnectionRefusedError
        connect(link, address)

    with answering(sending(b"[]")) as address:
        port = int(address.split(":")[2].split("/")[0])
        monkeypatch.setattr(socket.socket, "connect", connect_later)
        if comes:
            assert get(address).content == []
        else:
            with pytest.raises(Unreachable, match="Tiingo cannot be reached from here"):
                get(address)


def test_a_redirection_is_not_followed() -> None:
    with answering(sending(b"", 302, Location="http://127.0.0.1:9/elsewhere")) as address:
        assert get(address).status == 302


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120.0), ("Mon, 01 Jan 2024 00:01:00 GMT", 60.0), ("soon", None), ("-5", None)],
)
def test_retry_after_is_read_as_seconds_or_as_a_moment(
    monkeypatch: pytest.MonkeyPatch, header: str, seconds: float | None
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2024, 1, 1, tzinfo=UTC))
    with answering(sending(b"", 429, Retry_After=header)) as address:
        assert get(address).retry_after == seconds


def test_the_lane_hears_of_a_refusal() -> None:
    lane = lane_of("tiingo")

    with pytest.raises(RateLimited):
        web.settle(lane, Answer(429, b""))

    assert lane.status().reason == "refused"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"Error: over\n the limit", "Error: over the limit"),
        (b"<html>", ""),
        (b'[{"date": ', ""),
        (b"\x00\x01", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_words_are_told_from_data_and_rubbish(body: bytes, text: str) -> None:
    assert Answer(200, body).text == text
