from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuthToken, User


def ask(header=None):
    client = APIClient()
    if header is not None:
        client.credentials(HTTP_AUTHORIZATION=header)
    return client.get("/api/v1/me/")


def sentence(response):
    return response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("prefix", ["Token", "token"])
def test_a_token_says_whose_request_it_is(make_token, user, prefix):
    response = ask(f"{prefix} {make_token().plain}")

    assert (response.status_code, response.json()["email"]) == (200, user.email)


@pytest.mark.parametrize(
    "header", [None, "", "Token", "Token a b", "Token nonsense", "Token \xff\xfe", "Basic YTpi", "Bearer x"]
)
def test_without_a_good_token_the_answer_is_401(db, header):
    response = ask(header)

    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Token")
    assert response.json()["type"] == "client_error"


def test_part_of_a_token_is_no_token(make_token):
    assert ask(f"Token {make_token().plain[:-1]}").status_code == 401


def test_an_expired_token_is_refused_and_stays_listed(make_token):
    token = make_token(expiry=timezone.now() - timedelta(seconds=1))

    response = ask(f"Token {token.plain}")

    assert response.status_code == 401
    assert sentence(response) == (
        f"This token expired on {token.expiry:%Y-%m-%d}. Make a new one on the account page."
    )
    assert AuthToken.objects.get() == token


def test_the_token_of_an_inactive_user_is_refused(make_token):
    token = make_token()
    User.objects.update(is_active=False)

    response = ask(f"Token {token.plain}")

    assert response.status_code == 401
    assert sentence(response) == "This account is switched off. Ask whoever runs the site."


def test_using_a_token_is_recorded(make_token):
    token = make_token()

    ask(f"Token {token.plain}")

    assert timezone.now() - AuthToken.objects.get().last_used_at < timedelta(minutes=1)


def test_a_refused_token_was_not_used(make_token):
    token = make_token(expiry=timezone.now())

    ask(f"Token {token.plain}")

    assert AuthToken.objects.get().last_used_at is None


def test_a_token_in_steady_use_costs_one_query(make_token, django_assert_num_queries):
    token = make_token(last_used_at=timezone.now())

    with django_assert_num_queries(2):  # the token with its user; the answer's count of tokens
        ask(f"Token {token.plain}")
