"""Where the services are: the environment's word first, then what `var/devstack.json` says."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ("DATABASE_URL", "REDIS_URL")


class DevstackError(Exception):
    """The embedded services can't do what was asked; the message is one line that says what to do."""


@dataclass(frozen=True)
class Services:
    """The addresses of the database and the broker, passwords included."""

    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Return the variables that hand these services to a child process."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def read_services(root: Path = ROOT) -> Services | None:
    """Return both addresses, or None while one of them is neither given nor running embedded."""
    running = read_running(root)
    database_url, redis_url = (given(name, root) or running.get(name, "") for name in VARIABLES)
    return Services(database_url, redis_url) if database_url and redis_url else None


def given(name: str, root: Path) -> str:
    """Return a service's address as settings.py finds it: `NAME_FILE`, `NAME`, or `.env`; else ''."""
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text().strip()
    return os.environ.get(name, "") or _from_dotenv(name, root / ".env")


def _from_dotenv(name: str, path: Path) -> str:
    forbidden = os.environ.get("STOCKCAST_READ_DOTENV", "1").lower() not in ("1", "true", "yes", "on")
    if forbidden or not path.is_file():
        return ""
    found = re.search(rf"^\s*(?:export\s+)?{name}\s*=\s*(.*?)\s*$", path.read_text(), re.MULTILINE)
    return found.group(1).strip("'\"") if found else ""


def read_running(root: Path) -> dict[str, str]:
    """Return the addresses of the embedded services by variable; stale ones after a crash, until a lease."""
    try:
        content = json.loads(_state_file(root).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    except PermissionError as error:
        raise DevstackError(
            f"{_state_file(root)} belongs to another user. Run StockCast as that user, or as root."
        ) from error
    return content if isinstance(content, dict) else {}


def write_running(root: Path, urls: dict[str, str]) -> None:
    """Replace the file in one step, so that a reader sees the old or the new one and nothing between."""
    path = _state_file(root)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(urls))
    draft.replace(path)


def forget_running(root: Path) -> None:
    """Remove the file: nothing runs any more."""
    _state_file(root).unlink(missing_ok=True)


def _state_file(root: Path) -> Path:
    return root / "var" / "devstack.json"
