"""Keeps several programs running, their output on one terminal, until told to stop."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from stockcast_site.devstack.processes import wait_for_end

RESTARTS = 5
RESTART_WINDOW_SECONDS = 60
STOP_SECONDS = 10
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(line: str, name: str = "stockcast") -> None:
    """Print a line under a program's name; safe to call from several threads."""
    sys.stdout.write(f"{name:<9} | {line.rstrip()}\n")
    sys.stdout.flush()


@dataclass
class Program:
    """One program: how to start it, and its running process."""

    name: str
    command: list[str]
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS + 1))
    process: subprocess.Popen[bytes] | None = None

    def start(self, env: Mapping[str, str], cwd: Path) -> None:
        """Start it in a session of its own: a Ctrl-C reaches us alone, and we stop things in order."""
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(
            self.command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=_relay, args=(self.process, self.name), daemon=True).start()

    def ended_too_often(self) -> bool:
        """Tell whether it was started more than RESTARTS times in the last minute."""
        return len(self.starts) > RESTARTS and time.monotonic() - self.starts[0] < RESTART_WINDOW_SECONDS


def _relay(process: subprocess.Popen[bytes], name: str) -> None:
    output = process.stdout
    if output is None:  # never: it was started with a pipe
        return
    with output:
        for line in output:
            say(line.decode(errors="replace"), name)


class Supervisor:
    """Runs programs until Ctrl-C, or until one of them keeps ending.

    `record` is a file that names the running processes, so that the next start can end what a kill -9 of
    this one has left behind.
    """

    def __init__(self, programs: list[Program], env: Mapping[str, str], cwd: Path, record: Path) -> None:
        self.programs = programs
        self.env = env
        self.cwd = cwd
        self.record = record
        self.interrupts = 0

    def run(self) -> int:
        """Run until the end; return the exit code: 0 after a Ctrl-C, 1 when a program kept ending."""
        with self._counting_interrupts():
            try:
                for program in self.programs:
                    self._start(program)
                return self._watch()
            finally:
                self._stop()

    @contextlib.contextmanager
    def _counting_interrupts(self) -> Iterator[None]:
        """Count Ctrl-C and the like instead of raising, so that none can break the stopping half-way."""

        def count(*_: object) -> None:
            self.interrupts += 1

        before = {number: signal.signal(number, count) for number in STOPPING_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self, program: Program) -> None:
        program.start(self.env, self.cwd)
        _write_record(self.record, self.programs)

    def _watch(self) -> int:
        while not self.interrupts:
            for program in self.programs:
                if program.process is None or program.process.poll() is None:
                    continue
                if program.ended_too_often():
                    say(f"{program.name} ended {RESTARTS + 1} times in a minute; see its last lines above.")
                    return 1
                say(f"{program.name} ended with code {program.process.returncode}; starting it again.")
                self._start(program)
            time.sleep(0.1)
        say("Stopping (Ctrl-C again stops at once) …")
        return 0

    def _stop(self) -> None:
        processes = [program.process for program in self.programs if program.process]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while any(process.poll() is None for process in processes):
            if self.interrupts > 1 or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        for process in processes:
            _kill_group(process.pid)
            process.wait()
        self.record.unlink(missing_ok=True)


def end_leftovers(record: Path) -> None:
    """Kill the programs of a supervisor that was itself killed; one that only has their pid is spared."""
    try:
        known: list[tuple[int, float]] = [
            (int(pid), float(born)) for pid, born in json.loads(record.read_text())
        ]
    except (FileNotFoundError, ValueError, TypeError):
        return
    for pid, born in known:
        with contextlib.suppress(psutil.NoSuchProcess):
            if abs(psutil.Process(pid).create_time() - born) < 1:
                _kill_group(pid)
                wait_for_end(pid, STOP_SECONDS)  # a web process holds its port until it has really gone
    record.unlink()


def _write_record(record: Path, programs: list[Program]) -> None:
    known = []
    for program in programs:
        with contextlib.suppress(psutil.NoSuchProcess):
            if program.process:
                known.append((program.process.pid, psutil.Process(program.process.pid).create_time()))
    draft = record.with_suffix(".new")
    draft.write_text(json.dumps(known))
    draft.replace(record)


def _kill_group(pid: int) -> None:
    """Kill a program with all that it has started, such as the children of a worker."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
