"""kill -9 in the middle of training ends in one forecast that succeeded: not in none, and not in two."""

import pytest

from tests.faults.conftest import SLOW
from tests.faults.looking import SERIES, kill_child, row_of, statuses, wait_until_training
from tests.site import Person, Site

pytestmark = pytest.mark.slow


def test_a_child_killed_while_it_trains(frail_site: Site, ada: Person) -> None:
    request = ada.ask(SLOW, "fine-tuned", horizon=11)
    wait_until_training(frail_site, request)

    kill_child(frail_site, "training")
    assert row_of(frail_site, request).status == "running"

    assert ada.wait_for(request)["status"] == "succeeded"
    assert statuses(frail_site, SLOW, "fine-tuned", 11) == ["succeeded"]
    row = row_of(frail_site, request)
    assert (row.attempt, row.fence, row.points) == (2, 2, 11 * SERIES)


def test_a_worker_killed_while_it_trains(frail_site: Site, ada: Person) -> None:
    """Whether its orphaned child ends the work or the next worker does, it is one result."""
    request = ada.ask(SLOW, "fine-tuned", horizon=12)
    wait_until_training(frail_site, request)

    frail_site.kill("training")
    assert row_of(frail_site, request).status == "running"
    frail_site.start("training")

    assert ada.wait_for(request)["status"] == "succeeded"
    assert statuses(frail_site, SLOW, "fine-tuned", 12) == ["succeeded"]
    row = row_of(frail_site, request)
    assert row.attempt in (1, 2)
    assert row.points == 12 * SERIES


def test_a_worker_works_on_after_losing_its_child(frail_site: Site, ada: Person) -> None:
    kill_child(frail_site, "house")

    request = ada.ask("SAMPLE:IBM", "house", horizon=13)

    assert ada.wait_for(request)["status"] == "succeeded"
    assert row_of(frail_site, request).attempt == 1


def test_work_that_kills_each_worker_fails_with_a_reason(frail_site: Site, ada: Person) -> None:
    request = ada.ask(SLOW, "from-scratch", horizon=14)
    for attempt in (1, 2, 3):
        wait_until_training(frail_site, request, attempt)
        kill_child(frail_site, "training")

    ended = ada.wait_for(request)

    assert ended["status"] == "failed"
    assert ended["error"]["code"] == "worker_died"
    assert row_of(frail_site, request).points == 0
