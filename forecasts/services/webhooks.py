"""Making, changing and testing webhooks, and sending again what one has missed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from forecasts import bell
from forecasts.alerts import addresses
from forecasts.alerts.signing import secret_of
from forecasts.errors import RequestRefused
from forecasts.models import Delivery, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import User

MAX_WEBHOOKS = 10
# The person waits while their host is looked up.
LOOK_UP_SECONDS = 4.0


def create_webhook(*, owner: User, url: str) -> Webhook:
    """Make a webhook; `webhook_secret` is what its receiver must know."""
    url = addresses.check(url, LOOK_UP_SECONDS)
    with transaction.atomic():
        # Under the owner's lock, or two at once would both be the last that fits.
        get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
        if Webhook.objects.for_user(owner).count() >= MAX_WEBHOOKS:
            raise RequestRefused(
                f"You have {MAX_WEBHOOKS} webhooks, the most there can be. Delete one first.",
                code="too_many",
            )
        with _once():
            return Webhook.objects.create(owner=owner, url=url)


@contextmanager
def _once() -> Iterator[None]:
    """Refuse an address that another webhook of the person has."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise RequestRefused(
            "You already have a webhook with this address. Choose another.", code="url_taken", field="url"
        ) from error


def move_webhook(*, webhook: Webhook, url: str) -> None:
    """Post to another address from now on, with the same secret."""
    url = addresses.check(url, LOOK_UP_SECONDS)
    with _held(webhook) as held, _once():
        held.url = url
        held.save(update_fields=["url"])


def enable_webhook(*, webhook: Webhook) -> None:
    """Post to it again what happens from now on; enabling it twice changes nothing."""
    with _held(webhook) as held:
        held.disabled_at, held.failures = None, 0
        held.save(update_fields=["disabled_at", "failures"])


def disable_webhook(*, webhook: Webhook) -> None:
    """Post nothing more to it; what waits for it is dropped."""
    with _held(webhook) as held:
        if held.enabled:
            held.disable()


def delete_webhook(*, webhook: Webhook) -> None:
    """Delete a webhook with its log; the alerts stay."""
    with _held(webhook) as held:
        held.delete()


def webhook_secret(*, webhook: Webhook) -> str:
    return secret_of(webhook)


def rotate_secret(*, webhook: Webhook) -> str:
    """Return a new secret; for a day posts are signed with the one before too."""
    with _held(webhook) as held:
        held.secret_version, held.rotated_at = held.secret_version + 1, timezone.now()
        held.save(update_fields=["secret_version", "rotated_at"])
    return secret_of(held)


def send_test(*, webhook: Webhook) -> Delivery:
    """Post a test event within seconds; the log says what came of it."""
    return _send(webhook, Delivery(webhook=webhook))


def replay_delivery(*, delivery: Delivery) -> Delivery:
    """Send what a delivery was about once more, to its webhook, under a new id."""
    if delivery.webhook is None:
        raise RequestRefused("Only what went to a webhook can be sent again.")
    if delivery.status == Delivery.Status.WAITING:
        raise RequestRefused("This delivery still waits: it will be tried by itself.", code="still_waiting")
    again = Delivery(alert_id=delivery.alert_id, webhook=delivery.webhook)
    again.replay_of_id = delivery.replay_of_id or delivery.pk
    return _send(delivery.webhook, again)


def _send(webhook: Webhook, delivery: Delivery) -> Delivery:
    """Store a delivery that somebody asked for, and ring; one like it that still waits will do."""
    with _held(webhook) as held:
        if not held.enabled:
            raise RequestRefused("This webhook is disabled. Enable it first.", code="webhook_disabled")
        waiting = held.deliveries.filter(
            alert=delivery.alert, replay_of=delivery.replay_of, status=Delivery.Status.WAITING
        ).first()
        if waiting is None:
            delivery.save()
            transaction.on_commit(bell.ring_for_deliveries)
    return waiting or delivery


@contextmanager
def _held(webhook: Webhook) -> Iterator[Webhook]:
    """Hold the webhook's lock, as whoever settles its deliveries does. Refused where it has been deleted."""
    with transaction.atomic():
        held = Webhook.objects.locked(webhook.pk)
        if held is None:
            raise RequestRefused("This webhook has been deleted.", code="webhook_gone")
        yield held
