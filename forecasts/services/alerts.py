"""What people were told, and how they want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from forecasts.alerts.recipients import mailable
from forecasts.errors import RequestRefused
from forecasts.models import Alert, NotificationSettings
from forecasts.services.alert_rules import NO_MAIL_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from accounts.models import User


def mark_alerts_read(*, owner: User, alerts: Collection[UUID] | None = None) -> int:
    """Mark the person's alerts as read, all of them or those given; return how many were unread."""
    unread = Alert.objects.for_user(owner).unread()
    if alerts is not None:
        unread = unread.filter(pk__in=alerts)
    return unread.update(read_at=timezone.now())


def notifications_of(owner: User) -> NotificationSettings:
    """Return how a person wants to be reached; as nobody has said otherwise, for who has not chosen."""
    return NotificationSettings.objects.filter(owner=owner).first() or NotificationSettings(owner=owner)


def change_notifications(
    *,
    owner: User,
    email_alerts: bool | None = None,
    daily_digest: bool | None = None,
    digest_hour: int | None = None,
) -> NotificationSettings:
    """Change how a person is reached by e-mail; None leaves a thing as it is. The hour is of the day, UTC."""
    if daily_digest and not settings.MAIL_CONFIGURED:
        raise RequestRefused(NO_MAIL_WORDS, code="no_mail", field="daily_digest")
    if digest_hour is not None and not 0 <= digest_hour <= 23:
        raise RequestRefused("Give the hour as a whole number from 0 to 23.", field="digest_hour")
    given = {"email_alerts": email_alerts, "daily_digest": daily_digest, "digest_hour": digest_hour}
    changed = {name: value for name, value in given.items() if value is not None}
    saved, _ = NotificationSettings.objects.update_or_create(owner=owner, defaults=changed)
    return saved


def mail_trouble(owner: User) -> str:
    """Say why no alert reaches a person by e-mail; empty where they do."""
    if not settings.MAIL_CONFIGURED:
        return NO_MAIL_WORDS
    if owner.pk not in mailable([owner.pk]):
        return f"No e-mail is sent to {owner.email} before you have confirmed that address."
    return ""
