"""What comes of an attempt: delivered, tried again later, or given up; and webhooks that fail too often."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import timedelta

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from forecasts.alerts import mail
from forecasts.alerts.errors import DeliveryFailed
from forecasts.alerts.links import absolute
from forecasts.alerts.recipients import mailable
from forecasts.alerts.webhooks import GONE
from forecasts.models import Delivery, DeliveryAttempt, Webhook

logger = logging.getLogger(__name__)

# How long to wait after each failed attempt; what fails after the last is given up.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 6 * 60, 24 * 60))
ATTEMPTS = len(BACK_OFF) + 1
# Up to so much longer, or all that failed together would be tried together.
JITTER = 0.1
# Deliveries in a row that were given up, after which a webhook is disabled.
MOST_GIVEN_UP = 5


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt; `code` is what a webhook answered, if it did."""

    delivery: Delivery
    seconds: float
    code: int | None = None
    failure: DeliveryFailed | None = None


def settle(outcome: Outcome) -> None:
    """Write down what came of an attempt, unless another has taken over or nobody wants it any more."""
    with transaction.atomic():
        # Before its deliveries, as everybody does who writes both.
        webhook = Webhook.objects.locked(outcome.delivery.webhook_id)
        if Delivery.objects.held(outcome.delivery).update(**_what_follows(outcome)):
            _log(outcome)
            if webhook:
                _judge(webhook, outcome)


def _what_follows(outcome: Outcome) -> dict[str, object]:
    """Return what changes on the delivery's row."""
    now = timezone.now()
    if outcome.failure is None:
        return {"status": Delivery.Status.DELIVERED, "settled_at": now, "lease_until": None}
    if _is_spent(outcome):
        return {"status": Delivery.Status.FAILED, "settled_at": now, "lease_until": None}
    wait = BACK_OFF[outcome.delivery.attempts - 1] * random.uniform(1, 1 + JITTER)
    return {"next_at": now + wait, "lease_until": None}


def _is_spent(outcome: Outcome) -> bool:
    """Return whether a failed delivery is given up. Whoever tests a webhook tries again by themselves."""
    delivery, failure = outcome.delivery, outcome.failure
    is_test = delivery.alert_id is None
    return failure is not None and (failure.permanent or is_test or delivery.attempts >= ATTEMPTS)


def _log(outcome: Outcome) -> None:
    DeliveryAttempt.objects.create(
        delivery=outcome.delivery,
        response_code=outcome.code,
        error=outcome.failure.message[:300] if outcome.failure else "",
        seconds=outcome.seconds,
    )


def _judge(webhook: Webhook, outcome: Outcome) -> None:
    """Count what was given up in a row, and disable a webhook that is gone or has failed too often."""
    if outcome.failure is None:
        webhook.failures = 0
    elif _is_spent(outcome) and outcome.delivery.alert_id is not None:
        webhook.failures += 1
    webhook.save(update_fields=["failures"])
    if webhook.enabled and (outcome.code == GONE or webhook.failures >= MOST_GIVEN_UP):
        webhook.disable()
        transaction.on_commit(lambda: _tell_owner(webhook))


def _tell_owner(webhook: Webhook) -> None:
    """Say by mail that a webhook was disabled; its page says so too, and mail that fails is let be."""
    address = mailable({webhook.owner_id}).get(webhook.owner_id)
    if address is None:
        return
    why = (
        "it answered that it is gone for good"
        if webhook.failures < MOST_GIVEN_UP
        else f"{webhook.failures} deliveries in a row were given up"
    )
    text = (
        f"StockCast no longer posts alerts to {webhook.url}, because {why}. What still waited for it was "
        f"dropped.\n\nSee what it answered, and enable it again when it works:\n"
        f"{absolute(webhook.get_absolute_url())}\n"
    )
    letter = EmailMultiAlternatives(
        "[StockCast] A webhook was disabled", text, to=[address], headers={"Auto-Submitted": "auto-generated"}
    )
    try:
        mail.send(letter)
    except DeliveryFailed as failure:
        logger.warning("Nobody was told that webhook %s was disabled: %s", webhook.pk, failure.message)
