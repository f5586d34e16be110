"""Whom the site may write to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import F

from forecasts.models import NotificationSettings

if TYPE_CHECKING:
    from collections.abc import Collection


def mailable(owners: Collection[int]) -> dict[int, str]:
    """Return the addresses of those who may sign in and have verified the address that they sign in with.

    Where the site sends no mail there are none.
    """
    if not settings.MAIL_CONFIGURED:
        return {}
    usable = EmailAddress.objects.filter(
        user__in=owners, user__is_active=True, verified=True, email__iexact=F("user__email")
    )
    return dict(usable.values_list("user_id", "email"))


def wanting_alerts(owners: Collection[int]) -> dict[int, str]:
    """Return the addresses of those among the owners who take alerts by e-mail; who has not said so does."""
    refusing = NotificationSettings.objects.filter(owner__in=owners, email_alerts=False)
    refused = set(refusing.values_list("owner_id", flat=True))
    return {owner: address for owner, address in mailable(owners).items() if owner not in refused}
