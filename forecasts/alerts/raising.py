"""Finds events that rules are about, and tells their owners: each event once, however often this runs."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from forecasts.alerts import band_widths, closes, price_chances, ready, skill, staleness
from forecasts.alerts.looks import note_look, unseen_since
from forecasts.alerts.recipients import wanting_alerts
from forecasts.alerts.said import changed, newest_said
from forecasts.alerts.scope import active_scope
from forecasts.models import Alert, AlertRule, Delivery, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from forecasts.alerts.events import Found
    from forecasts.alerts.scope import Scope

logger = logging.getLogger(__name__)

COMPARING = (AlertRule.Kind.PRICE_CHANCE, AlertRule.Kind.BAND_WIDTH, AlertRule.Kind.SKILL_LOST)


def raise_alerts() -> int:
    """Look at what has changed since the last look; return how many alerts were raised.

    One kind that fails keeps no other from being told. The next look then begins where this one did.
    """
    now = timezone.now()
    scope, since = active_scope(), unseen_since(now)
    finders = (
        closes.find_outside_band(scope, since, now),
        _in_forecasts(scope, since, now),
        staleness.find(scope, now),
        ready.find(scope, since),
    )
    raised = 0
    failures: list[Exception] = []
    for found in finders:
        try:
            raised += tell(found)
        except Exception as error:
            logger.exception("A look for alerts failed.")
            failures.append(error)
    if failures:
        raise failures[0]
    note_look(now)
    return raised


def _in_forecasts(scope: Scope, since: datetime, now: datetime) -> Iterator[Found]:
    """Compare new forecasts with those before them; for a rule that is new, the newest there is."""
    new = {
        key
        for kind in COMPARING
        for key in scope.instruments(kind)
        if any(rule.active_since >= since for rule in scope.of(kind, key))
    }
    said = newest_said(new | changed(scope.instruments(*COMPARING), since))
    yield from price_chances.find(scope, said, since, now)
    yield from band_widths.find(scope, said, since)
    yield from skill.find(scope, said)


def tell(found: Iterable[Found]) -> int:
    """Write alerts, and deliveries for the channels of their rules, all at once; return how many are new.

    Rules of one owner that found the same event make one alert, which goes wherever one of them says.
    """
    by_event: dict[tuple[int, str], list[Found]] = defaultdict(list)
    for one in found:
        by_event[one.rule.owner_id, one.event.key].append(one)
    for known in _told_already(by_event):
        by_event.pop(known, None)
    if not by_event:
        return 0
    with transaction.atomic():
        # In one order, or two who write at once could wait for each other.
        return _write({_alert(by_event[event]): by_event[event] for event in sorted(by_event)})


def _told_already(by_event: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    pairs = list(by_event)
    told = Alert.objects.filter(
        owner__in={owner for owner, _ in pairs}, event__in={event for _, event in pairs}
    )
    return list(told.values_list("owner_id", "event"))


def _alert(same: list[Found]) -> Alert:
    rule, event = same[0].rule, same[0].event
    return Alert(
        owner_id=rule.owner_id,
        rule=rule,
        event=event.key,
        kind=event.kind,
        instrument=event.instrument,
        forecast_id=event.forecast_id,
        title=event.title,
        text=event.text,
        facts=event.facts,
    )


def _write(alerts: dict[Alert, list[Found]]) -> int:
    """Write what nobody else has written at this moment; who loses that race delivers nothing."""
    Alert.objects.bulk_create(alerts, ignore_conflicts=True, batch_size=500)
    mine = set(Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).values_list("pk", flat=True))
    new = {alert: same for alert, same in alerts.items() if alert.pk in mine}
    Delivery.objects.bulk_create(_deliveries(new), batch_size=500)
    return len(new)


def _deliveries(alerts: dict[Alert, list[Found]]) -> Iterator[Delivery]:
    by_email = [alert for alert, same in alerts.items() if any(one.rule.by_email for one in same)]
    by_webhook = [alert for alert, same in alerts.items() if any(one.rule.by_webhook for one in same)]
    addresses = wanting_alerts({alert.owner_id for alert in by_email})
    webhooks: dict[int, list[Webhook]] = defaultdict(list)
    for webhook in Webhook.objects.filter(owner__in={one.owner_id for one in by_webhook}, disabled_at=None):
        webhooks[webhook.owner_id].append(webhook)
    yield from (Delivery(alert=alert) for alert in by_email if alert.owner_id in addresses)
    yield from (
        Delivery(alert=alert, webhook=webhook) for alert in by_webhook for webhook in webhooks[alert.owner_id]
    )
