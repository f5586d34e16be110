"""The walk through django-allauth's pages, as this site sets them up and words them."""

import re
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from accounts.models import User
from tests.accounts.conftest import PASSWORD

SIGN_UP = {"email": "Ada@Example.com", "password1": PASSWORD, "password2": PASSWORD}

INLINE_CODE = re.compile(r"<script(?![^>]* src=)|<style| style=| on\w+=")


def who(client):
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).email if key else None


def link_in_mail():
    return urlsplit(re.search(r"https?://\S+", mail.outbox[-1].body).group()).path


@pytest.fixture
def mail_verified(settings):
    """The site as it is with EMAIL_URL."""
    settings.MAIL_CONFIGURED = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def test_signing_up_signs_in_at_once_while_no_mail_is_configured(client, db):
    response = client.post("/accounts/signup/", SIGN_UP)

    assert (response.status_code, response.url) == (302, "/")
    assert who(client) == "ada@example.com"
    assert mail.outbox == []


def test_signing_up_with_mail_waits_for_the_address_to_be_confirmed(client, db, mail_verified):
    response = client.post("/accounts/signup/", SIGN_UP)
    assert (response.url, who(client)) == ("/accounts/confirm-email/", None)

    link = link_in_mail()
    assert "ada@example.com" in client.get(link).content.decode()
    client.post(link)

    assert EmailAddress.objects.get().verified
    client.post("/accounts/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert who(client) == "ada@example.com"


@pytest.mark.parametrize(
    "wrong",
    [{"email": "nonsense"}, {"password1": "12345"}, {"password2": "different"}, {"email": "ADA@EXAMPLE.COM"}],
)
def test_signing_up_is_refused_with_a_reason(client, user, wrong):
    response = client.post("/accounts/signup/", SIGN_UP | {"email": "new@example.com"} | wrong)

    assert response.context["form"].errors
    assert list(User.objects.all()) == [user]


@pytest.mark.parametrize("login", ["ada@example.com", "ADA@Example.com"])
def test_signing_in_with_the_address_in_any_letters(client, user, login):
    response = client.post("/accounts/login/", {"login": login, "password": PASSWORD})

    assert (response.status_code, response.url, who(client)) == (302, "/", "ada@example.com")


@pytest.mark.parametrize(("login", "password"), [("ada@example.com", "wrong"), ("x@example.com", PASSWORD)])
def test_signing_in_says_the_same_of_a_wrong_password_and_an_unknown_address(client, user, login, password):
    response = client.post("/accounts/login/", {"login": login, "password": password})

    assert response.context["form"].non_field_errors() == [
        "The email address and/or password you specified are not correct."
    ]
    assert who(client) is None


def test_an_inactive_user_cannot_sign_in(client, user):
    User.objects.update(is_active=False)

    client.post("/accounts/login/", {"login": "ada@example.com", "password": PASSWORD})

    assert who(client) is None


def test_guessing_a_password_is_slowed_down(client, user):
    for _ in range(5):
        client.post("/accounts/login/", {"login": "ada@example.com", "password": "wrong"})

    client.post("/accounts/login/", {"login": "ada@example.com", "password": PASSWORD})

    assert who(client) is None


@pytest.mark.parametrize(
    ("asked", "sent_to"),
    [("/account/tokens/", "/account/tokens/"), ("https://evil.example/", "/"), ("//evil.example/", "/")],
)
def test_signing_in_goes_on_to_our_own_pages_only(client, user, asked, sent_to):
    response = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD, "next": asked})

    assert (response.status_code, response.url) == (302, sent_to)


def test_signing_out_takes_a_post(signed_in, user):
    asked = signed_in.get("/accounts/logout/")
    still = who(signed_in)

    done = signed_in.post("/accounts/logout/")

    assert (asked.status_code, still) == (200, user.email)
    assert (done.url, who(signed_in)) == ("/", None)


def test_a_forgotten_password_is_reset_by_mail(client, user):
    response = client.post("/accounts/password/reset/", {"email": "ADA@example.com"})
    assert response.url == "/accounts/password/reset/done/"

    form_page = client.get(link_in_mail(), follow=True)
    client.post(
        form_page.request["PATH_INFO"], {"password1": "tromboni volanti", "password2": "tromboni volanti"}
    )

    user.refresh_from_db()
    assert user.check_password("tromboni volanti")
    assert "no longer works" in client.get(link_in_mail(), follow=True).content.decode()


def test_a_reset_does_not_tell_who_has_an_account(client, user):
    known = client.post("/accounts/password/reset/", {"email": "ada@example.com"})
    unknown = client.post("/accounts/password/reset/", {"email": "x@example.com"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_changing_the_password_wants_the_old_one(signed_in, user):
    new = {"password1": "tromboni volanti", "password2": "tromboni volanti"}
    signed_in.post("/accounts/password/change/", {"oldpassword": "wrong", **new})
    user.refresh_from_db()
    assert user.check_password(PASSWORD)

    signed_in.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})

    user.refresh_from_db()
    assert user.check_password("tromboni volanti")


def test_another_address_can_become_the_one_to_sign_in_with(client, db):
    client.post("/accounts/signup/", SIGN_UP)
    client.post("/accounts/email/", {"action_add": "", "email": "Lady@Example.com"})

    client.post("/accounts/email/", {"action_primary": "", "email": "lady@example.com"})

    assert User.objects.get().email == "lady@example.com"


def test_somebody_elses_address_cannot_be_taken_over(signed_in, user, other):
    added = signed_in.post("/accounts/email/", {"action_add": "", "email": "Bob@Example.com"})
    signed_in.post("/accounts/email/", {"action_primary": "", "email": "bob@example.com"})

    assert added.context["form"].errors["email"] == ["Another account uses this email address."]
    assert set(User.objects.values_list("pk", "email")) == {
        (user.pk, "ada@example.com"),
        (other.pk, "bob@example.com"),
    }


@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
def test_the_way_in_is_open_and_keeps_to_the_content_security_policy(client, db, name):
    page = client.get(reverse(name))

    assert page.status_code == 200
    assert INLINE_CODE.findall(page.content.decode()) == []


@pytest.mark.parametrize("name", ["account_email", "account_change_password", "account_logout"])
def test_pages_behind_the_sign_in_keep_to_the_content_security_policy(signed_in, name):
    page = signed_in.get(reverse(name))

    assert page.status_code == 200
    assert INLINE_CODE.findall(page.content.decode()) == []


@pytest.mark.parametrize(("configured", "warned"), [(False, True), (True, False)])
def test_the_reset_page_says_when_no_mail_leaves_the_site(client, db, settings, configured, warned):
    settings.MAIL_CONFIGURED = configured

    page = client.get("/accounts/password/reset/").content.decode()

    assert ("This site sends no email yet" in page) is warned
