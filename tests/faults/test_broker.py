"""The row is the truth and the broker only a bell: without it, or with its messages lost, nothing is."""

import pytest

from tests.faults.looking import lose_messages, repeat_messages, row_of, wait_until_empty
from tests.site import Person, Site

pytestmark = pytest.mark.slow


def test_asking_while_the_broker_is_down(frail_site: Site, ada: Person) -> None:
    with frail_site.without("broker"):
        answer = ada.call("POST", "forecasts/", {"symbol": "SAMPLE:IBM", "method": "house", "horizon": 21})
        assert (answer.status, answer.json["status"]) == (202, "queued"), answer.text
        assert row_of(frail_site, answer.json["id"]).status == "queued"

    assert ada.wait_for(answer.json["id"])["status"] == "succeeded"
    assert row_of(frail_site, answer.json["id"]).attempt == 1


def test_reading_while_the_broker_is_down(frail_site: Site, ada: Person) -> None:
    request = ada.ask("SAMPLE:IBM", "house", horizon=22)
    ada.wait_for(request, "succeeded")

    with frail_site.without("broker"):
        answer = ada.call("GET", f"forecasts/{request}/")

    assert (answer.status, len(answer.json["points"])) == (200, 22)


def test_a_lost_message(frail_site: Site, ada: Person) -> None:
    with frail_site.without("training"):
        request = ada.ask("SAMPLE:IBM", "fine-tuned", horizon=23)
        assert lose_messages(frail_site, "training") == 1

    assert ada.wait_for(request)["status"] == "succeeded"
    assert row_of(frail_site, request).attempt == 1


def test_a_broker_that_forgot_everything(frail_site: Site, ada: Person) -> None:
    with frail_site.without("training"):
        requests = [ada.ask("SAMPLE:IBM", "fine-tuned", horizon=horizon) for horizon in (24, 25)]
        frail_site.kill("broker")
        frail_site.start("broker")

    assert [ada.wait_for(request)["status"] for request in requests] == ["succeeded", "succeeded"]
    assert [row_of(frail_site, request).attempt for request in requests] == [1, 1]


def test_a_message_delivered_twice(frail_site: Site, ada: Person) -> None:
    """Losing the race for the claim is a plain return."""
    with frail_site.without("training"):
        request = ada.ask("SAMPLE:IBM", "fine-tuned", horizon=26)
        repeat_messages(frail_site, "training")

    assert ada.wait_for(request)["status"] == "succeeded"
    wait_until_empty(frail_site, "training")
    assert row_of(frail_site, request).fence == 1
