"""`webhooks/`."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.alerts.signing import secret_of
from forecasts.models import Delivery, DeliveryAttempt, Webhook
from tests.factories import NOON
from tests.forecasts.alerts.webhook_rows import DeliveryFactory, WebhookFactory
from tests.forecasts.api.conftest import client_for

LIST = "/api/v1/webhooks/"
URL = "http://127.0.0.1:9000/hook"


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def webhook(user: User) -> Webhook:
    return WebhookFactory(owner=user, url="https://hook.example/mine")


@pytest.fixture
def delivery(webhook: Webhook) -> Delivery:
    return DeliveryFactory(webhook=webhook, status="failed", settled_at=NOON)


def at(webhook: Webhook, rest: str = "") -> str:
    return f"{LIST}{webhook.pk}/{rest}"


def error_of(response: Response) -> tuple[str, str | None]:
    (error,) = response.json()["errors"]
    return error["code"], error["attr"]


def test_webhook_list_holds_ones_own_without_secrets(api: APIClient, webhook: Webhook) -> None:
    WebhookFactory()

    (row,) = api.get(LIST).json()["results"]

    assert row.pop("created_at")
    assert row == {
        "id": str(webhook.pk),
        "url": "https://hook.example/mine",
        "enabled": True,
        "disabled_at": None,
        "failures": 0,
    }


def test_webhook_create_answers_with_the_secret(api: APIClient, user: User) -> None:
    response = api.post(LIST, {"url": URL})

    made = Webhook.objects.get(owner=user)
    assert response.status_code == 201
    assert response["Location"] == f"http://testserver{at(made)}"
    assert response["Cache-Control"] == "no-store"
    assert (response.json()["url"], response.json()["secret"]) == (URL, secret_of(made))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ("empty_body", "non_field_errors")),
        ({"url": ""}, ("blank", "url")),
        ({"url": None}, ("null", "url")),
        ({"url": "https://" + "x" * 500}, ("max_length", "url")),
        ({"url": "https://localhost/"}, ("bad_address", "url")),
        ({"url": "https://169.254.169.254/"}, ("bad_address", "url")),
        ({"url": "https://hook.example/", "secret": "mine"}, ("unknown_field", "secret")),
    ],
)
def test_webhook_create_refuses_in_words(
    body: Any, expected: tuple[str, str], api: APIClient, settings: Settings
) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = ()

    response = api.post(LIST, body)

    assert (response.status_code, error_of(response)) == (400, expected)
    assert Webhook.objects.count() == 0


def test_webhook_create_refuses_an_eleventh(api: APIClient, user: User) -> None:
    WebhookFactory.create_batch(10, owner=user)

    response = api.post(LIST, {"url": URL})

    assert (response.status_code, error_of(response)[0]) == (400, "too_many")


def test_webhook_patch_moves_disables_and_enables(api: APIClient, webhook: Webhook) -> None:
    moved = api.patch(at(webhook), {"url": URL, "enabled": False})
    enabled = api.patch(at(webhook), {"enabled": True})

    assert (moved.json()["url"], moved.json()["enabled"]) == (URL, False)
    assert moved.json()["disabled_at"] is not None
    assert (enabled.json()["url"], enabled.json()["enabled"]) == (URL, True)
    assert api.patch(at(webhook), {"enabled": "perhaps"}).status_code == 400


def test_webhook_secret_is_for_who_may_write(api: APIClient, user: User, webhook: Webhook) -> None:
    reader = client_for(user, "read")

    assert reader.get(at(webhook)).status_code == 200
    assert reader.get(at(webhook, "secret/")).status_code == 403
    response = api.get(at(webhook, "secret/"))
    assert (response.json(), response["Cache-Control"]) == ({"secret": secret_of(webhook)}, "no-store")


def test_webhook_secret_is_replaced(api: APIClient, webhook: Webhook) -> None:
    response = api.post(at(webhook, "secret/"))

    webhook.refresh_from_db()
    assert response.json() == {"secret": secret_of(webhook, 2)}
    assert webhook.secret_version == 2


def test_webhook_test_is_on_its_way(api: APIClient, webhook: Webhook) -> None:
    response = api.post(at(webhook, "test/"))

    said = response.json()
    assert response.status_code == 202
    assert (said["event"], said["alert"], said["status"], said["attempts"]) == ("test", None, "waiting", [])
    assert said["next_at"] is not None


def test_webhook_deliveries_say_what_came_of_them(
    api: APIClient, webhook: Webhook, delivery: Delivery
) -> None:
    DeliveryAttempt.objects.create(
        delivery=delivery, at=NOON, response_code=500, error="The address answered 500.", seconds=0.5
    )

    (row,) = api.get(at(webhook, "deliveries/")).json()["results"]

    assert row.pop("created_at")
    assert row == {
        "id": str(delivery.pk),
        "event": "stale_data",
        "alert": str(delivery.alert_id),
        "status": "failed",
        "next_at": None,
        "settled_at": "2026-01-05T12:00:00Z",
        "replay_of": None,
        "attempts": [
            {
                "at": "2026-01-05T12:00:00Z",
                "response_code": 500,
                "error": "The address answered 500.",
                "seconds": 0.5,
            }
        ],
    }


def test_webhook_replay_is_a_delivery_of_its_own(
    api: APIClient, webhook: Webhook, delivery: Delivery
) -> None:
    response = api.post(at(webhook, f"deliveries/{delivery.pk}/replay/"))

    assert (response.status_code, response.json()["replay_of"]) == (202, str(delivery.pk))
    assert response.json()["id"] != str(delivery.pk)


def test_webhook_conflicts_are_409(api: APIClient, webhook: Webhook, delivery: Delivery) -> None:
    waiting = DeliveryFactory(webhook=webhook)

    still = api.post(at(webhook, f"deliveries/{waiting.pk}/replay/"))
    Webhook.objects.update(disabled_at=NOON)
    disabled = api.post(at(webhook, "test/"))

    assert (still.status_code, error_of(still)[0]) == (409, "still_waiting")
    assert (disabled.status_code, error_of(disabled)[0]) == (409, "webhook_disabled")


def test_webhook_delete_takes_it_away(api: APIClient, webhook: Webhook) -> None:
    assert api.delete(at(webhook)).status_code == 204
    assert Webhook.objects.count() == 0


def test_webhook_is_its_owners_alone(
    other_api: APIClient, nobody: APIClient, webhook: Webhook, delivery: Delivery
) -> None:
    calls = [
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("get", "secret/"),
        ("post", "secret/"),
        ("post", "test/"),
        ("get", "deliveries/"),
        ("post", f"deliveries/{delivery.pk}/replay/"),
    ]

    assert [getattr(other_api, verb)(at(webhook, rest)).status_code for verb, rest in calls] == [404] * 8
    assert [getattr(nobody, verb)(at(webhook, rest)).status_code for verb, rest in calls] == [401] * 8
    assert Webhook.objects.get().secret_version == 1


def test_webhook_replay_knows_the_webhooks_own_deliveries_alone(
    api: APIClient, user: User, webhook: Webhook
) -> None:
    elsewhere = DeliveryFactory(webhook__owner=user, status="failed")

    for pk in (elsewhere.pk, uuid4()):
        assert api.post(at(webhook, f"deliveries/{pk}/replay/")).status_code == 404


def test_webhook_changes_need_the_scope(user: User, webhook: Webhook) -> None:
    reader = client_for(user, "read", "watchlists:write")

    assert reader.post(LIST, {"url": URL}).status_code == 403
    assert reader.delete(at(webhook)).status_code == 403
    assert client_for(user, "read", "alerts:write").post(LIST, {"url": URL}).status_code == 201


def test_webhook_lists_take_the_same_queries_at_one_row_and_at_three(
    user: User, webhook: Webhook, delivery: Delivery, count_queries: Callable[[str], int]
) -> None:
    at_one = [count_queries(LIST), count_queries(at(webhook, "deliveries/"))]
    WebhookFactory.create_batch(2, owner=user)
    for more in DeliveryFactory.create_batch(2, webhook=webhook):
        DeliveryAttempt.objects.create(delivery=more, response_code=500)

    assert [count_queries(LIST), count_queries(at(webhook, "deliveries/"))] == at_one
