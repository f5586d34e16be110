"""The embedded services, on real Postgres and Valkey in folders of their own."""

import json
import os
import socket
from importlib import util
from pathlib import Path

import psycopg
import pytest
import redis

from stockcast_site import devstack
from stockcast_site.devstack import binaries, places, postgres, processes, valkey
from tests.stockcast_site.embedded import answers, ping, query

pytestmark = pytest.mark.usefixtures("nothing_given")


def test_lease_runs_both_services_and_stops_them(used_root: Path) -> None:
    with devstack.lease(used_root) as services:
        assert services
        assert devstack.read_services(used_root) == services
        assert query(services, "SELECT current_database()") == [("stockcast",)]
        assert ping(services)

    assert devstack.read_services(used_root) is None
    assert not answers(services)


def test_services_demand_the_password_and_listen_on_this_machine_only(used_root: Path) -> None:
    with devstack.lease(used_root) as services:
        assert services
        open_door = devstack.Services(
            *(
                url.replace(places.find_place(used_root).password(), "guess")
                for url in services.environment().values()
            )
        )
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            query(open_door, "SELECT 1")
        with pytest.raises(redis.AuthenticationError):
            ping(open_door)
        assert query(services, "SHOW listen_addresses") == [("127.0.0.1",)]
        assert query(services, "SHOW unix_socket_directories") == [("",)]


def test_secrets_are_readable_by_their_owner_alone(used_root: Path) -> None:
    with devstack.lease(used_root):
        files = [used_root / "var" / "devstack.json", places.find_place(used_root).home / "password"]
        modes = [oct(file.stat().st_mode & 0o777) for file in files]

    assert modes == ["0o600", "0o600"]


def test_data_outlives_a_restart(used_root: Path) -> None:
    with devstack.lease(used_root) as services:
        query(services, "CREATE TABLE kept AS SELECT 42 AS answer")

    with devstack.lease(used_root) as services:
        assert query(services, "SELECT answer FROM kept") == [(42,)]


def test_the_last_of_two_holders_stops_the_services(used_root: Path) -> None:
    with devstack.lease(used_root) as services:
        with devstack.lease(used_root) as same:
            assert same == services
        assert ping(services)
        assert query(services, "SELECT 1") == [(1,)]

    assert services
    assert not answers(services)


def test_lease_starts_nothing_when_both_are_given(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/site")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")

    with devstack.lease(root) as services:
        assert services is None
        assert list(root.iterdir()) == []


def test_lease_starts_only_what_is_not_given(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/site")

    with devstack.lease(root) as services:
        assert services
        assert services.database_url == "postgres://elsewhere/site"
        assert ping(services)
        assert not places.find_place(root).data.exists()


def test_addresses_may_come_from_a_file_or_dotenv(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = root / "secret"
    secret.write_text("postgres://from-a-file/site\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(secret))
    (root / ".env").write_text("# comment\nOTHER=1\nREDIS_URL='redis://from-dotenv/0'\n")

    expected = devstack.Services("postgres://from-a-file/site", "redis://from-dotenv/0")
    assert devstack.read_services(root) == expected


def test_forbidden_services_end_in_one_line(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOCKCAST_EMBEDDED", "0")

    with pytest.raises(devstack.DevstackError) as caught, devstack.lease(root):
        pass

    line = "STOCKCAST_EMBEDDED=0 forbids the embedded services: set DATABASE_URL and REDIS_URL."
    assert str(caught.value) == line


def test_dotenv_counts_only_where_settings_read_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".env").write_text("DATABASE_URL=postgres://dotenv/site\nREDIS_URL=redis://dotenv/0\n")
    with_it = devstack.read_services(root)
    monkeypatch.setenv("STOCKCAST_READ_DOTENV", "0")

    assert with_it == devstack.Services("postgres://dotenv/site", "redis://dotenv/0")
    assert devstack.read_services(root) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"DATABASE_URL": "postgres://only/this"}'])
def test_read_services_takes_a_damaged_file_for_none(root: Path, content: str) -> None:
    (root / "var").mkdir()
    (root / "var" / "devstack.json").write_text(content)

    assert devstack.read_services(root) is None


def test_without_wheels_the_error_says_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda _: None)

    with pytest.raises(devstack.DevstackError, match="set DATABASE_URL and REDIS_URL"), devstack.lease(root):
        pass


def test_failing_initdb_shows_its_reason_and_leaves_nothing_half_made(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = root / "initdb"
    full.write_text(
        "#!/bin/sh\necho could not write: No space left on device\necho removing contents\nexit 1\n"
    )
    full.chmod(0o755)
    real = binaries.find_binaries(places.Place(root, os.geteuid()))
    with monkeypatch.context() as broken:
        broken.setattr(
            postgres, "find_binaries", lambda _: binaries.Binaries(full, real.postgres, real.valkey)
        )
        with pytest.raises(devstack.DevstackError) as caught, devstack.lease(root):
            pass

    assert str(caught.value).startswith("Postgres could not make its data: could not write: No space left")
    assert str(root / "var" / "services" / "initdb.log") in str(caught.value)
    with devstack.lease(root) as services:
        assert query(services, "SELECT 1") == [(1,)]


def test_a_port_taken_meanwhile_is_given_up_for_another(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        taken = squatter.getsockname()[1]
        real, offered = processes.free_port, [taken, taken]
        monkeypatch.setattr(processes, "free_port", lambda: offered.pop() if len(offered) else real())
        monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/site")

        with devstack.lease(root) as services:
            assert ping(services)
            assert offered == []


def test_telling_line_prefers_the_cause(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text(
        "LOG: starting\nFATAL: could not write: No space left on device\nPANIC: gone\nLOG: shut down\n"
    )

    assert processes.telling_line(log) == "FATAL: could not write: No space left on device"


def test_postgres_takes_another_port_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        real, offered = processes.free_port, [squatter.getsockname()[1]]
        monkeypatch.setattr(processes, "free_port", lambda: offered.pop() if offered else real())
        monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")

        with devstack.lease(root) as services:
            assert query(services, "SELECT 1") == [(1,)]


def test_valkey_keeps_nothing_on_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/site")
    with devstack.lease(root) as services:
        assert services
        with redis.Redis.from_url(services.redis_url) as client:
            kept = {name: client.config_get(name)[name] for name in ("save", "appendonly", "bind")}

    assert kept == {"save": "", "appendonly": "no", "bind": "127.0.0.1"}
    assert valkey.stop(places.find_place(root)) is None


def test_state_holds_only_what_was_started(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/site")

    with devstack.lease(root):
        state = json.loads((root / "var" / "devstack.json").read_text())

    assert list(state) == ["REDIS_URL"]
