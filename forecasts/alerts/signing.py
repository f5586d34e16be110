"""A webhook's secret, and the signature by which its receiver knows that a post is ours and new."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from datetime import datetime

    from forecasts.models import Webhook

# For so long after a secret was replaced posts are signed with the one before too, so that receivers can
# change over without losing any.
BOTH_HOLD_FOR = timedelta(hours=24)


def secret_of(webhook: Webhook, version: int | None = None) -> str:
    """Return the webhook's secret of now, or of an earlier version. It changes with the site's SECRET_KEY."""
    derived = salted_hmac(
        "forecasts.webhook", f"{webhook.pk}:{version or webhook.secret_version}", algorithm="sha256"
    )
    return f"whsec_{derived.hexdigest()}"


def signature(webhook: Webhook, body: bytes) -> str:
    """Return the header of a post made now: `t=<unix seconds>,v1=<hex>`; after a rotation it has two v1."""
    now = timezone.now()
    stamp = int(now.timestamp())
    return ",".join([f"t={stamp}", *(f"v1={sign(secret, stamp, body)}" for secret in _secrets(webhook, now))])


def sign(secret: str, stamp: int, body: bytes) -> str:
    """Return the HMAC-SHA256 of `<stamp>.<body>` in hex."""
    return hmac.new(secret.encode(), b"%d.%s" % (stamp, body), hashlib.sha256).hexdigest()


def _secrets(webhook: Webhook, now: datetime) -> list[str]:
    secrets = [secret_of(webhook)]
    if webhook.rotated_at is not None and now < webhook.rotated_at + BOTH_HOLD_FOR:
        secrets.append(secret_of(webhook, webhook.secret_version - 1))
    return secrets
