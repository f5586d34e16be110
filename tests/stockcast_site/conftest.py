"""Folders to run services of their own in."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@pytest.fixture
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["DATABASE_URL", "REDIS_URL", "DATABASE_URL_FILE", "REDIS_URL_FILE"]
    for name in (*names, "STOCKCAST_EMBEDDED", "STOCKCAST_READ_DOTENV"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def root() -> Iterator[Path]:
    """A fresh folder, as after a clone."""
    with open_folder() as path:
        yield path


@pytest.fixture(scope="module")
def used_root() -> Iterator[Path]:
    """A folder that tests may share; only the first to use it waits for initdb."""
    with open_folder() as path:
        yield path


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter; pytest's own is closed to the user root hands Postgres to."""
    path = Path(tempfile.mkdtemp(prefix="stockcast-")).resolve()
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture
def other_root(root: Path) -> Path:
    path = root / "a second checkout"
    path.mkdir()
    return path
