from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from accounts.models import AuthToken

TOKENS = "/api/v1/tokens/"
ASKED = {"name": "nightly", "scopes": ["account"], "expiry_days": 7}


@pytest.fixture
def session_api(user):
    """A signed-in browser that calls the API."""
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def test_me_describes_the_account_and_the_token(api, user):
    response = api("read", "write").get("/api/v1/me/")

    assert response.json() == {
        "id": user.pk,
        "email": "ada@example.com",
        "name": "",
        "date_joined": user.date_joined.isoformat().replace("+00:00", "Z"),
        "scopes": ["read", "forecasts:write", "watchlists:write", "alerts:write"],
        "token_count": 1,
    }


def test_me_counts_live_tokens_of_ones_own(api, other, make_token):
    make_token(expiry=timezone.now())
    make_token(owner=other)

    assert api("read").get("/api/v1/me/").json()["token_count"] == 1


def test_me_of_a_browser_holds_every_scope(session_api):
    assert session_api.get("/api/v1/me/").json()["scopes"] == [
        "read",
        "forecasts:write",
        "watchlists:write",
        "alerts:write",
        "account",
    ]


@pytest.mark.parametrize(
    ("method", "url"), [("get", TOKENS), ("post", TOKENS), ("delete", f"{TOKENS}{uuid4()}/")]
)
def test_tokens_are_for_the_scope_account(api, method, url):
    assert getattr(api("read", "write"), method)(url).status_code == 403
    assert getattr(APIClient(), method)(url).status_code == 401


def test_token_list_never_shows_the_token_itself(api):
    token = api("account").get(TOKENS).json()["results"][0]

    assert token.keys() == {"id", "name", "scopes", "created_at", "expires_at", "last_used_at"}


def test_token_list_holds_ones_own(api, other, make_token):
    theirs, client = make_token(owner=other), api("account")

    listed = client.get(TOKENS).json()

    assert listed["count"] == 1
    assert listed["results"][0]["id"] != str(theirs.public_id)


@pytest.mark.parametrize("rows", [1, 3])
def test_token_list_asks_as_much_for_one_row_as_for_three(api, make_token, django_assert_num_queries, rows):
    client = api("account", last_used_at=timezone.now())
    for _ in range(rows - 1):
        make_token()

    with django_assert_num_queries(3):  # the token with its user; count; page
        assert len(client.get(TOKENS).json()["results"]) == rows


def test_token_create_answers_with_a_token_that_works(api):
    response = api("account", "read").post(TOKENS, ASKED | {"scopes": ["read"]})

    made = response.json()
    assert (response.status_code, made["name"], made["scopes"]) == (201, "nightly", ["read"])
    assert parse_datetime(made["expires_at"]) - parse_datetime(made["created_at"]) < timedelta(
        days=7, seconds=1
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {made['token']}")
    assert client.get("/api/v1/me/").json()["scopes"] == ["read"]


def test_token_create_defaults_to_ninety_days(user):
    client = APIClient()
    client.force_authenticate(user)

    made = client.post(TOKENS, {"name": "nightly", "scopes": ["read"]}).json()

    lifetime = parse_datetime(made["expires_at"]) - parse_datetime(made["created_at"])
    assert abs(lifetime - timedelta(days=90)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("attr", "wrong"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x" * 101}),
        ("scopes", {"scopes": []}),
        ("scopes.0", {"scopes": ["root"]}),
        ("scopes", {"scopes": ["read"]}),
        ("expiry_days", {"expiry_days": 0}),
        ("expiry_days", {"expiry_days": 367}),
    ],
)
def test_token_create_says_what_is_wrong(api, attr, wrong):
    response = api("account").post(TOKENS, ASKED | wrong)

    assert (response.status_code, response.json()["errors"][0]["attr"]) == (400, attr)
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize("body", ["", "null", "{}", "[]"])
def test_token_create_of_nothing_says_what_to_send(api, body):
    response = api("account").post(TOKENS, body, content_type="application/json")

    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"], error["attr"]) == (400, "empty_body", "non_field_errors")
    assert '{"name": "nightly script", "scopes": ["read"]}' in error["detail"]


def test_token_create_refuses_what_it_does_not_know(api):
    response = api("account").post(TOKENS, ASKED | {"scope": "read"})

    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"], error["attr"]) == (400, "unknown_field", "scope")
    assert "Choose from: name, scopes, expiry_days." in error["detail"]
    assert AuthToken.objects.count() == 1


def test_token_create_names_every_missing_field(api):
    response = api("account").post(TOKENS, {"expiry_days": 7})

    assert {error["attr"] for error in response.json()["errors"]} == {"name", "scopes"}


def test_token_create_from_a_browser_needs_its_csrf_token(session_api):
    assert session_api.post(TOKENS, ASKED).status_code == 403


def test_token_create_says_that_there_are_too_many(api, monkeypatch):
    client = api("account")
    monkeypatch.setattr("accounts.services.MAX_TOKENS", 1)

    response = client.post(TOKENS, ASKED)

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] in {None, "non_field_errors"}


def test_token_delete_revokes(api, make_token):
    token, client = make_token(), api("account")

    assert client.delete(f"{TOKENS}{token.public_id}/").status_code == 204
    assert not AuthToken.objects.filter(pk=token.pk).exists()


def test_a_token_may_revoke_itself(api):
    client = api("account")

    assert client.delete(f"{TOKENS}{AuthToken.objects.get().public_id}/").status_code == 204
    assert client.get("/api/v1/me/").status_code == 401


def test_token_delete_hides_other_peoples_tokens(api, other, make_token):
    theirs, client = make_token(owner=other), api("account")

    assert client.delete(f"{TOKENS}{theirs.public_id}/").status_code == 404
    assert client.delete(f"{TOKENS}{uuid4()}/").status_code == 404
    assert AuthToken.objects.filter(pk=theirs.pk).exists()
