"""The supervisor, with small real programs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from stockcast_site.devstack.processes import is_alive
from stockcast_site.supervisor import RESTARTS, Program, Supervisor, end_leftovers

PROJECT = Path(__file__).resolve().parents[2]
SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); {SLEEP}"
)
# A supervisor in a process of its own, for signals and a kill -9.
RUN = """
import os, sys
from pathlib import Path
from stockcast_site.supervisor import Program, Supervisor
folder = Path(sys.argv[1])
program = Program("program", [sys.executable, "-c", sys.argv[2]])
sys.exit(Supervisor([program], os.environ, folder, folder / "run.json").run())
"""


def supervise(folder: Path, code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(folder), code]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


def running(folder: Path) -> int:
    """Wait until the program runs, then return its pid."""
    wait_for((folder / "run.json").exists)
    return int(json.loads((folder / "run.json").read_text())[0][0])


def wait_for(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline, "waited 20 s in vain"
        time.sleep(0.05)


def test_a_program_that_keeps_ending_ends_the_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = Program("brief", ["/bin/sh", "-c", "echo started; exit 3"])

    code = Supervisor([program], os.environ, tmp_path, tmp_path / "run.json").run()

    assert code == 1
    wait_for(lambda: "times in a minute" in capfd.readouterr().out)
    assert len(program.starts) == RESTARTS + 1
    assert not (tmp_path / "run.json").exists()


def test_output_carries_the_name_of_its_program(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, f"print('hello', flush=True); {SLEEP}")
    assert supervisor.stdout

    assert supervisor.stdout.readline() == "program   | hello\n"

    supervisor.terminate()
    supervisor.communicate()


def test_ctrl_c_ends_the_programs(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, SLEEP)
    pid = running(tmp_path)

    supervisor.send_signal(signal.SIGINT)
    output, _ = supervisor.communicate()

    assert supervisor.returncode == 0
    assert "Stopping" in output
    assert not is_alive(pid)


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, STUBBORN)
    pid = running(tmp_path)
    assert supervisor.stdout
    supervisor.stdout.readline()
    supervisor.send_signal(signal.SIGINT)
    supervisor.stdout.readline()
    before = time.monotonic()

    supervisor.send_signal(signal.SIGINT)
    supervisor.communicate()

    assert time.monotonic() - before < 5
    assert not is_alive(pid)


def test_a_killed_program_is_started_again(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, SLEEP)
    first = running(tmp_path)

    os.kill(first, signal.SIGKILL)

    wait_for(lambda: running(tmp_path) != first)
    assert is_alive(running(tmp_path))
    supervisor.terminate()
    supervisor.communicate()


def test_what_a_killed_supervisor_left_is_ended(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, SLEEP)
    left = running(tmp_path)
    supervisor.kill()
    supervisor.communicate()
    assert is_alive(left)

    end_leftovers(tmp_path / "run.json")

    assert not is_alive(left)
    assert not (tmp_path / "run.json").exists()


def test_a_pid_that_another_program_has_now_is_spared(tmp_path: Path) -> None:
    record = tmp_path / "run.json"
    with subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True) as stranger:
        born = psutil.Process(stranger.pid).create_time()
        record.write_text(json.dumps([[stranger.pid, born - 100]]))

        end_leftovers(record)

        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("content", ["", "{", "[1]", None], ids=["empty", "torn", "wrong", "missing"])
def test_a_damaged_record_is_no_obstacle(tmp_path: Path, content: str | None) -> None:
    record = tmp_path / "run.json"
    if content is not None:
        record.write_text(content)

    assert end_leftovers(record) is None
