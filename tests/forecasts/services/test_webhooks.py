"""What a person may do with webhooks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts import services
from forecasts.alerts.signing import secret_of
from forecasts.errors import RequestRefused
from forecasts.models import Alert, Delivery, DeliveryAttempt, Webhook
from forecasts.services import webhooks as service
from tests.factories import NOON, UserFactory
from tests.forecasts.alerts.webhook_rows import DeliveryFactory, WebhookFactory

URL = "http://127.0.0.1:9000/hook"


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr("forecasts.bell.app.send_task", lambda name, **_: sent.append(name))
    return sent


def refusal(call: Callable[..., object], **arguments: Any) -> RequestRefused:
    with pytest.raises(RequestRefused) as refused:
        call(**arguments)
    return refused.value


def test_create_keeps_one_spelling(user: User) -> None:
    made = services.create_webhook(owner=user, url=" HTTP://127.0.0.1:9000/hook#top ")

    assert (made.url, made.enabled, made.owner) == (URL, True, user)


def test_create_refuses_an_address_twice(user: User, other: User) -> None:
    services.create_webhook(owner=user, url=URL)

    refused = refusal(services.create_webhook, owner=user, url=URL + "#again")

    assert (refused.code, refused.field) == ("url_taken", "url")
    assert services.create_webhook(owner=other, url=URL).owner == other


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "ftp://127.0.0.1/", "", "http://8.8.8.8/"])
def test_create_refuses_where_no_webhook_may_point(url: str, user: User) -> None:
    refused = refusal(services.create_webhook, owner=user, url=url)

    assert (refused.code, refused.field) == ("bad_address", "url")
    assert Webhook.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_last_webhook_that_fits_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_WEBHOOKS", 3)
    owner, together = UserFactory(), Barrier(6, timeout=20)

    def make(number: int) -> bool:
        together.wait()
        try:
            services.create_webhook(owner=owner, url=f"{URL}/{number}")
        except RequestRefused:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as windows:
        made = list(windows.map(make, range(6)))

    assert (sum(made), owner.webhooks.count()) == (3, 3)
    assert refusal(services.create_webhook, owner=owner, url=URL).code == "too_many"


def test_move_changes_the_address_and_not_the_secret(user: User) -> None:
    webhook = services.create_webhook(owner=user, url=URL)
    services.create_webhook(owner=user, url=f"{URL}/taken")
    secret = services.webhook_secret(webhook=webhook)

    services.move_webhook(webhook=webhook, url=f"{URL}/new")

    webhook.refresh_from_db()
    assert (webhook.url, services.webhook_secret(webhook=webhook)) == (f"{URL}/new", secret)
    assert refusal(services.move_webhook, webhook=webhook, url=f"{URL}/taken").code == "url_taken"
    assert refusal(services.move_webhook, webhook=webhook, url="https://10.0.0.1/").code == "bad_address"


def test_disable_drops_what_waits_and_enable_begins_anew(db: None) -> None:
    webhook = WebhookFactory(failures=4)
    waiting, done = DeliveryFactory(webhook=webhook), DeliveryFactory(webhook=webhook, status="delivered")

    services.disable_webhook(webhook=webhook)

    webhook.refresh_from_db()
    waiting.refresh_from_db()
    done.refresh_from_db()
    assert (webhook.enabled, waiting.status, done.status) == (False, "dropped", "delivered")
    services.enable_webhook(webhook=webhook)
    webhook.refresh_from_db()
    assert (webhook.enabled, webhook.failures) == (True, 0)


def test_rotating_gives_another_secret(db: None, time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)
    webhook = WebhookFactory()
    before = services.webhook_secret(webhook=webhook)

    after = services.rotate_secret(webhook=webhook)

    webhook.refresh_from_db()
    assert after == secret_of(webhook, 2) != before
    assert (webhook.secret_version, webhook.rotated_at) == (2, NOON)


def test_delete_takes_the_log_and_leaves_the_alerts(db: None) -> None:
    delivery = DeliveryFactory(status="failed")
    DeliveryAttempt.objects.create(delivery=delivery, response_code=500)
    DeliveryFactory(webhook=delivery.webhook, alert=delivery.alert, replay_of=delivery)

    services.delete_webhook(webhook=delivery.webhook)

    assert [row.objects.count() for row in (Webhook, Delivery, DeliveryAttempt, Alert)] == [0, 0, 0, 1]


def test_what_has_been_deleted_is_refused(db: None) -> None:
    webhook = WebhookFactory()
    Webhook.objects.all().delete()

    for call in (services.enable_webhook, services.rotate_secret, services.send_test):
        assert refusal(call, webhook=webhook).code == "webhook_gone"


def test_a_test_is_asked_for_once_at_a_time(
    db: None, rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    webhook = WebhookFactory()

    with django_capture_on_commit_callbacks(execute=True):
        first, again = (services.send_test(webhook=webhook) for _ in range(2))

    assert (first, first.alert, first.status) == (again, None, "waiting")
    assert rung == ["forecasts.deliver_due"]
    Delivery.objects.update(status="delivered")
    assert services.send_test(webhook=webhook) != first


def test_a_replay_is_the_same_alert_under_a_new_id(db: None) -> None:
    delivery = DeliveryFactory(status="failed", next_at=NOON - timedelta(days=1))

    again = services.replay_delivery(delivery=delivery)

    assert again.pk != delivery.pk
    assert (again.alert, again.webhook, again.replay_of) == (delivery.alert, delivery.webhook, delivery)
    assert (again.status, again.attempts) == ("waiting", 0)
    assert services.replay_delivery(delivery=delivery) == again
    Delivery.objects.filter(pk=again.pk).update(status="delivered")
    again.refresh_from_db()
    assert services.replay_delivery(delivery=again).replay_of == delivery


def test_what_cannot_be_sent_again_is_refused(db: None) -> None:
    waiting = DeliveryFactory()
    to_disabled = DeliveryFactory(webhook__disabled_at=NOON, status="dropped")
    letter = DeliveryFactory(webhook=None, alert=waiting.alert, status="failed")

    codes = [refusal(services.replay_delivery, delivery=one).code for one in (waiting, to_disabled, letter)]

    assert codes == ["still_waiting", "webhook_disabled", "invalid"]
    assert refusal(services.send_test, webhook=to_disabled.webhook).code == "webhook_disabled"
    assert Delivery.objects.count() == 3
