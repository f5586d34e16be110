"""What the tests of the embedded services ask them."""

import subprocess
import sys
from pathlib import Path

import psycopg
import redis

from stockcast_site import devstack
from stockcast_site.devstack import places

PROJECT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys
from pathlib import Path
from stockcast_site import devstack
try:
    with devstack.lease(Path(sys.argv[1])) as services:
        print(services.database_url, services.redis_url, flush=True)
        sys.stdin.read()
except KeyboardInterrupt:
    print("interrupted")
except devstack.DevstackError as error:
    sys.exit(str(error))
"""


class Holder:
    """Another process that holds a lease until told to leave."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(root)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def services(self) -> devstack.Services:
        assert self.process.stdout
        return devstack.Services(*self.process.stdout.readline().split())

    def leave(self) -> str:
        return self.process.communicate()[0].strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def query(services: devstack.Services | None, sql: str) -> list[tuple[object, ...]]:
    assert services
    with psycopg.connect(services.database_url, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def ping(services: devstack.Services | None) -> bool:
    assert services
    with redis.Redis.from_url(services.redis_url) as client:
        return bool(client.ping())


def answers(services: devstack.Services) -> bool:
    """Tell whether either of the services still answers."""
    try:
        return ping(services) or bool(query(services, "SELECT 1"))
    except (redis.ConnectionError, psycopg.OperationalError):
        return False


def postmaster_pid(root: Path) -> int:
    return int((places.find_place(root).data / "postmaster.pid").read_text().split()[0])
