"""What a webhook is sent, and what its answer means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from forecasts.alerts import posting
from forecasts.alerts.errors import DeliveryFailed
from forecasts.alerts.links import absolute, paths_of
from forecasts.alerts.signing import signature

if TYPE_CHECKING:
    from forecasts.models import Alert, Delivery

# Of the body's shape: raised when a field changes its meaning or goes, not when one is added.
VERSION = 1
TEST = "test"
GONE = 410


def post(delivery: Delivery, body: bytes) -> int:
    """Post a delivery to its webhook, signed, and return the status of an answer that took it.

    Asks the database nothing where alert and webhook have been loaded. Raises DeliveryFailed.
    """
    webhook = delivery.webhook
    if webhook is None:
        raise ValueError(f"{delivery} goes to no webhook.")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "StockCast",
        "StockCast-Event": event_of(delivery),
        "StockCast-Delivery": str(delivery.pk),
        "StockCast-Signature": signature(webhook, body),
    }
    return _judge(posting.post(webhook.url, body, headers))


def _judge(status: int) -> int:
    if 200 <= status < 300:
        return status
    if status == GONE:
        words = "The address answered 410: it is gone for good."
        raise DeliveryFailed(words, code=status, permanent=True)
    if 300 <= status < 400:
        words = f"The address answered {status}, but redirects are not followed. Give the one it leads to."
        raise DeliveryFailed(words, code=status)
    raise DeliveryFailed(f"The address answered {status}.", code=status)


def event_of(delivery: Delivery) -> str:
    """Return what happened: the kind of an alert, or `test`."""
    return delivery.alert.kind if delivery.alert else TEST


def body_of(delivery: Delivery) -> bytes:
    """Return what is posted."""
    said = _told(delivery.alert) if delivery.alert else _tested(delivery)
    return json.dumps({"version": VERSION, **said}, allow_nan=False).encode()


def _told(alert: Alert) -> dict[str, Any]:
    return {
        "event": alert.kind,
        "id": str(alert.pk),
        "created_at": alert.created_at.isoformat(),
        "symbol": alert.instrument.symbol,
        "name": alert.instrument.name,
        "title": alert.title,
        "text": alert.text,
        "facts": alert.facts,
        "link": absolute(paths_of([alert])[alert.pk]),
    }


def _tested(delivery: Delivery) -> dict[str, Any]:
    return {
        "event": TEST,
        "id": str(delivery.pk),
        "created_at": delivery.created_at.isoformat(),
        "symbol": None,
        "name": None,
        "title": "A test from StockCast",
        "text": "You asked for this on the page of the webhook. Nothing has happened.",
        "facts": {},
        "link": absolute(reverse("forecasts:webhook_detail", args=[delivery.webhook_id])),
    }
