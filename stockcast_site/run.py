"""What `make run` starts: the services, an up-to-date database, web, workers and scheduler.

One at a time in a checkout. Configured by HOST, PORT and LOG_LEVEL; docs/running.md tells more.
"""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stockcast_site import devstack
from stockcast_site.supervisor import STOPPING_SIGNALS, Program, Supervisor, end_leftovers, say

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS = 60
# Celery warns root because it could run a pickled message; this site takes JSON alone.
PYTHON = [sys.executable, "-W", "ignore:You're running the worker with superuser", "-m"]


class RunError(Exception):
    """The site can't start; the message is one line that says what to do."""


@dataclass(frozen=True)
class Address:
    """Where the site listens."""

    host: str
    port: int

    @classmethod
    def from_environment(cls) -> "Address":
        """Read HOST and PORT. Raises RunError."""
        port = os.environ.get("PORT") or "8000"
        if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
            raise RunError(f"PORT is {port!r}; it must be a number from 1 to 65535. Try: PORT=8001 make run")
        return cls(os.environ.get("HOST") or "127.0.0.1", int(port))

    @property
    def bind(self) -> str:
        """The address as gunicorn writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        return f"http://{self.bind}".replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")

    def check_free(self) -> None:
        """Raise RunError where nothing could listen here."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            socket.create_server((self.host, self.port), family=family).close()
        except PermissionError as error:
            raise RunError(f"Port {self.port} is reserved for root. Try: PORT=8001 make run") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                other = self.port + 1 if self.port < 65535 else 8000
                line = f"Port {self.port} is taken by another program. Try: PORT={other} make run"
                raise RunError(line) from error
            raise RunError(
                f"HOST is {self.host!r}, which is no address of this machine. Try: HOST=127.0.0.1 make run"
            ) from error


@contextmanager
def run_lock(path: Path, url: str) -> Iterator[None]:
    """Hold the checkout's one place to run. Raises RunError naming the address of who holds it."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RunError(f"StockCast is already running at {file.read()} (from this checkout).") from None
        file.truncate(0)
        file.write(url)
        file.flush()
        yield


def programs(address: Address) -> list[Program]:
    """Return everything that runs beside the services."""
    web = ["gunicorn", "stockcast_site.wsgi", "--bind", address.bind, "--workers", "2", "--threads", "4"]
    web += ["--config", "python:stockcast_site.warming"]
    return [
        Program("web", [*PYTHON, *web, "--log-level", "warning", "--graceful-timeout", "5", "--preload"]),
        _worker("house", concurrency=1),
        _worker("training", concurrency=1),
        _worker("io", concurrency=2),
        _worker("prices", concurrency=1),
        _worker("evidence", concurrency=1),
        _celery("beat", ["beat"]),
    ]


def _worker(queue: str, concurrency: int) -> Program:
    options = ["-Q", queue, "-n", f"{queue}@%h", "-c", str(concurrency)]
    return _celery(queue, ["worker", *options, "--without-gossip", "--without-mingle"])


def _celery(name: str, arguments: list[str]) -> Program:
    celery = ["celery", "--quiet", "-A", "stockcast_site", *arguments, "--loglevel", _log_level()]
    return Program(name, [*PYTHON, *celery])


def _log_level() -> str:
    return os.environ.get("LOG_LEVEL") or "WARNING"


def announce(address: Address) -> None:
    """Wait until the site answers, then say where it is."""
    deadline, pause = time.monotonic() + READY_SECONDS, 0.1
    while time.monotonic() < deadline:
        if _answers(f"{address.url}/healthz"):
            say(f"StockCast is at {address.url} (Ctrl-C stops everything)")
            return
        time.sleep(pause)
        pause = min(pause * 1.2, 5)  # a site that answers with errors logs each of them
    say(f"The site has not answered at {address.url} for {READY_SECONDS} seconds; its messages are above.")


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  # the URL is ours and begins with http://
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


def serve(address: Address, env: dict[str, str], var: Path) -> int:
    """Prepare the database, then run everything until Ctrl-C; return the exit code."""
    prepare = [sys.executable, "-m", "stockcast_site.prepare"]
    if subprocess.run(prepare, cwd=ROOT, env=env, check=False, start_new_session=True).returncode != 0:
        raise RunError("The database could not be brought up to date; the reason is above.")
    threading.Thread(target=announce, args=(address,), daemon=True).start()
    return Supervisor(programs(address), env, ROOT, var / "run.json").run()


def start() -> int:
    """Check, lease, serve. Raises RunError and DevstackError."""
    address = Address.from_environment()
    var = ROOT / "var"
    var.mkdir(exist_ok=True)
    with run_lock(var / "run.lock", address.url):
        end_leftovers(var / "run.json")
        address.check_free()
        with devstack.lease() as services:
            own = {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "stockcast_site.settings"}
            env = os.environ | own | (services.environment() if services else {})
            try:
                return serve(address, env, var)
            finally:
                # Stopping the services takes a moment and is due, however often somebody presses Ctrl-C.
                signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> int:
    """Run the site; trouble is one line and exit code 1."""
    for number in STOPPING_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        return start()
    except (RunError, devstack.DevstackError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
