"""Leaving mail by its link."""

import pytest
from django.core import signing
from django.test import Client

from accounts.models import User
from forecasts.alerts.unsubscribe import SALT, Letter, link_for, read_token
from forecasts.errors import RequestRefused
from forecasts.models import NotificationSettings


def path_for(user: User, letter: Letter) -> str:
    return "/" + link_for(user.pk, letter).split("/", 3)[3]


def wants(user: User) -> tuple[bool, bool]:
    kept = NotificationSettings.objects.get(owner=user)
    return kept.email_alerts, kept.daily_digest


@pytest.mark.parametrize(("letter", "left"), [("alerts", (False, True)), ("digest", (True, False))])
def test_one_click_ends_that_kind_of_mail_without_signing_in(
    user: User, letter: str, left: tuple[bool, bool]
) -> None:
    """As mail readers do it: a POST without a cookie, a form's token or a session."""
    NotificationSettings.objects.create(owner=user, daily_digest=True)
    stranger = Client(enforce_csrf_checks=True)

    answers = [
        stranger.post(path_for(user, Letter(letter)), {"List-Unsubscribe": "One-Click"}) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert wants(user) == left


def test_looking_at_the_link_changes_nothing(user: User, client: Client) -> None:
    NotificationSettings.objects.create(owner=user, daily_digest=True)

    page = client.get(path_for(user, Letter.DIGEST)).content.decode()

    assert f"{user.email} would no longer get the daily digest" in page
    assert wants(user) == (True, True)


def test_who_has_no_settings_yet_can_leave(user: User, client: Client) -> None:
    client.post(path_for(user, Letter.ALERTS))

    assert wants(user) == (False, False)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_not_ours_says_so(user: User, client: Client, method: str) -> None:
    response = getattr(client, method)(path_for(user, Letter.ALERTS)[:-4] + "xxx/")

    assert response.status_code == 400
    assert "This link does not work" in response.content.decode()
    assert not NotificationSettings.objects.exists()


def test_a_link_of_an_account_that_is_gone_says_so(user: User, client: Client) -> None:
    path = path_for(user, Letter.ALERTS)
    user.delete()

    assert client.post(path).status_code == 400


def test_a_kind_of_mail_that_is_not_known_is_refused(user: User) -> None:
    with pytest.raises(RequestRefused, match="not complete"):
        read_token(signing.dumps([user.pk, "everything"], salt=SALT))


def test_another_salt_is_refused(user: User) -> None:
    with pytest.raises(RequestRefused, match="not complete"):
        read_token(signing.dumps([user.pk, "alerts"], salt="other"))
