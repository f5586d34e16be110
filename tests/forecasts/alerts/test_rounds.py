"""Rounds of deliveries: slow receivers, faults of the site's own, and what was settled long ago."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.utils import timezone
from pytest_django.fixtures import Settings

from forecasts.alerts import deliveries, settling, webhooks
from forecasts.alerts.deliveries import deliver_due
from forecasts.models import Delivery, DeliveryAttempt, Webhook
from forecasts.models.deliveries import KEPT, LEASE, MOST_OF_ONE
from tests import webhook_server
from tests.factories import NOON, UserFactory
from tests.forecasts.alerts.webhook_rows import DeliveryFactory, WebhookFactory
from tests.webhook_server import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_server.running() as running:
        yield running


def status_of(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.status


def to(receiver: Receiver, **fields: Any) -> Webhook:
    """Return another webhook to a receiver."""
    made: Webhook = WebhookFactory(url=f"{receiver.url}/{Webhook.objects.count()}", **fields)
    return made


# Slow receivers -----------------------------------------------------------------------------------------


def test_a_slow_receiver_does_not_hold_up_the_others(receiver: Receiver) -> None:
    """It answers when all twenty of the others have been posted to; they share the other places."""
    with webhook_server.running() as slow:
        enough = threading.Event()

        def answer_last(handler: BaseHTTPRequestHandler) -> None:
            assert enough.wait(20)
            handler.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")

        def count(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            if len(receiver.posts) == 20:
                enough.set()

        slow.answer, receiver.answer = answer_last, count
        first = DeliveryFactory(webhook=to(slow), next_at=timezone.now() - timedelta(hours=1))
        others = [DeliveryFactory(webhook=to(receiver)) for _ in range(20)]

        assert deliver_due() == 21

    assert {status_of(one) for one in (first, *others)} == {"delivered"}


def test_nobody_has_more_posts_under_way_than_their_share() -> None:
    owner = UserFactory()
    for number in range(MOST_OF_ONE + 1):
        DeliveryFactory(webhook=WebhookFactory(owner=owner), next_at=NOON + timedelta(minutes=number))
    theirs = DeliveryFactory()
    waiting = Delivery.objects.to_webhooks

    taken = [waiting().claim() for _ in range(MOST_OF_ONE + 1)]

    assert [one.owner == owner for one in taken if one] == [True] * MOST_OF_ONE + [False]
    assert taken[-1] == theirs
    assert waiting().claim() is None


def test_a_webhook_is_posted_to_once_at_a_time(time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)
    webhook = WebhookFactory()
    DeliveryFactory.create_batch(2, webhook=webhook)

    first, second = (Delivery.objects.to_webhooks().claim() for _ in range(2))
    time_machine.move_to(NOON + LEASE + timedelta(seconds=1), tick=False)

    assert first
    assert second is None
    assert Delivery.objects.to_webhooks().claim()


def test_one_round_at_a_time(receiver: Receiver) -> None:
    delivery = DeliveryFactory(webhook=to(receiver))
    cache.add(deliveries.ROUND, True, 60)

    assert (deliver_due(), status_of(delivery)) == (0, "waiting")
    cache.delete(deliveries.ROUND)

    assert (deliver_due(), status_of(delivery)) == (1, "delivered")
    assert cache.add(deliveries.ROUND, True, 60)


# Faults of the site's own -------------------------------------------------------------------------------


def test_what_cannot_be_written_ends_no_round(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = (DeliveryFactory(webhook=to(receiver)) for _ in range(2))
    write = webhooks.body_of

    def break_one(delivery: Delivery) -> bytes:
        if delivery == bad:
            raise ValueError("Out of range float values are not JSON compliant")
        return write(delivery)

    monkeypatch.setattr(webhooks, "body_of", break_one)

    deliver_due()

    assert (status_of(bad), status_of(good)) == ("waiting", "delivered")
    assert bad.log.get().error == deliveries.FAULT_HERE


def test_an_outcome_that_cannot_be_stored_costs_no_other_its_own(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (DeliveryFactory(webhook=to(receiver)) for _ in range(2))

    def break_one(outcome: settling.Outcome) -> None:
        if outcome.delivery == bad:
            raise DatabaseError("deadlock detected")
        settling.settle(outcome)

    monkeypatch.setattr(deliveries, "settle", break_one)

    assert deliver_due() == 2
    assert (status_of(bad), status_of(good)) == ("waiting", "delivered")
    assert bad.lease_until > timezone.now()


# What was settled long ago ------------------------------------------------------------------------------


def test_what_was_settled_long_ago_is_deleted_with_its_attempts() -> None:
    long_ago = timezone.now() - KEPT - timedelta(minutes=1)
    old, young = (
        DeliveryFactory(status="failed", settled_at=at) for at in (long_ago, long_ago + timedelta(minutes=2))
    )
    waiting = DeliveryFactory(next_at=timezone.now() + timedelta(days=1))
    for delivery in (old, young):
        DeliveryAttempt.objects.create(delivery=delivery, response_code=500)

    deliver_due()

    assert set(Delivery.objects.all()) == {young, waiting}
    assert [attempt.delivery for attempt in DeliveryAttempt.objects.all()] == [young]


def test_what_was_sent_again_lately_is_kept_for_its_replays() -> None:
    long_ago = timezone.now() - KEPT - timedelta(days=1)
    old = DeliveryFactory(status="failed", settled_at=long_ago)
    replay = DeliveryFactory(
        webhook=old.webhook, alert=old.alert, replay_of=old, status="delivered", settled_at=timezone.now()
    )

    Delivery.objects.prune()
    assert Delivery.objects.count() == 2
    Delivery.objects.filter(pk=replay.pk).update(settled_at=long_ago)
    Delivery.objects.prune()

    assert not Delivery.objects.exists()


def test_no_more_are_deleted_at_once_than_is_said() -> None:
    long_ago = timezone.now() - KEPT
    rows = [
        DeliveryFactory(status="delivered", settled_at=long_ago - timedelta(days=age)) for age in (1, 3, 2)
    ]

    Delivery.objects.prune(most=2)

    assert list(Delivery.objects.all()) == [rows[0]]
