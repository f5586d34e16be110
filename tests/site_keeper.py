"""Runs the programs of a test's site, and ends them all when its standard input closes.

A process of its own: however the tests end, by kill -9 too, the pipe closes and nothing is left behind. Each
line it reads is a JSON list, `["start", name, program, …]`, `["stop", name]` or `["kill", name]`; each is
answered with a line that holds the program's pid. What a program prints goes to `<name>.log` in the folder
that is given as the only argument.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

STOP_SECONDS = 10


class Keeper:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self.groups: list[int] = []

    def start(self, name: str, *command: str) -> int:
        with (self.folder / f"{name}.log").open("ab") as log:
            program = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.programs[name] = program
        self.groups.append(program.pid)
        return program.pid

    def stop(self, name: str) -> int:
        """End a program politely, and after a while by force, with whatever it had started."""
        program = self.programs.pop(name)
        program.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(STOP_SECONDS)
        _kill_group(program.pid)
        program.wait()
        return program.pid

    def kill(self, name: str) -> int:
        """End a program by kill -9, alone: what it had started has to find out for itself."""
        program = self.programs.pop(name)
        program.kill()
        program.wait()
        return program.pid

    def stop_all(self) -> None:
        for program in self.programs.values():
            program.terminate()
        for name in list(self.programs):
            self.stop(name)
        for group in self.groups:
            _kill_group(group)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def main() -> None:
    keeper = Keeper(Path(sys.argv[1]))
    verbs = {"start": keeper.start, "stop": keeper.stop, "kill": keeper.kill}
    try:
        for line in sys.stdin:
            verb, *arguments = json.loads(line)
            sys.stdout.write(f"{verbs[verb](*arguments)}\n")
            sys.stdout.flush()
    finally:
        keeper.stop_all()


if __name__ == "__main__":
    main()
