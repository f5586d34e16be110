"""Who the services run as, and where their data and binaries lie.

Postgres refuses to run as root, so root hands both services to an unprivileged user: the owner of data that
is there already, else the owner of the checkout, else `nobody`. Where a parent folder is closed to that user
everything goes to `/var/lib/stockcast`; no folder's mode is ever changed to let it in.
"""

import hashlib
import os
import pwd
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from stockcast_site.devstack.services import DevstackError

SHARED_HOME = Path("/var/lib/stockcast")


class PopenUser(TypedDict, total=False):
    """What subprocess must be told to change the user; empty to stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Place:
    """A folder for data, logs and password, and the user (uid) that the services run as."""

    home: Path
    uid: int

    @property
    def data(self) -> Path:
        """Postgres's data directory; there only once it is complete."""
        return self.home / "postgres"

    def popen_user(self) -> PopenUser:
        """Return the arguments that make subprocess run something as the services' user."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": pwd.getpwuid(self.uid).pw_gid, "extra_groups": []}

    def password(self) -> str:
        """Return the services' password, made up at the first call and readable by us alone."""
        path = self.home / "password"
        if not path.exists():
            draft = path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(24))
            draft.replace(path)
        return path.read_text()

    def reaches(self, path: Path) -> bool:
        """Tell whether the services' user can enter a folder, or run a file."""
        command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.run(command, check=False, cwd="/", **self.popen_user()).returncode == 0


def find_place(root: Path) -> Place:
    """Return where the services of this checkout live, with its folder made."""
    homes = [root / "var" / "services"]
    if os.geteuid() == 0:
        homes.append(SHARED_HOME / hashlib.sha256(str(root).encode()).hexdigest()[:16])
    for home in homes:
        if (home / "postgres").is_dir():
            return _existing(home)
    place = _new(root, homes)
    for folder in (place.home.parent, place.home):
        _make_passable(folder)
    return _reachable(place)


def _existing(home: Path) -> Place:
    """Stay with the data there is, whoever asks and whatever has changed around it."""
    place = Place(home, (home / "postgres").stat().st_uid)
    if os.geteuid() not in (0, place.uid):
        raise DevstackError(
            f"{place.data} belongs to {_name(place.uid)}. Run StockCast as that user, or as root."
        )
    return _reachable(place)


def _reachable(place: Place) -> Place:
    if not place.reaches(place.home):
        user = _name(place.uid)
        raise DevstackError(
            f"{place.home} is closed to {user}, who runs Postgres. Open its parents to {user}."
        )
    return place


def _make_passable(folder: Path) -> None:
    """Make a folder of our own that the services' user may pass through, whatever our umask is."""
    if not folder.exists():
        folder.mkdir()
        folder.chmod(0o711)


def _new(root: Path, homes: list[Path]) -> Place:
    if os.geteuid() != 0:
        return Place(homes[0], os.geteuid())
    uid = _unprivileged_uid(root)
    places = [Place(home, uid) for home in homes]
    return next((place for place in places if place.reaches(root / "var")), places[-1])


def _unprivileged_uid(root: Path) -> int:
    owner = root.stat().st_uid
    if owner != 0 and _known(owner):
        return owner
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise DevstackError(
            "Postgres does not run as root and there is no user 'nobody' to run it: "
            "start StockCast as a normal user, or set DATABASE_URL and REDIS_URL."
        ) from None


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _known(uid) else f"user {uid}"


def make_var(root: Path) -> Path:
    """Make `var/`, the one folder of a checkout that is written to while it runs."""
    var = root / "var"
    var.mkdir(exist_ok=True)
    return var
