from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import scopes
from accounts.models import AuthToken, User
from tests.accounts.conftest import PASSWORD

PAGES = ["accounts:profile", "accounts:token_list", "accounts:account_delete"]
TOKEN = {"name": "nightly", "scopes": ["read", "forecasts:write"], "expiry_days": 30}


def revoke_url(token):
    return reverse("accounts:token_revoke", args=[token.public_id])


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_sent_to_sign_in(client, db, name, method):
    response = getattr(client, method)(reverse(name))

    assert (response.status_code, response.url) == (302, f"/accounts/login/?next={reverse(name)}")


@pytest.mark.parametrize("name", PAGES)
def test_the_owner_sees_each_page(signed_in, name):
    assert signed_in.get(reverse(name)).status_code == 200


def test_profile_changes_the_name(signed_in, user):
    response = signed_in.post(reverse("accounts:profile"), {"name": "Ada Lovelace"}, follow=True)

    user.refresh_from_db()
    assert user.name == "Ada Lovelace"
    assert "Your profile is saved." in response.content.decode()


def test_profile_refuses_too_long_a_name(signed_in, user):
    response = signed_in.post(reverse("accounts:profile"), {"name": "x" * 151})

    user.refresh_from_db()
    assert user.name == ""
    assert response.context["form"].errors["name"]


def test_token_list_shows_a_new_token_once(signed_in):
    response = signed_in.post(reverse("accounts:token_list"), TOKEN)

    plain, token = response.context["plain"], AuthToken.objects.get()
    assert (token.name, token.scopes) == ("nightly", ["read", "forecasts:write"])
    assert plain in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert plain not in signed_in.get(reverse("accounts:token_list")).content.decode()


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["root"]}, {"expiry_days": 367}])
def test_token_list_says_what_is_wrong(signed_in, wrong):
    response = signed_in.post(reverse("accounts:token_list"), TOKEN | wrong)

    assert list(response.context["form"].errors) == list(wrong)
    assert not AuthToken.objects.exists()


def test_token_list_says_that_there_are_too_many(signed_in, make_token, monkeypatch):
    monkeypatch.setattr("accounts.services.MAX_TOKENS", 1)
    make_token()

    response = signed_in.post(reverse("accounts:token_list"), TOKEN)

    assert "You have 1 tokens, the most there can be. Revoke one first." in response.content.decode()


def test_token_list_shows_ones_own_tokens_only(signed_in, other, make_token):
    mine, _ = make_token(), make_token(owner=other)

    assert list(signed_in.get(reverse("accounts:token_list")).context["tokens"]) == [mine]


def test_token_list_marks_what_expired(signed_in, make_token):
    make_token(expiry=timezone.now() - timedelta(days=1))

    assert "<strong>expired</strong>" in signed_in.get(reverse("accounts:token_list")).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_token_list_asks_as_much_for_one_row_as_for_three(
    signed_in, make_token, django_assert_num_queries, rows
):
    for _ in range(rows):
        make_token()

    with django_assert_num_queries(4):  # session, user, tokens, unread alerts
        signed_in.get(reverse("accounts:token_list"))


def test_token_revoke_asks_first(signed_in, make_token):
    token = make_token()

    response = signed_in.get(revoke_url(token))

    assert "Revoke “script”?" in response.content.decode()
    assert AuthToken.objects.get() == token


def test_token_revoke_ends_the_token(signed_in, make_token):
    response = signed_in.post(revoke_url(make_token()))

    assert (response.status_code, response.url) == (302, reverse("accounts:token_list"))
    assert not AuthToken.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_token_revoke_hides_other_peoples_tokens(signed_in, other, make_token, method):
    theirs = make_token(owner=other)

    assert getattr(signed_in, method)(revoke_url(theirs)).status_code == 404
    assert getattr(signed_in, method)(reverse("accounts:token_revoke", args=[uuid4()])).status_code == 404
    assert AuthToken.objects.get() == theirs


def test_token_revoke_sends_nobody_to_sign_in(client, make_token):
    response = client.post(revoke_url(make_token()))

    assert (response.status_code, AuthToken.objects.count()) == (302, 1)


def test_account_delete_takes_everything_and_signs_out(signed_in, other, make_token):
    make_token()

    response = signed_in.post(reverse("accounts:account_delete"), {"password": PASSWORD})

    assert (response.status_code, response.url) == (302, "/")
    assert (list(User.objects.all()), AuthToken.objects.count()) == ([other], 0)
    assert "_auth_user_id" not in signed_in.session


def test_account_delete_wants_the_password(signed_in, user):
    response = signed_in.post(reverse("accounts:account_delete"), {"password": "wrong"})

    assert "This is not your password. Nothing was deleted." in response.content.decode()
    assert User.objects.get() == user


def test_account_delete_cannot_be_used_to_guess_the_password(signed_in, user):
    answers = [signed_in.post(reverse("accounts:account_delete"), {"password": "wrong"}) for _ in range(10)]

    late = signed_in.post(reverse("accounts:account_delete"), {"password": PASSWORD})

    assert {answer.status_code for answer in answers} == {200}
    assert (late.status_code, User.objects.get()) == (429, user)
    assert "Wait a few minutes, then try again." in late.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_pages_take_no_other_methods(signed_in, name):
    assert signed_in.delete(reverse(name)).status_code == 405


def test_token_list_offers_every_scope(signed_in):
    content = signed_in.get(reverse("accounts:token_list")).content.decode()

    assert all(f'value="{scope}"' in content for scope in scopes.DESCRIPTIONS)
