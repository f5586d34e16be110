"""What a person was told, on the pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts.models import Alert, NotificationSettings
from tests.factories import ForecastRequestFactory, InstrumentFactory
from tests.forecasts.alerts.made import reachable
from tests.forecasts.alerts.webhook_rows import AlertFactory

LIST = "/alerts/"


def alert(owner: User, number: int = 0, **fields: Any) -> Alert:
    """The higher the number, the newer."""
    values = {"kind": "outside_band", "title": f"Title {number}", "text": f"Text {number}", "facts": {}}
    made: Alert = AlertFactory(owner=owner, **(values | fields))
    Alert.objects.filter(pk=made.pk).update(created_at=timezone.now() + timedelta(seconds=number))
    return made


def test_alert_list_shows_ones_own_the_newest_first(signed_in: Client, user: User, other: User) -> None:
    for number in (1, 2):
        alert(user, number)
    alert(other, 3)

    text = signed_in.get(LIST).content.decode()

    assert text.index("Title 2") < text.index("Title 1")
    assert "Title 3" not in text


def test_alert_list_says_what_to_do_while_it_is_empty(signed_in: Client) -> None:
    assert "choose “Alert me”" in signed_in.get(LIST).content.decode()


def test_alert_list_has_pages(signed_in: Client, user: User) -> None:
    instrument = InstrumentFactory()
    for number in range(26):
        alert(user, number, instrument=instrument)

    assert "Title 0<" in signed_in.get(f"{LIST}?page=2").content.decode()


def test_alert_list_leads_to_ones_own_forecast_or_to_the_instrument(signed_in: Client, user: User) -> None:
    wish = ForecastRequestFactory(owner=user, forecast__succeeded=True)
    strange = ForecastRequestFactory(forecast__succeeded=True)
    alert(user, 1, forecast=wish.forecast)
    alert(user, 2, forecast=strange.forecast, instrument=strange.forecast.instrument)

    text = signed_in.get(LIST).content.decode()

    assert f'href="{wish.get_absolute_url()}"' in text
    assert str(strange.pk) not in text
    assert reverse("forecasts:instrument_detail", args=[strange.forecast.instrument.symbol]) in text


def test_alert_list_takes_the_same_queries_at_one_row_and_at_three(
    signed_in: Client, user: User, queries: Callable[[Client, str], int]
) -> None:
    alert(user, 1, forecast=ForecastRequestFactory(owner=user, forecast__succeeded=True).forecast)
    at_one = queries(signed_in, LIST)
    for number in (2, 3):
        alert(user, number, forecast=ForecastRequestFactory(owner=user, forecast__succeeded=True).forecast)

    assert queries(signed_in, LIST) == at_one


def test_alert_read_marks_one(signed_in: Client, user: User) -> None:
    first, second = alert(user, 1), alert(user, 2)

    response = signed_in.post(f"{LIST}{first.pk}/read/")

    assert response.url == LIST
    assert list(Alert.objects.filter(read_at=None)) == [second]


def test_alert_read_by_get_changes_nothing(signed_in: Client, user: User) -> None:
    signed_in.get(f"{LIST}{alert(user).pk}/read/")

    assert Alert.objects.get().read_at is None


def test_alert_read_all_marks_ones_own(signed_in: Client, user: User, other: User) -> None:
    alert(user)
    alert(other)

    signed_in.post(f"{LIST}read/")

    assert [row.owner for row in Alert.objects.filter(read_at=None)] == [other]


def test_alerts_are_their_owners_alone(user: User, as_other: Client) -> None:
    made = alert(user)

    assert as_other.post(f"{LIST}{made.pk}/read/").status_code == 404
    assert Client().post(f"{LIST}read/").url == f"/accounts/login/?next={LIST}read/"
    assert Client().get(LIST).url == f"/accounts/login/?next={LIST}"
    assert Alert.objects.get().read_at is None


@pytest.mark.parametrize(
    ("count", "said"), [(0, 'aria-label="Alerts"'), (2, "Alerts, 2 unread"), (101, "99+")]
)
def test_the_bell_counts_what_is_unread(
    signed_in: Client, user: User, other: User, count: int, said: str
) -> None:
    instrument = InstrumentFactory()
    for number in range(count):
        alert(user, number, instrument=instrument)
    alert(user, 200, instrument=instrument, read_at=timezone.now())
    alert(other, 201, instrument=instrument)

    assert said in signed_in.get("/methodology/").content.decode()


def test_the_bell_is_for_those_who_are_signed_in(
    client: Client, db: None, queries: Callable[[Client, str], int]
) -> None:
    assert "bell" not in client.get("/methodology/").content.decode()
    assert queries(client, "/methodology/") == 0


def test_alert_settings_are_kept(signed_in: Client, user: User, settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    reachable(user)

    response = signed_in.post("/alerts/settings/", {"daily_digest": "on", "digest_hour": "18"})

    kept = NotificationSettings.objects.get(owner=user)
    assert response.url == "/alerts/settings/"
    assert (kept.email_alerts, kept.daily_digest, kept.digest_hour) == (False, True, 18)
    assert "message warning" not in signed_in.get("/alerts/settings/").content.decode()


def test_alert_settings_say_that_no_mail_is_sent_here(signed_in: Client, user: User) -> None:
    text = signed_in.get("/alerts/settings/").content.decode()
    refused = signed_in.post("/alerts/settings/", {"daily_digest": "on", "digest_hour": "18"})

    assert "This site sends no e-mail" in text
    assert "This site sends no e-mail" in refused.context["form"].errors["daily_digest"][0]
    assert not NotificationSettings.objects.exists()


def test_alert_settings_say_that_the_address_is_not_confirmed(
    signed_in: Client, user: User, settings: Settings
) -> None:
    settings.MAIL_CONFIGURED = True

    assert "before you have confirmed" in signed_in.get("/alerts/settings/").content.decode()
