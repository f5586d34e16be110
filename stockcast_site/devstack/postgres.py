"""The embedded Postgres: made once, started on a free port, stopped without losing a transaction."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil

from stockcast_site.devstack import processes
from stockcast_site.devstack.binaries import Binaries, find_binaries
from stockcast_site.devstack.places import Place
from stockcast_site.devstack.services import DevstackError

NAME = "stockcast"  # of the role and of the database
RECOVERY_SECONDS = 60
STOP_SECONDS = 60
ORPHAN_SECONDS = 10
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their paths may be 107 bytes long; a checkout's is often longer
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
INITDB = (
    f"--username={NAME}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


def ensure(place: Place) -> str:
    """Return the URL of the running database, started, and made, first if need be. Raises DevstackError."""
    log = place.home / "postgres.log"
    postmaster = _postmaster(place.data)
    if postmaster is None:
        binaries = find_binaries(place)
        if not place.data.is_dir():
            _make(place, binaries)
        port = processes.start(_spawner(place, binaries, log), _asker(place), log, RECOVERY_SECONDS)
    else:
        port = _port(place.data)
        if not processes.wait_until(lambda: _asker(place)(port), postmaster.pid, RECOVERY_SECONDS):
            raise DevstackError(f"Postgres (pid {postmaster.pid}) runs but does not answer (see {log})")
    _make_database(place, port)
    return _url(place, port, NAME)


def stop(place: Place) -> None:
    """Stop the server, if it runs, and wait for its end. Raises DevstackError."""
    postmaster = _postmaster(place.data)
    if postmaster is None:
        return
    postmaster.send_signal(signal.SIGINT)  # a "fast" shutdown: sessions are ended, what is committed stays
    if not processes.wait_for_end(postmaster.pid, STOP_SECONDS):
        raise DevstackError(f"Postgres (pid {postmaster.pid}) did not stop in {STOP_SECONDS} s")


def _make(place: Place, binaries: Binaries) -> None:
    """Run initdb. The data directory appears under its name only when complete."""
    draft, log = place.home / "postgres.new", place.home / "initdb.log"
    password = place.home / "initdb.password"
    shutil.rmtree(draft, ignore_errors=True)  # what an initdb that was killed has left
    draft.mkdir(mode=0o700)
    password.touch(mode=0o600)
    for path in (draft, password):
        os.chown(path, place.uid, -1)
    password.write_text(place.password())
    command = [str(binaries.initdb), *INITDB, f"--pwfile={password}", f"--pgdata={draft}"]
    try:
        with log.open("wb") as output:
            made = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=processes.ENVIRONMENT,
                cwd="/",
                check=False,
                **place.popen_user(),
            )
    finally:
        password.unlink()
    if made.returncode != 0:
        raise DevstackError(f"Postgres could not make its data: {processes.telling_line(log)} (see {log})")
    draft.rename(place.data)


def _spawner(place: Place, binaries: Binaries, log: Path) -> Callable[[int], int]:
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]

    def spawn_on(port: int) -> int:
        command: list[str | Path] = [binaries.postgres, "-D", place.data, f"--port={port}", *settings]
        return processes.spawn(command, place, log)

    return spawn_on


def _asker(place: Place) -> Callable[[int], bool]:
    """Return a function that logs in; only our own server knows the password's hash."""
    import psycopg

    def answers(port: int) -> bool:
        if not _says_ready(place.data):
            return False
        try:
            psycopg.connect(_url(place, port, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    return answers


def _make_database(place: Place, port: int) -> None:
    import psycopg

    with psycopg.connect(_url(place, port, "postgres"), autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
        if not there:
            connection.execute(f"CREATE DATABASE {NAME}")


def _url(place: Place, port: int, database: str) -> str:
    return f"postgres://{NAME}:{place.password()}@127.0.0.1:{port}/{database}"


def _postmaster(data: Path) -> psutil.Process | None:
    """Return the running server of a data directory, whoever started it.

    After a crash `postmaster.pid` may name a pid that another program has now, or one that nobody has waited
    for. Postgres would refuse to start then, so such a file is removed. Raises DevstackError.
    """
    file = data / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().split()[0]))
        if str(data) in process.cmdline():
            return process
    except (psutil.ZombieProcess, psutil.AccessDenied, IndexError, ValueError):
        pass
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    _wait_for_orphans(data)
    file.unlink()
    return None


def _wait_for_orphans(data: Path) -> None:
    """Wait for the children of a killed server: they end by themselves, and must before a new one starts."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = process.name() == "postgres" and process.cwd() == str(data)
            if ours and not processes.wait_for_end(process.pid, ORPHAN_SECONDS):
                raise DevstackError(
                    f"A process of a killed Postgres (pid {process.pid}) still runs. End it first."
                )


def _says_ready(data: Path) -> bool:
    """Tell what the eighth line of `postmaster.pid` does; asking earlier would fill the log with refusals."""
    file = data / "postmaster.pid"
    return file.exists() and file.read_text().splitlines()[7:] == ["ready   "]


def _port(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[3])
