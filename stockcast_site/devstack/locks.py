"""File locks. The kernel drops them when a process ends in whatever way, so none is ever left behind."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for the lock, then hold it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def share(path: Path) -> IO[str]:
    """Become one of the lock's holders, until the returned file is closed or the process ends.

    This is the reference count: the kernel keeps it, so neither a kill -9 nor a reused pid can spoil it.
    """
    file = path.open("a")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def try_exclusive(file: IO[str]) -> bool:
    """Take the lock if nobody else holds or shares it; a share of our own becomes exclusive."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
