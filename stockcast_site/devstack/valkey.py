"""The embedded Valkey: Celery's broker and the cache.

It keeps nothing on disk. A request's row in Postgres is the truth and the broker only a bell, which the
sweeper rings again; a message kept over a restart would say nothing new.
"""

import re
import socket
import time
from collections.abc import Callable

from stockcast_site.devstack import processes
from stockcast_site.devstack.binaries import find_binaries
from stockcast_site.devstack.places import Place
from stockcast_site.devstack.services import DevstackError

START_SECONDS = 10
STOP_SECONDS = 10


def ensure(place: Place) -> str:
    """Return the URL of the running server, started first if need be. Raises DevstackError."""
    port = _running_port(place)
    if port is None:
        log = place.home / "valkey.log"
        port = processes.start(_spawner(place), lambda port: _ask(place, port, "PING"), log, START_SECONDS)
    return f"redis://:{place.password()}@127.0.0.1:{port}/0"


def stop(place: Place) -> None:
    """Stop the server, if it runs, and wait for its end. Raises DevstackError."""
    port = _running_port(place)
    if port is None:
        return
    _ask(place, port, "SHUTDOWN NOSAVE")
    deadline = time.monotonic() + STOP_SECONDS
    while _ask(place, port, "PING"):
        if time.monotonic() > deadline:
            raise DevstackError(f"Valkey (port {port}) did not stop in {STOP_SECONDS} s")
        time.sleep(0.02)


def _spawner(place: Place) -> Callable[[int], int]:
    server = find_binaries(place).valkey

    def spawn_on(port: int) -> int:
        # Written before it runs: whatever happens to us, the next lease finds it.
        (place.home / "valkey.port").write_text(str(port))
        configuration = (
            f'port {port}\nbind 127.0.0.1\nrequirepass {place.password()}\nsave ""\nappendonly no\n'
            "daemonize no\nloglevel notice\n"
        )
        return processes.spawn([server, "-"], place, place.home / "valkey.log", stdin=configuration)

    return spawn_on


def _running_port(place: Place) -> int | None:
    """Return the port of this checkout's server; only that one knows the password."""
    file = place.home / "valkey.port"
    try:
        port = int(file.read_text())
    except (FileNotFoundError, ValueError):  # the latter: killed between opening it and writing
        return None
    return port if _ask(place, port, "PING") else None


def _ask(place: Place, port: int, command: str) -> bool:
    """Send a command after the password; True if both were answered without an error."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {place.password()}\r\n{command}\r\n".encode())
            return _two_replies(connection)
    except OSError:
        return False


def _two_replies(connection: socket.socket) -> bool:
    received = b""
    while received.count(b"\r\n") < 2:
        part = connection.recv(1024)
        if not part:
            return False
        received += part
    return not re.search(rb"^-", received, re.MULTILINE)
