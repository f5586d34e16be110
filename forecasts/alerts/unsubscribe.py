"""Leaving a kind of mail by its link, signed in or not (RFC 8058: one click).

A link names its person and the kind of mail, signed with the site's key. It holds for good, since mail lies
around for years; all that whoever has it can do is to stop that mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core import signing
from django.urls import reverse

from forecasts.alerts.links import absolute
from forecasts.errors import RequestRefused
from forecasts.models import NotificationSettings

if TYPE_CHECKING:
    from accounts.models import User

SALT = "forecasts.unsubscribe"


class Letter(StrEnum):
    """The kinds of mail that can be left."""

    ALERTS = "alerts"
    DIGEST = "digest"

    @property
    def words(self) -> str:
        return "alerts by e-mail" if self is Letter.ALERTS else "the daily digest"


@dataclass(frozen=True)
class Subscription:
    owner: User
    letter: Letter

    def end(self) -> None:
        """Send no more of it; once more changes nothing."""
        field = "email_alerts" if self.letter is Letter.ALERTS else "daily_digest"
        NotificationSettings.objects.update_or_create(owner=self.owner, defaults={field: False})


def link_for(owner_id: int, letter: Letter) -> str:
    token = signing.dumps([owner_id, letter.value], salt=SALT)
    return absolute(reverse("forecasts:alert_unsubscribe", args=[token]))


def read_token(token: str) -> Subscription:
    """Return whose mail a link is about. Raises RequestRefused for one that was not made here."""
    try:
        owner_id, letter = signing.loads(token, salt=SALT)
        return Subscription(get_user_model().objects.get(pk=owner_id), Letter(letter))
    except (signing.BadSignature, ValueError, get_user_model().DoesNotExist) as error:
        raise RequestRefused(
            "This link is not complete, or its account is gone. Copy it whole from the mail, or sign in and "
            "change what is sent to you on the page of your alerts.",
            code="bad_link",
        ) from error
