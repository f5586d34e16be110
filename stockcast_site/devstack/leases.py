"""A lease on the services: the first holder starts them, the last one out stops them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from stockcast_site.devstack.services import (
    ROOT,
    VARIABLES,
    DevstackError,
    Services,
    forget_running,
    given,
    read_running,
    read_services,
    write_running,
)


@contextmanager
def lease(root: Path = ROOT) -> Iterator[Services | None]:
    """Keep the services up that the environment does not name; yields None where it names both.

    Raises DevstackError. A holder that dies without leaving, by kill -9 say, no longer counts; if it was the
    last, the services run on until the next lease takes them over and its end stops them.
    """
    missing = [name for name in VARIABLES if not given(name, root)]
    if not missing:
        yield None
        return
    _check_allowed(missing)
    with _one_line_errors():
        holder = _enter(root, missing)
    try:
        yield read_services(root)
    finally:
        with _one_line_errors():
            _leave(root, holder)


def _check_allowed(missing: list[str]) -> None:
    names = " and ".join(missing)
    if os.environ.get("STOCKCAST_EMBEDDED") == "0":
        raise DevstackError(f"STOCKCAST_EMBEDDED=0 forbids the embedded services: set {names}.")
    if os.name != "posix":
        raise DevstackError(f"The embedded services need Linux or macOS: use WSL or Docker, or set {names}.")


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise DevstackError(
            f"{error.filename or error} is closed to this user. Run StockCast as the user who ran it first."
        ) from error
    except OSError as error:
        raise DevstackError(f"The embedded services failed: {error}.") from error


def _enter(root: Path, missing: list[str]) -> IO[str]:
    from stockcast_site.devstack import locks, postgres, valkey
    from stockcast_site.devstack.places import find_place, make_var

    var = make_var(root)
    ensure = {"DATABASE_URL": postgres.ensure, "REDIS_URL": valkey.ensure}
    with locks.exclusive(var / "devstack.lock"):
        holder = locks.share(var / "devstack.holders")
        try:
            place = find_place(root)
            urls = read_running(root) | {name: ensure[name](place) for name in missing}
            write_running(root, urls)
        except BaseException:  # Ctrl-C too: what has started must not stay
            with holder, suppress(DevstackError, OSError):
                _stop_if_last(root, holder)
            raise
    return holder


def _leave(root: Path, holder: IO[str]) -> None:
    from stockcast_site.devstack import locks

    with holder, locks.exclusive(root / "var" / "devstack.lock"):
        _stop_if_last(root, holder)


def _stop_if_last(root: Path, holder: IO[str]) -> None:
    from stockcast_site.devstack import locks, postgres, valkey
    from stockcast_site.devstack.places import find_place

    if locks.try_exclusive(holder):
        place = find_place(root)
        valkey.stop(place)
        postgres.stop(place)
        forget_running(root)
