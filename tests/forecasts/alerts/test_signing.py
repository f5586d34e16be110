"""Signatures, and that a receiver who follows the documentation can check them."""

import hashlib
import hmac
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django.fixtures import Settings

from forecasts.alerts import signing
from tests.factories import NOON
from tests.forecasts.alerts.webhook_rows import WebhookFactory

BODY = b'{"version": 1, "title": "Caf\xc3\xa9"}'
DOCUMENT = Path(settings.BASE_DIR) / "docs" / "alerts.md"


@pytest.fixture
def verify() -> Any:
    """The function that docs/alerts.md gives to receivers."""
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (code,) = [block for block in blocks if "def verify" in block]
    said: dict[str, Any] = {}
    exec(code, said)
    return said["verify"]


@pytest.mark.django_db
def test_the_documented_check_takes_what_is_signed(verify: Any) -> None:
    webhook = WebhookFactory()
    secret = signing.secret_of(webhook)

    header = signing.signature(webhook, BODY)

    assert verify(secret, header, BODY)
    assert not verify(secret, header, BODY + b" ")
    assert not verify(signing.secret_of(WebhookFactory()), header, BODY)
    assert not verify(secret, header.replace("v1=", "v1=0"), BODY)
    assert not verify(secret, "", BODY)
    assert not verify(secret, "t=now,v1=x", BODY)
    assert not verify(secret, f"{header.split(',')[0]},v1=é", BODY)


@pytest.mark.django_db
def test_the_documented_check_refuses_what_is_old(verify: Any, time_machine: Any) -> None:
    webhook = WebhookFactory()
    header = signing.signature(webhook, BODY)

    time_machine.move_to(timezone.now() + timedelta(minutes=6))

    assert not verify(signing.secret_of(webhook), header, BODY)


@pytest.mark.django_db
def test_a_signature_is_the_hmac_of_moment_and_body(time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)
    webhook = WebhookFactory()
    stamp = int(NOON.timestamp())

    expected = hmac.new(
        signing.secret_of(webhook).encode(), f"{stamp}.".encode() + BODY, hashlib.sha256
    ).hexdigest()

    assert signing.signature(webhook, BODY) == f"t={stamp},v1={expected}"


@pytest.mark.django_db
def test_secrets_differ_by_webhook_version_and_site(settings: Settings) -> None:
    one, two = WebhookFactory(), WebhookFactory()
    secrets = {signing.secret_of(one), signing.secret_of(two), signing.secret_of(one, 2)}
    settings.SECRET_KEY = "another site's"
    secrets.add(signing.secret_of(one))

    assert len(secrets) == 4
    assert all(re.fullmatch("whsec_[0-9a-f]{64}", secret) for secret in secrets)


@pytest.mark.django_db
def test_for_a_day_after_a_rotation_both_secrets_hold(verify: Any, time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)
    webhook = WebhookFactory(secret_version=3, rotated_at=NOON)
    old, new = signing.secret_of(webhook, 2), signing.secret_of(webhook, 3)

    header = signing.signature(webhook, BODY)
    time_machine.move_to(NOON + timedelta(hours=24), tick=False)
    later = signing.signature(webhook, BODY)

    assert verify(new, later, BODY)
    assert not verify(old, later, BODY)
    time_machine.move_to(NOON, tick=False)
    assert verify(new, header, BODY)
    assert verify(old, header, BODY)
