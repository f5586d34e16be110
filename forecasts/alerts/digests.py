"""The daily digest: one letter a day, at the person's hour, if there is anything to say.

A day's digest is a row that is claimed by a conditional UPDATE with a lease. A worker that dies between
sending and marking lets it be sent again, with the same Message-ID; nothing else sends it twice. After an
outage only today's is sent: yesterday's news is old.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from forecasts.alerts import mail
from forecasts.alerts.digest_content import content_for
from forecasts.alerts.errors import DeliveryFailed
from forecasts.alerts.events import spoken
from forecasts.alerts.recipients import mailable
from forecasts.alerts.unsubscribe import Letter, link_for
from forecasts.models import Digest, NotificationSettings

if TYPE_CHECKING:
    from datetime import date

    from django.core.mail import EmailMultiAlternatives
    from django.db.models import QuerySet

    from forecasts.alerts.digest_content import Content

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
ATTEMPTS = 5
# After a failed attempt.
PAUSE = timedelta(minutes=10)


def send_digests(limit: int = 100) -> int:
    """Send the digests whose hour has come today; return how many letters were sent."""
    now = timezone.now()
    due = _due(now)
    reachable = islice(mailable(due).items(), limit)
    sent = 0
    for owner_id, address in reachable:
        Digest.objects.bulk_create([Digest(owner_id=owner_id, day=now.date())], ignore_conflicts=True)
        sent += _send(owner_id, address, datetime.combine(now.date(), time(due[owner_id]), tzinfo=UTC))
    return sent


def _due(now: datetime) -> dict[int, int]:
    """Return whose digest of today is neither sent nor given up nor at work, and their hours."""
    settled = Digest.objects.filter(owner=OuterRef("owner"), day=now.date()).exclude(_free(now))
    wishes = NotificationSettings.objects.filter(
        ~Exists(settled), daily_digest=True, digest_hour__lte=now.hour, owner__is_active=True
    )
    return dict(wishes.values_list("owner_id", "digest_hour"))


def _free(now: datetime) -> Q:
    unheld = Q(lease_until=None) | Q(lease_until__lte=now)
    return Q(sent_at=None, attempts__lt=ATTEMPTS) & unheld


def _send(owner_id: int, address: str, until: datetime) -> bool:
    """Claim today's digest of a person, send it, and mark it; return whether a letter went out."""
    now = timezone.now()
    today = Digest.objects.filter(owner=owner_id, day=until.date())
    claimed = today.filter(_free(now)).update(lease_until=now + LEASE, attempts=F("attempts") + 1)
    if not claimed:
        return False
    content = content_for(owner_id, until)
    try:
        if not content.is_empty:
            mail.send(_letter(owner_id, address, until.date(), content))
    except DeliveryFailed as failure:
        logger.warning("A digest could not be sent: %s", failure.message)
        _fail(today, failure)
        return False
    today.update(sent_at=timezone.now(), lease_until=None, alerts=len(content.alerts))
    return not content.is_empty


def _fail(today: QuerySet[Digest], failure: DeliveryFailed) -> None:
    spent = {"attempts": ATTEMPTS} if failure.permanent else {}
    today.update(lease_until=timezone.now() + PAUSE, **spent)


def _letter(owner_id: int, address: str, day: date, content: Content) -> EmailMultiAlternatives:
    return mail.letter(
        name="digest",
        to=address,
        subject=f"Your day up to {spoken(day)}",
        message_id=f"digest-{owner_id}-{day}",
        unsubscribe=link_for(owner_id, Letter.DIGEST),
        context=content.as_context,
    )
