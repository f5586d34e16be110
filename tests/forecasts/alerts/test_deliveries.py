"""Alerts on their way to webhooks that answer well and badly."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from forecasts import tasks
from forecasts.alerts import deliveries, posting, settling
from forecasts.alerts.deliveries import deliver_due
from forecasts.alerts.settling import ATTEMPTS, BACK_OFF
from forecasts.alerts.signing import secret_of, sign
from forecasts.models import Delivery, DeliveryAttempt, Webhook
from forecasts.models.deliveries import LEASE
from tests import webhook_server
from tests.factories import NOON, ForecastRequestFactory
from tests.forecasts.alerts.webhook_rows import AlertFactory, DeliveryFactory, WebhookFactory
from tests.webhook_server import Receiver


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("127.0.0.0/8"),)
    settings.SITE_URL = "https://stocks.example.com"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_server.running() as running:
        yield running


@pytest.fixture
def webhook(db: None, receiver: Receiver) -> Webhook:
    return WebhookFactory(url=receiver.url)


@pytest.fixture
def clock(time_machine: Any) -> Any:
    """Stand still until moved."""
    time_machine.move_to(NOON, tick=False)
    return time_machine


def status_of(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.status


def test_an_alert_is_posted_signed_and_logged(webhook: Webhook, receiver: Receiver, clock: Any) -> None:
    delivery = DeliveryFactory(webhook=webhook)

    assert deliver_due() == 1

    (post,) = receiver.posts
    alert = delivery.alert
    assert json.loads(post.body) == {
        "version": 1,
        "event": "stale_data",
        "id": str(alert.pk),
        "created_at": "2026-01-05T12:00:00+00:00",
        "symbol": alert.instrument.symbol,
        "name": alert.instrument.name,
        "title": alert.title,
        "text": alert.text,
        "facts": {"missing": 2},
        "link": f"https://stocks.example.com/instruments/{alert.instrument.symbol}/",
    }
    stamp = int(NOON.timestamp())
    assert post.headers["StockCast-Event"] == "stale_data"
    assert post.headers["StockCast-Delivery"] == str(delivery.pk)
    expected = f"t={stamp},v1={sign(secret_of(webhook), stamp, post.body)}"
    assert post.headers["StockCast-Signature"] == expected
    assert status_of(delivery) == "delivered"
    assert (delivery.settled_at, delivery.lease_until) == (NOON, None)
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.delivery, attempt.response_code, attempt.error) == (delivery, 200, "")


def test_a_post_links_to_the_owners_own_forecast(webhook: Webhook, receiver: Receiver) -> None:
    request = ForecastRequestFactory(owner=webhook.owner)
    alert = AlertFactory(
        owner=webhook.owner, forecast=request.forecast, instrument=request.forecast.instrument
    )
    DeliveryFactory(webhook=webhook, alert=alert)

    deliver_due()

    assert json.loads(receiver.posts[0].body)["link"].endswith(f"/forecasts/{request.pk}/")


def test_a_test_is_posted_without_an_alert(webhook: Webhook, receiver: Receiver) -> None:
    delivery = DeliveryFactory(webhook=webhook, alert=None)

    deliver_due()

    said = json.loads(receiver.posts[0].body)
    assert (said["event"], said["id"], said["symbol"]) == ("test", str(delivery.pk), None)
    assert receiver.posts[0].headers["StockCast-Event"] == "test"
    assert status_of(delivery) == "delivered"


def test_what_is_delivered_is_not_delivered_again(webhook: Webhook, receiver: Receiver) -> None:
    DeliveryFactory(webhook=webhook)

    tasks.deliver_due()

    assert deliver_due() == 0
    assert len(receiver.posts) == 1


def test_a_failed_delivery_is_tried_again_later_and_given_up_at_last(
    webhook: Webhook, receiver: Receiver, clock: Any
) -> None:
    receiver.status = 500
    delivery = DeliveryFactory(webhook=webhook)

    for number, wait in enumerate(BACK_OFF, start=1):
        now = timezone.now()
        assert deliver_due() == 1
        assert status_of(delivery) == "waiting"
        assert wait <= delivery.next_at - now <= wait * 1.1
        clock.move_to(delivery.next_at - timedelta(seconds=1), tick=False)
        assert deliver_due() == 0
        clock.move_to(delivery.next_at, tick=False)
        assert len(receiver.posts) == number
    deliver_due()

    assert status_of(delivery) == "failed"
    assert [one.error for one in delivery.log.all()] == ["The address answered 500."] * ATTEMPTS
    assert {one.response_code for one in delivery.log.all()} == {500}
    assert len({post.headers["StockCast-Delivery"] for post in receiver.posts}) == 1
    assert len({post.body for post in receiver.posts}) == 1
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.enabled) == (1, True)


def test_a_redirect_is_a_failure_with_a_remedy(webhook: Webhook, receiver: Receiver) -> None:
    receiver.status, receiver.location = 302, "http://127.0.0.1:1/"
    delivery = DeliveryFactory(webhook=webhook)

    deliver_due()

    attempt = delivery.log.get()
    assert (attempt.response_code, "redirects are not followed" in attempt.error) == (302, True)
    assert status_of(delivery) == "waiting"


def test_an_address_that_has_become_private_is_refused(
    webhook: Webhook, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = ()
    delivery = DeliveryFactory(webhook=webhook)

    deliver_due()

    attempt = delivery.log.get()
    assert (attempt.response_code, "an address that is not public" in attempt.error) == (None, True)
    assert (receiver.posts, status_of(delivery)) == ([], "waiting")


def test_an_alert_that_cannot_be_posted_does_not_hold_up_the_others(
    webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(url: str, *rest: Any) -> int:
        if url != receiver.url:
            raise RuntimeError
        return posted(url, *rest)

    posted = posting.post
    monkeypatch.setattr(posting, "post", broken)
    bad, good = DeliveryFactory(), DeliveryFactory(webhook=webhook)

    deliver_due()

    assert (status_of(bad), status_of(good)) == ("waiting", "delivered")
    assert bad.log.get().error == deliveries.FAULT_HERE


def test_a_webhook_that_failed_is_left_alone_for_the_round(webhook: Webhook, receiver: Receiver) -> None:
    receiver.status = 503
    waiting = DeliveryFactory.create_batch(3, webhook=webhook)
    with webhook_server.running() as healthy:
        DeliveryFactory.create_batch(3, webhook=WebhookFactory(url=healthy.url))

        assert deliver_due() == 4

    assert (len(receiver.posts), len(healthy.posts)) == (1, 3)
    assert sorted(status_of(one) for one in waiting) == ["waiting"] * 3


def test_the_oldest_goes_first_and_no_more_than_the_limit(webhook: Webhook, receiver: Receiver) -> None:
    now = timezone.now()
    rows = [DeliveryFactory(webhook=webhook, next_at=now - timedelta(hours=age)) for age in (1, 3, 2)]

    assert deliver_due(limit=2) == 2

    posted = [post.headers["StockCast-Delivery"] for post in receiver.posts]
    assert posted == [str(rows[1].pk), str(rows[2].pk)]


def test_webhooks_are_posted_to_together(db: None, receiver: Receiver) -> None:
    """Each answers only when all have been asked."""
    together = Barrier(4, timeout=20)

    def answer(handler: Any) -> None:
        together.wait()
        handler.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    receiver.answer = answer
    rows = [DeliveryFactory(webhook=WebhookFactory(url=f"{receiver.url}/{number}")) for number in range(4)]

    deliver_due()

    assert [status_of(one) for one in rows] == ["delivered"] * 4


def test_what_a_killed_worker_held_is_delivered_again(
    webhook: Webhook, receiver: Receiver, clock: Any
) -> None:
    delivery = DeliveryFactory(webhook=webhook)
    assert Delivery.objects.claim() == delivery

    assert deliver_due() == 0
    clock.shift(LEASE + timedelta(seconds=1))
    assert deliver_due() == 1

    assert (status_of(delivery), delivery.attempts) == ("delivered", 2)


def test_what_kills_its_worker_each_time_is_given_up(webhook: Webhook, receiver: Receiver) -> None:
    delivery = DeliveryFactory(webhook=webhook, attempts=ATTEMPTS)

    deliver_due()

    assert (status_of(delivery), delivery.log.get().error) == ("failed", deliveries.KILLED_HERE)
    assert receiver.posts == []


def test_who_has_lost_the_claim_changes_nothing(webhook: Webhook, clock: Any) -> None:
    delivery = DeliveryFactory(webhook=webhook)
    slow = Delivery.objects.claim()
    clock.shift(LEASE + timedelta(seconds=1))
    other = Delivery.objects.claim()
    assert slow
    assert other

    settling.settle(settling.Outcome(slow, 1.0, 200))

    assert (status_of(delivery), delivery.log.count()) == ("waiting", 0)
    settling.settle(settling.Outcome(other, 1.0, 200))
    assert (status_of(delivery), delivery.log.count()) == ("delivered", 1)


def test_what_nobody_wants_any_more_is_dropped(webhook: Webhook, receiver: Receiver) -> None:
    to_disabled = DeliveryFactory(webhook=WebhookFactory(url=receiver.url, disabled_at=NOON))
    to_inactive = DeliveryFactory(webhook=WebhookFactory(url=receiver.url, owner__is_active=False))

    deliver_due()

    assert (status_of(to_disabled), status_of(to_inactive)) == ("dropped", "dropped")
    assert receiver.posts == []


def test_a_webhook_deleted_during_a_post_is_no_fault(
    webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    DeliveryFactory(webhook=webhook)
    settle = settling.settle

    def delete_first(outcome: settling.Outcome) -> None:
        Webhook.objects.get().delete()
        settle(outcome)

    monkeypatch.setattr(deliveries, "settle", delete_first)

    assert deliver_due() == 1
    assert (Delivery.objects.count(), DeliveryAttempt.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_deliverers_at_once_deliver_each_alert_once(receiver: Receiver) -> None:
    rows = [
        DeliveryFactory(webhook=WebhookFactory(url=f"{receiver.url}/{number % 5}")) for number in range(20)
    ]
    together = Barrier(2, timeout=20)

    def run(_number: int) -> int:
        together.wait()
        try:
            return deliveries._post(100)  # `deliver_due` lets one of them go home at once
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as workers:
        taken = sum(workers.map(run, range(2)))
    while more := deliver_due():  # whoever found nothing left to lock went home early
        taken += more

    posted = [post.headers["StockCast-Delivery"] for post in receiver.posts]
    assert sorted(posted) == sorted(str(row.pk) for row in rows)
    assert taken == 20
