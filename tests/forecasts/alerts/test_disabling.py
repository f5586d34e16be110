"""Webhooks that fail too often or are gone, and mail that fails."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts.alerts import settling
from forecasts.alerts.deliveries import deliver_due
from forecasts.alerts.errors import DeliveryFailed
from forecasts.alerts.settling import ATTEMPTS, MOST_GIVEN_UP
from forecasts.models import Delivery, Webhook
from tests import webhook_server
from tests.factories import NOON
from tests.forecasts.alerts.webhook_rows import DeliveryFactory, WebhookFactory, letter_to
from tests.webhook_server import Receiver


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("127.0.0.0/8"),)
    settings.SITE_URL = "https://stocks.example.com"
    settings.MAIL_CONFIGURED = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_server.running() as running:
        yield running


@pytest.fixture
def owner(user: User) -> User:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def webhook(owner: User, receiver: Receiver) -> Webhook:
    return WebhookFactory(owner=owner, url=receiver.url)


def statuses() -> list[str]:
    return sorted(Delivery.objects.values_list("status", flat=True))


def last_tries(webhook: Webhook, count: int) -> None:
    DeliveryFactory.create_batch(count, webhook=webhook, attempts=ATTEMPTS - 1)


def deliver_all() -> None:
    """A webhook that failed is left alone for a round, so one round does not suffice."""
    while deliver_due():
        pass


def test_five_given_up_in_a_row_disable_a_webhook(
    webhook: Webhook, receiver: Receiver, django_capture_on_commit_callbacks: Any
) -> None:
    receiver.status = 500
    last_tries(webhook, MOST_GIVEN_UP)
    DeliveryFactory(webhook=webhook, next_at=NOON + timedelta(days=3650))

    with django_capture_on_commit_callbacks(execute=True):
        deliver_all()

    webhook.refresh_from_db()
    assert (webhook.enabled, webhook.failures) == (False, MOST_GIVEN_UP)
    assert statuses() == ["dropped"] + ["failed"] * MOST_GIVEN_UP
    (letter,) = mail.outbox
    assert (letter.subject, letter.to) == ("[StockCast] A webhook was disabled", [webhook.owner.email])
    assert "5 deliveries in a row were given up" in letter.body
    assert f"https://stocks.example.com/alerts/webhooks/{webhook.pk}/" in letter.body


def test_what_arrives_in_between_begins_the_count_anew(webhook: Webhook, receiver: Receiver) -> None:
    receiver.status = 500
    last_tries(webhook, MOST_GIVEN_UP - 1)
    deliver_all()
    receiver.status = 200
    DeliveryFactory(webhook=webhook)
    deliver_all()
    receiver.status = 500
    last_tries(webhook, MOST_GIVEN_UP - 1)
    deliver_all()

    webhook.refresh_from_db()
    assert (webhook.enabled, webhook.failures) == (True, MOST_GIVEN_UP - 1)


def test_one_that_is_gone_is_disabled_at_once(
    webhook: Webhook, receiver: Receiver, django_capture_on_commit_callbacks: Any
) -> None:
    receiver.status = 410
    DeliveryFactory.create_batch(2, webhook=webhook)

    with django_capture_on_commit_callbacks(execute=True):
        deliver_due()

    webhook.refresh_from_db()
    assert not webhook.enabled
    assert statuses() == ["dropped", "failed"]
    assert len(receiver.posts) == 1
    assert "gone for good" in mail.outbox[0].body


def test_who_has_no_verified_address_finds_it_on_the_page(
    receiver: Receiver, db: None, django_capture_on_commit_callbacks: Any
) -> None:
    webhook = WebhookFactory(url=receiver.url)
    receiver.status = 410
    DeliveryFactory(webhook=webhook)

    with django_capture_on_commit_callbacks(execute=True):
        deliver_due()

    webhook.refresh_from_db()
    assert (webhook.enabled, mail.outbox) == (False, [])


def test_a_mail_server_that_fails_does_not_keep_a_webhook_enabled(
    webhook: Webhook,
    receiver: Receiver,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_letter: object) -> None:
        raise DeliveryFailed("The mail server could not be reached.")

    monkeypatch.setattr(settling.mail, "send", refuse)
    receiver.status = 410
    DeliveryFactory(webhook=webhook)

    with django_capture_on_commit_callbacks(execute=True):
        deliver_due()

    webhook.refresh_from_db()
    assert not webhook.enabled


def test_a_test_is_tried_once_and_not_counted(webhook: Webhook, receiver: Receiver) -> None:
    receiver.status = 500
    delivery = DeliveryFactory(webhook=webhook, alert=None)

    deliver_due()

    delivery.refresh_from_db()
    webhook.refresh_from_db()
    assert (delivery.status, webhook.failures) == ("failed", 0)


def test_letters_are_sent_and_logged(owner: User) -> None:
    delivery = letter_to(owner)

    assert deliver_due() == 1

    delivery.refresh_from_db()
    assert (delivery.status, delivery.log.get().error) == ("delivered", "")
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_down_is_asked_once_a_round(
    owner: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(delivery: Delivery) -> None:
        asked.append(delivery)
        raise DeliveryFailed("The mail server could not be reached.")

    monkeypatch.setattr("forecasts.alerts.mail.send_alert", refuse)
    letters = [letter_to(owner) for _ in range(3)]
    post = DeliveryFactory(webhook=WebhookFactory(url=receiver.url))

    deliver_due()

    post.refresh_from_db()
    assert (len(asked), post.status) == (1, "delivered")
    assert statuses() == ["delivered", "waiting", "waiting", "waiting"]
    tried = next(letter for letter in letters if letter == asked[0])
    tried.refresh_from_db()
    assert tried.log.get().error == "The mail server could not be reached."


def test_a_letter_that_nobody_wants_is_given_up_and_the_next_is_sent(owner: User, other: User) -> None:
    unwanted, wanted = letter_to(other), letter_to(owner)

    deliver_due()

    unwanted.refresh_from_db()
    wanted.refresh_from_db()
    assert (unwanted.status, wanted.status) == ("failed", "delivered")
    assert [letter.to for letter in mail.outbox] == [[owner.email]]
