"""Alerts as letters."""

from smtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

import pytest
from django.core import mail as outbox_of
from django.core.mail import EmailMultiAlternatives
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts.alerts.errors import DeliveryFailed
from forecasts.alerts.mail import send_alert
from forecasts.alerts.raising import raise_alerts
from forecasts.models import Delivery, NotificationSettings
from tests.factories import ForecastRequestFactory
from tests.forecasts.alerts.made import close, counted, reachable, rule, stock

pytestmark = pytest.mark.usefixtures("evening")


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    settings.SITE_URL = "https://stocks.example.org"


@pytest.fixture
def delivery(user: User) -> Delivery:
    """An alert by e-mail that waits for its turn."""
    acme = stock(name="Acme & Sons")
    counted(acme)
    close(acme, 103.0)
    rule(reachable(user), "outside_band", acme, by_email=True)
    raise_alerts()
    return Delivery.objects.select_related("alert").get()


def sent() -> EmailMultiAlternatives:
    (message,) = outbox_of.outbox
    assert isinstance(message, EmailMultiAlternatives)
    return message


def test_an_alert_is_a_letter_of_text_and_html(delivery: Delivery, user: User) -> None:
    send_alert(delivery)

    message = sent()
    assert (message.to, message.subject) == ([user.email], "[StockCast] ACME closed above its 80 % band")
    assert message.body.startswith("ACME closed at 103.00 USD on 6 January 2026, above the 80 % band")
    (html,) = message.alternatives
    assert html.mimetype == "text/html"
    for body in (message.body, str(html.content)):
        assert "https://stocks.example.org/instruments/ACME/" in body
        assert "https://stocks.example.org/alerts/unsubscribe/" in body


def test_a_letter_can_be_left_with_one_click(delivery: Delivery) -> None:
    send_alert(delivery)

    headers = sent().extra_headers
    assert headers["List-Unsubscribe"].startswith("<https://stocks.example.org/alerts/unsubscribe/")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_message_id_stays_however_often_it_is_sent(delivery: Delivery) -> None:
    for _ in range(2):
        send_alert(delivery)

    first, second = (message.extra_headers["Message-ID"] for message in outbox_of.outbox)
    assert first == second == f"<alert-{delivery.pk}@stocks.example.org>"


def test_a_letter_leads_to_the_owners_own_forecast(delivery: Delivery, user: User) -> None:
    assert delivery.alert
    wish = ForecastRequestFactory(owner=user, forecast=delivery.alert.forecast)

    send_alert(delivery)

    assert f"https://stocks.example.org/forecasts/{wish.pk}/" in sent().body


@pytest.mark.parametrize("change", ["left", "inactive", "unverified", "no mail here"])
def test_nothing_is_sent_to_who_no_longer_wants_it_or_cannot_have_it(
    delivery: Delivery, user: User, settings: Settings, change: str
) -> None:
    if change == "left":
        NotificationSettings.objects.create(owner=user, email_alerts=False)
    elif change == "inactive":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif change == "unverified":
        user.emailaddress_set.update(verified=False)
    else:
        settings.MAIL_CONFIGURED = False

    with pytest.raises(DeliveryFailed) as failure:
        send_alert(delivery)

    assert failure.value.permanent
    assert outbox_of.outbox == []


@pytest.mark.parametrize(
    ("error", "permanent", "code"),
    [
        (SMTPDataError(554, b"no"), True, 554),
        (SMTPDataError(451, b"later"), False, 451),
        (SMTPRecipientsRefused({"a@b": (550, b"unknown")}), True, None),
        (SMTPRecipientsRefused({"a@b": (450, b"busy")}), False, None),
        (SMTPAuthenticationError(535, b"wrong password"), False, 535),
        (SMTPSenderRefused(550, b"not you", "site@a"), False, 550),
        (SMTPServerDisconnected("gone"), False, None),
        (TimeoutError("slow"), False, None),
    ],
)
def test_what_the_mail_server_says_decides_whether_to_try_again(
    delivery: Delivery,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    permanent: bool,
    code: int | None,
) -> None:
    def refuse(_: EmailMultiAlternatives) -> None:
        raise error

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)

    with pytest.raises(DeliveryFailed) as failure:
        send_alert(delivery)

    assert (failure.value.permanent, failure.value.code) == (permanent, code)
