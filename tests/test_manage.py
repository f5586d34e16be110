"""The command line and its lease."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import manage

PROJECT = Path(manage.__file__).parent


@pytest.mark.parametrize(
    ("command_line", "expected"),
    [
        ("", False),
        ("help", False),
        ("help migrate", False),
        ("migrate --help", False),
        ("--version", False),
        ("check", False),
        ("check --deploy", False),
        ("check --database default", True),
        ("check --database=default", True),
        ("collectstatic --noinput", False),
        ("spectacular --validate", False),
        ("migrate", True),
        ("shell", True),
        ("makemigrations --check", True),
        ("forecast SAMPLE:AAPL --json", True),
    ],
)
def test_needs_database(command_line: str, expected: bool) -> None:
    assert manage.needs_database(command_line.split()) is expected


def test_trouble_with_the_services_is_one_line() -> None:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_URL", "REDIS_URL"))
    }
    env = kept | {"STOCKCAST_EMBEDDED": "0", "STOCKCAST_READ_DOTENV": "0"}

    command = [sys.executable, "manage.py", "migrate"]
    ended = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr == (
        "StockCast: STOCKCAST_EMBEDDED=0 forbids the embedded services: set DATABASE_URL and REDIS_URL.\n"
    )
