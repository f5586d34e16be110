"""Webhooks, and deliveries to them."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from forecasts.models import Alert, AlertRule, Delivery, Webhook
from tests.factories import InstrumentFactory, UserFactory


class AlertFactory(DjangoModelFactory[Alert]):
    owner = factory.SubFactory(UserFactory)
    event = factory.Sequence(lambda n: f"event {n}")
    kind = AlertRule.Kind.STALE_DATA
    instrument = factory.SubFactory(InstrumentFactory)
    title = "Prices of SAMPLE:T are stale"
    text = "The last session is missing."
    facts = factory.LazyFunction(lambda: {"missing": 2})

    class Meta:
        model = Alert


class WebhookFactory(DjangoModelFactory[Webhook]):
    owner = factory.SubFactory(UserFactory)
    url = factory.Sequence(lambda n: f"https://hook{n}.example/")

    class Meta:
        model = Webhook


class DeliveryFactory(DjangoModelFactory[Delivery]):
    """To a webhook of the alert's owner; `webhook=None` makes it an e-mail."""

    webhook = factory.SubFactory(WebhookFactory)
    alert: Any = factory.SubFactory(AlertFactory, owner=factory.SelfAttribute("..webhook.owner"))

    class Meta:
        model = Delivery


def letter_to(owner: Any, **fields: Any) -> Delivery:
    """Return an alert on its way to its owner's inbox."""
    return DeliveryFactory(webhook=None, alert=AlertFactory(owner=owner), **fields)
