"""A receiver of webhooks on a loopback address, which answers well, badly, slowly or without end."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CERTIFICATE = Path(__file__).parent / "forecasts" / "alerts" / "hook.example.pem"


@dataclass
class Post:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`status` is what every post is answered with; `answer`, where given, writes the answer itself.

    `let_go` ends answers that wait for it.
    """

    port: int
    host: str
    scheme: str = "http"
    status: int = 200
    location: str = ""
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    posts: list[Post] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook"

    def never(self, _handler: BaseHTTPRequestHandler) -> None:
        """Answer nothing."""
        self.let_go.wait(30)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Send a header's letters one by one: each comes in time, and there is no end of them."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.let_go.wait(0.05):
            handler.wfile.write(b"a")

    def flood(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer 200 and a body without end."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.let_go.is_set():
            handler.wfile.write(b"x" * 65_536)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    receiver: Receiver

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that break off."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.posts.append(Post(self.path, dict(self.headers), body))
        if receiver.answer:
            receiver.answer(self)
            return
        self.send_response(receiver.status)
        if receiver.location:
            self.send_header("Location", receiver.location)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(host: str = "127.0.0.1", port: int = 0, *, tls: bool = False) -> Iterator[Receiver]:
    server = _Server((host, port), _Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.receiver = Receiver(server.server_port, host, "https" if tls else "http")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.receiver
    finally:
        server.receiver.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
