"""The pages of webhooks."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts.models import Delivery, DeliveryAttempt, Webhook
from forecasts.views import webhooks as views
from tests.factories import NOON
from tests.forecasts.alerts.webhook_rows import DeliveryFactory, WebhookFactory

LIST = "/alerts/webhooks/"
GETTABLE = ["webhook_detail", "webhook_secret", "webhook_delete"]
POSTABLE = [
    "webhook_rotate",
    "webhook_test",
    "webhook_replay",
    "webhook_enable",
    "webhook_disable",
    "webhook_delete",
]


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def webhook(user: User) -> Webhook:
    return WebhookFactory(owner=user, url="https://hook.example/mine")


def url(name: str, webhook: Webhook) -> str:
    return reverse(f"forecasts:{name}", args=[webhook.pk])


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


@pytest.mark.parametrize("name", GETTABLE)
def test_webhook_pages_are_the_owners_alone(
    name: str, webhook: Webhook, signed_in: Client, as_other: Client
) -> None:
    address = url(name, webhook)

    assert signed_in.get(address).status_code == 200
    assert as_other.get(address).status_code == 404
    assert Client().get(address).url == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("name", POSTABLE)
def test_webhook_changes_are_the_owners_alone(name: str, webhook: Webhook, as_other: Client) -> None:
    delivery = DeliveryFactory(webhook=webhook, status="failed")
    address, sent = url(name, webhook), {"delivery": str(delivery.pk)}

    assert as_other.post(address, sent).status_code == 404
    assert Client().post(address, sent).url == f"/accounts/login/?next={address}"
    webhook.refresh_from_db()
    assert (webhook.enabled, webhook.secret_version, Delivery.objects.count()) == (True, 1, 1)


@pytest.mark.parametrize("name", POSTABLE[:-1])
def test_webhook_changes_need_a_post(name: str, webhook: Webhook, signed_in: Client) -> None:
    assert signed_in.get(url(name, webhook)).status_code == 302
    webhook.refresh_from_db()
    assert (webhook.enabled, webhook.secret_version, Delivery.objects.count()) == (True, 1, 0)


def test_webhook_list_holds_ones_own(signed_in: Client, webhook: Webhook) -> None:
    WebhookFactory(url="https://hook.example/his")

    text = page(signed_in, LIST)

    assert "hook.example/mine" in text
    assert "hook.example/his" not in text
    assert Client().get(LIST).url == f"/accounts/login/?next={LIST}"


def test_webhook_list_makes_one_and_leads_to_its_secret(signed_in: Client, user: User) -> None:
    response = signed_in.post(LIST, {"url": "http://127.0.0.1:9000/hook"})

    made = Webhook.objects.get(owner=user)
    assert response.url == url("webhook_secret", made)
    secret = signed_in.get(response.url)
    assert "whsec_" in secret.content.decode()
    assert "no-store" in secret["Cache-Control"]


@pytest.mark.parametrize(
    ("address", "words"),
    [("", "Give an address such as"), ("https://127.1/", "four decimal numbers"), ("x" * 501, "500")],
)
def test_webhook_list_refuses_beside_the_field(
    address: str, words: str, signed_in: Client, webhook: Webhook
) -> None:
    response = signed_in.post(LIST, {"url": address})

    assert words in response.context["form"].errors["url"][0]
    assert Webhook.objects.count() == 1


def test_webhook_list_offers_no_more_than_there_can_be(signed_in: Client, user: User) -> None:
    WebhookFactory.create_batch(10, owner=user)

    assert "You have 10, the most there can be" in page(signed_in, LIST)


def test_webhook_rotate_shows_another_secret(signed_in: Client, webhook: Webhook) -> None:
    before = page(signed_in, url("webhook_secret", webhook))

    response = signed_in.post(url("webhook_rotate", webhook), follow=True)

    webhook.refresh_from_db()
    assert webhook.secret_version == 2
    assert response.context["secret"] not in before


def test_webhook_test_waits_in_the_log(signed_in: Client, webhook: Webhook) -> None:
    response = signed_in.post(url("webhook_test", webhook), follow=True)

    text = response.content.decode()
    assert "It is on its way" in text
    assert 'hx-trigger="every 3s"' in text
    assert Delivery.objects.get().alert is None


def test_webhook_detail_says_what_came_of_each_attempt(signed_in: Client, webhook: Webhook) -> None:
    delivery = DeliveryFactory(webhook=webhook, status="failed", attempts=2)
    DeliveryAttempt.objects.create(
        delivery=delivery, response_code=500, error="The address answered 500.", seconds=0.25
    )
    DeliveryAttempt.objects.create(delivery=delivery, response_code=204)

    text = page(signed_in, webhook.get_absolute_url())

    assert "The address answered 500." in text
    assert "answered 204" in text
    assert "given up" in text
    assert delivery.alert.title in text
    assert "hx-trigger" not in text


def test_webhook_replay_sends_again_once(signed_in: Client, webhook: Webhook) -> None:
    delivery = DeliveryFactory(webhook=webhook, status="failed")

    for _ in range(2):
        signed_in.post(url("webhook_replay", webhook), {"delivery": str(delivery.pk)})

    again = Delivery.objects.get(replay_of=delivery)
    assert (again.alert, again.status) == (delivery.alert, "waiting")


def test_webhook_replay_knows_its_own_deliveries_alone(
    signed_in: Client, webhook: Webhook, user: User
) -> None:
    elsewhere = DeliveryFactory(webhook__owner=user, status="failed")

    for name in (str(elsewhere.pk), "none", ""):
        assert signed_in.post(url("webhook_replay", webhook), {"delivery": name}).status_code == 404
    assert Delivery.objects.count() == 1


def test_webhook_disabled_says_why_and_is_enabled_again(signed_in: Client, webhook: Webhook) -> None:
    Webhook.objects.update(disabled_at=NOON, failures=5)

    text = page(signed_in, webhook.get_absolute_url())
    signed_in.post(url("webhook_enable", webhook))

    assert "The last 5 deliveries to it were given up: the log says what went wrong." in text
    assert "Send a test" not in text
    webhook.refresh_from_db()
    assert (webhook.enabled, webhook.failures) == (True, 0)


def test_webhook_disable_says_that_nothing_is_sent(signed_in: Client, webhook: Webhook) -> None:
    signed_in.post(url("webhook_disable", webhook))

    response = signed_in.post(url("webhook_test", webhook), follow=True)

    assert "This webhook is disabled. Enable it first." in response.content.decode()
    assert Delivery.objects.count() == 0


def test_webhook_delete_asks_first(signed_in: Client, webhook: Webhook) -> None:
    signed_in.get(url("webhook_delete", webhook))
    assert Webhook.objects.count() == 1

    response = signed_in.post(url("webhook_delete", webhook))

    assert (Webhook.objects.count(), response.url) == (0, LIST)


@pytest.mark.parametrize("name", ["webhook_rotate", "webhook_enable", "webhook_disable", "webhook_delete"])
def test_webhook_deleted_in_another_window_is_not_found(
    name: str, signed_in: Client, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = views._get

    def delete_then(*asked: Any) -> Webhook:
        found = look(*asked)
        Webhook.objects.all().delete()
        return found

    monkeypatch.setattr(views, "_get", delete_then)

    assert signed_in.post(url(name, webhook)).status_code == 404


def test_webhook_pages_take_the_same_queries_at_one_row_and_at_three(
    signed_in: Client, webhook: Webhook, user: User, queries: Callable[[Client, str], int]
) -> None:
    DeliveryFactory(webhook=webhook)
    before = [queries(signed_in, LIST), queries(signed_in, webhook.get_absolute_url())]
    WebhookFactory.create_batch(2, owner=user)
    for delivery in DeliveryFactory.create_batch(2, webhook=webhook):
        DeliveryAttempt.objects.create(delivery=delivery, response_code=500)

    assert [queries(signed_in, LIST), queries(signed_in, webhook.get_absolute_url())] == before
