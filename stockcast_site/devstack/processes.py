"""Starting a server that outlives us, and hearing how it fares."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import psutil

from stockcast_site.devstack.places import Place
from stockcast_site.devstack.services import DevstackError

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
TRIES = 5
# A port that another program was quicker to take, or memory that a killed Postgres has not let go yet.
PASSING_TROUBLE = re.compile(r"address already in use|shared memory block .* is still in use", re.IGNORECASE)
# The first of these that a log has names the cause; what follows it is often only a consequence.
TELLING = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in ("no space left", "permission denied|incompatible|detail:", "error|fatal|panic|could not")
]


def spawn(command: Iterable[str | Path], place: Place, log: Path, stdin: str = "") -> int:
    """Start a server as the place's user and return its pid.

    It has a session of its own, so a Ctrl-C in our terminal passes it by.
    """
    # The shell ends at once, so the server is nobody's child: it leaves no zombie and waits for no one.
    script = 'exec 3<&0; "$@" <&3 3<&- >&2 & echo $!'
    with log.open("wb") as output:
        shell = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *map(str, command)],
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=output,
            env=ENVIRONMENT,
            cwd="/",
            check=True,
            start_new_session=True,
            **place.popen_user(),
        )
    return int(shell.stdout)


def start(spawn_on: Callable[[int], int], ready: Callable[[int], bool], log: Path, timeout: float) -> int:
    """Start a server on a free port and wait until it is ready; return the port.

    `spawn_on(port)` starts it and returns its pid; `ready(port)` asks it. Raises DevstackError.
    """
    for _ in range(TRIES):
        port = free_port()
        pid = spawn_on(port)
        if wait_until(partial(ready, port), pid, timeout):
            return port
        if not PASSING_TROUBLE.search(log.read_text(errors="replace")):
            break
        time.sleep(0.2)
    raise DevstackError(f"{log.stem.capitalize()} did not start: {telling_line(log)} (see {log})")


def wait_until(ready: Callable[[], bool], pid: int, timeout: float) -> bool:
    """Wait for `ready`; False once the process has ended or the seconds are over."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if ready():
            return True
        if not is_alive(pid):
            return False
        time.sleep(0.02)
    return False


def wait_for_end(pid: int, timeout: float) -> bool:
    """Wait until a process has ended; False if it has not when the seconds are over."""
    deadline = time.monotonic() + timeout
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and was not waited for does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    """Return a port that is free on 127.0.0.1 now; another program may still be quicker."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def telling_line(log: Path) -> str:
    """Return the line of a log that best names a trouble, else its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for pattern in TELLING:
        for line in reversed(lines):
            if pattern.search(line):
                return line
    return lines[-1] if lines else "no message"
