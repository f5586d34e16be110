"""Two people who ask the same cost one computation, and withdrawing is one person's affair."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.conftest import SLOW
from tests.faults.looking import row_of, statuses, wait_until_training
from tests.site import Person, Site, wait_for

pytestmark = pytest.mark.slow

FREE_WITHIN = timedelta(seconds=2)


def test_two_who_ask_the_same_at_once(frail_site: Site, ada: Person, bob: Person) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(one.ask, "SAMPLE:IBM", "fine-tuned", horizon=31) for one in (ada, bob)]
    hers, his = (future.result() for future in asked)

    assert ada.wait_for(hers)["status"] == "succeeded"
    assert bob.wait_for(his)["points"] == ada.forecast(hers)["points"]
    assert hers != his
    assert statuses(frail_site, "SAMPLE:IBM", "fine-tuned", 31) == ["succeeded"]
    assert row_of(frail_site, hers).fence == 1


def test_one_of_two_cancels(frail_site: Site, ada: Person, bob: Person) -> None:
    hers, his = ada.ask(SLOW, "fine-tuned", horizon=32), bob.ask(SLOW, "fine-tuned", horizon=32)
    wait_until_training(frail_site, hers)

    assert ada.call("POST", f"forecasts/{hers}/cancel/").json["status"] == "cancelled"

    assert bob.wait_for(his)["status"] == "succeeded"
    assert ada.forecast(hers)["status"] == "cancelled"
    assert statuses(frail_site, SLOW, "fine-tuned", 32) == ["succeeded"]
    assert row_of(frail_site, his).fence == 1


def test_cancelling_while_queued(frail_site: Site, ada: Person) -> None:
    with frail_site.without("training"):
        request = ada.ask("SAMPLE:IBM", "fine-tuned", horizon=33)
        assert ada.call("POST", f"forecasts/{request}/cancel/").json["status"] == "cancelled"
    after = ada.ask("SAMPLE:IBM", "fine-tuned", horizon=34)
    ada.wait_for(after, "succeeded")  # the worker has been there

    row = row_of(frail_site, request)
    assert (row.status, row.fence, row.points) == ("cancelled", 0, 0)


def test_cancelling_while_training(frail_site: Site, ada: Person) -> None:
    """The work itself stops, long before it would have ended: the worker is free for the next."""
    request = ada.ask(SLOW, "from-scratch", horizon=35)
    wait_until_training(frail_site, request)
    waiting = ada.ask("SAMPLE:IBM", "fine-tuned", horizon=36)
    wait_for(lambda: ada.forecast(request)["model"], "the first losses")

    called = datetime.now(UTC)
    assert ada.call("POST", f"forecasts/{request}/cancel/").json["status"] == "cancelled"

    begun = wait_for(lambda: row_of(frail_site, waiting).started_at, "the next is begun", seconds=10)
    cancelled = row_of(frail_site, request)
    assert (cancelled.status, cancelled.points) == ("cancelled", 0)
    assert cancelled.finished_at
    # One worker trains, so it had to leave the one to begin the other.
    assert called <= cancelled.finished_at < begun <= cancelled.finished_at + FREE_WITHIN


def test_asking_again_after_cancelling(frail_site: Site, ada: Person) -> None:
    request = ada.ask(SLOW, "fine-tuned", horizon=37)
    wait_until_training(frail_site, request)
    ada.call("POST", f"forecasts/{request}/cancel/")

    again = ada.ask(SLOW, "fine-tuned", horizon=37)

    assert again != request
    assert ada.wait_for(again)["status"] == "succeeded"
    assert statuses(frail_site, SLOW, "fine-tuned", 37) == ["cancelled", "succeeded"]


def test_deleting_while_training_stops_the_work(frail_site: Site, ada: Person) -> None:
    request = ada.ask(SLOW, "fine-tuned", horizon=38)
    wait_until_training(frail_site, request)

    assert ada.call("DELETE", f"forecasts/{request}/").status == 204

    assert statuses(frail_site, SLOW, "fine-tuned", 38) == ["cancelled"]
    assert ada.call("GET", f"forecasts/{request}/").status == 404
