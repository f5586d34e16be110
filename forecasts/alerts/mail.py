"""Alerts as letters. One keeps its Message-ID however often it is sent, so that readers know it again."""

from __future__ import annotations

from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from forecasts.alerts.errors import DeliveryFailed
from forecasts.alerts.links import absolute, paths_of
from forecasts.alerts.recipients import wanting_alerts
from forecasts.alerts.unsubscribe import Letter, link_for

if TYPE_CHECKING:
    from forecasts.models import Alert, Delivery

# From here on a mail server's answer is final (RFC 5321, 4.2.1).
FINAL = 500


def send_alert(delivery: Delivery) -> None:
    """Send an alert to its owner. Raises DeliveryFailed."""
    alert = delivery.alert
    if alert is None:
        raise DeliveryFailed("There is no alert to send.", permanent=True)
    address = wanting_alerts({alert.owner_id}).get(alert.owner_id)
    if address is None:
        raise DeliveryFailed(
            "Its owner takes no alerts by e-mail, or has no verified address.", permanent=True
        )
    send(
        letter(
            name="alert",
            to=address,
            subject=alert.title,
            message_id=f"alert-{delivery.pk}",
            unsubscribe=link_for(alert.owner_id, Letter.ALERTS),
            context=_context(alert),
        )
    )


def _context(alert: Alert) -> dict[str, Any]:
    return {"alert": alert, "link": absolute(paths_of([alert])[alert.pk])}


def letter(
    *, name: str, to: str, subject: str, message_id: str, unsubscribe: str, context: dict[str, Any]
) -> EmailMultiAlternatives:
    """Return a letter in plain text and HTML, from the templates `forecasts/email/<name>`."""
    said = {
        **context,
        "unsubscribe": unsubscribe,
        "settings_link": absolute(reverse("forecasts:alert_settings")),
    }
    message = EmailMultiAlternatives(
        subject=f"[StockCast] {' '.join(subject.split())}",
        body=render_to_string(f"forecasts/email/{name}.txt", said),
        to=[to],
        headers={
            "Message-ID": f"<{message_id}@{urlsplit(settings.SITE_URL).hostname}>",
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string(f"forecasts/email/{name}.html", said), "text/html")
    return message


def send(message: EmailMultiAlternatives) -> None:
    """Hand a letter to the mail server. Raises DeliveryFailed."""
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise DeliveryFailed("The mail server refused the address.", permanent=min(codes) >= FINAL) from error
    except SMTPResponseException as error:
        # Of a letter it is; of the site, whose password may be wrong for a day, it is not.
        is_final = isinstance(error, SMTPDataError) and error.smtp_code >= FINAL
        words = f"The mail server answered {error.smtp_code}."
        raise DeliveryFailed(words, code=error.smtp_code, permanent=is_final) from error
    except (OSError, SMTPException) as error:
        raise DeliveryFailed(f"The mail server could not be reached ({type(error).__name__}).") from error
