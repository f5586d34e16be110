"""`make run`: one line for each trouble, and the whole site from a copy of the checkout."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockcast_site import run

PROJECT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(
    ".venv", ".git", "var", "__pycache__", ".*_cache", ".hypothesis", "shared"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def copy() -> Iterator[Path]:
    """A second checkout beside this one, with services of its own."""
    folder = Path(tempfile.mkdtemp(prefix="stockcast-")).resolve()
    folder.chmod(0o755)
    shutil.copytree(PROJECT, folder / "site", ignore=NOT_COPIED)
    yield folder / "site"
    shutil.rmtree(folder)


class Site:
    """A `make run` of its own."""

    def __init__(self, checkout: Path, port: int) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in run_variables()}
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stockcast_site.run"],
            cwd=checkout,
            env=kept | {"PORT": str(port), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_until_up(self) -> list[str]:
        """Return the lines printed until the address."""
        lines = []
        assert self.process.stdout
        for line in self.process.stdout:
            lines.append(line)
            if "StockCast is at" in line:
                return lines
        raise AssertionError("the site ended: " + "".join(lines))

    def end(self, how: signal.Signals = signal.SIGINT) -> str:
        self.process.send_signal(how)
        return self.process.communicate(timeout=60)[0]

    def answers(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
            return bool(response.status == 200)


def run_variables() -> set[str]:
    """What the test run itself has set, which a newcomer has not."""
    return {"DATABASE_URL", "REDIS_URL", "KEY_PREFIX", "STATIC_ROOT", "SECRET_KEY"}


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80.5", "٣"])
def test_a_bad_port_is_one_line(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)

    with pytest.raises(run.RunError, match="it must be a number from 1 to 65535"):
        run.Address.from_environment()


@pytest.mark.parametrize(
    ("host", "bind", "url"),
    [
        ("127.0.0.1", "127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("0.0.0.0", "0.0.0.0:8001", "http://127.0.0.1:8001"),
        ("::1", "[::1]:8001", "http://[::1]:8001"),
    ],
)
def test_address(host: str, bind: str, url: str) -> None:
    address = run.Address(host, 8001)

    assert (address.bind, address.url) == (bind, url)


def test_the_address_without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.delenv("HOST", raising=False)

    assert run.Address.from_environment() == run.Address("127.0.0.1", 8000)


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]

        with pytest.raises(run.RunError) as caught:
            run.Address("127.0.0.1", port).check_free()

    assert str(caught.value).startswith(f"Port {port} is taken by another program. Try: PORT=")


def test_a_host_of_another_machine_is_one_line() -> None:
    with pytest.raises(run.RunError, match="HOST is '192\\.0\\.2\\.1', which is no address of this machine"):
        run.Address("192.0.2.1", 8001).check_free()


def test_a_second_run_names_the_first(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    with run.run_lock(lock, "http://127.0.0.1:8000"):
        with pytest.raises(run.RunError) as caught, run.run_lock(lock, "http://127.0.0.1:9000"):
            pass
        assert (
            str(caught.value) == "StockCast is already running at http://127.0.0.1:8000 (from this checkout)."
        )

    with run.run_lock(lock, "http://127.0.0.1:9000"), lock.open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.slow
def test_the_site_comes_up_and_goes_down(copy: Path) -> None:
    port = free_port()
    site = Site(copy, port)
    lines = site.wait_until_up()
    assert lines[-1] == f"stockcast | StockCast is at {site.url} (Ctrl-C stops everything)\n"
    assert site.answers()

    again = Site(copy, free_port())
    assert (
        again.process.communicate()[0]
        == f"StockCast is already running at {site.url} (from this checkout).\n"
    )
    assert again.process.returncode == 1

    site.end()
    assert site.process.returncode == 0
    assert not (copy / "var" / "devstack.json").exists()


@pytest.mark.slow
def test_the_site_comes_back_after_kill_9(copy: Path) -> None:
    port = free_port()
    site = Site(copy, port)
    site.wait_until_up()
    left = [pid for pid, _ in json.loads((copy / "var" / "run.json").read_text())]
    os.kill(site.process.pid, signal.SIGKILL)
    site.process.wait()
    assert site.answers()  # what it had started runs on, and holds the port

    second = Site(copy, port)
    second.wait_until_up()

    assert second.answers()
    now = [pid for pid, _ in json.loads((copy / "var" / "run.json").read_text())]
    assert len(left) == len(now) == 7
    assert not set(left) & set(now)
    second.end(signal.SIGTERM)
    assert second.process.returncode == 0
    site.process.communicate()
