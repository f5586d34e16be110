from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from knox.crypto import hash_token

from accounts.models import AuthToken
from accounts.services import MAX_TOKENS, create_token, revoke_token


def fill(user, count):
    AuthToken.objects.bulk_create(
        AuthToken(
            digest=str(n), token_key=str(n), user=user, expiry=timezone.now() + timedelta(days=1), scopes=[]
        )
        for n in range(count)
    )


def test_create_token_keeps_only_the_digest(user):
    token, plain = create_token(user=user, name=" script ", scopes=["account", "read"])

    token.refresh_from_db()
    assert (token.name, token.scopes, token.user) == ("script", ["read", "account"], user)
    assert token.digest == hash_token(plain)
    assert plain not in {token.digest, token.token_key}


@pytest.mark.parametrize("days", [1, 90, 366])
def test_create_token_expires_after_the_days_asked_for(user, days):
    token, _ = create_token(user=user, name="script", scopes=["read"], expiry_days=days)

    assert abs(token.expiry - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 101}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["admin"]}),
        ("expiry_days", {"expiry_days": 0}),
        ("expiry_days", {"expiry_days": 367}),
    ],
)
def test_create_token_says_which_field_is_wrong(user, field, asked):
    with pytest.raises(ValidationError) as refusal:
        create_token(**{"user": user, "name": "script", "scopes": ["read"], **asked})

    assert list(refusal.value.message_dict) == [field]
    assert not AuthToken.objects.exists()


@pytest.mark.parametrize("asked", [["read"], ["forecasts:write"], ["write", "account"]])
def test_a_token_hands_on_what_it_holds(user, make_token, asked):
    maker = make_token("read", "write", "account")

    token, _ = create_token(user=user, name="child", scopes=asked, limit_to=maker)

    assert token.scopes == asked


@pytest.mark.parametrize("asked", ["write", "watchlists:write", "read"])
def test_a_token_never_hands_on_more_than_it_holds(user, make_token, asked):
    maker = make_token("forecasts:write", "account")

    with pytest.raises(ValidationError, match="lacks"):
        create_token(user=user, name="child", scopes=[asked], limit_to=maker)


def test_a_token_made_with_a_token_does_not_outlive_it(user, make_token):
    maker = make_token("account", expiry=timezone.now() + timedelta(days=3))

    token, _ = create_token(user=user, name="child", scopes=["account"], expiry_days=90, limit_to=maker)

    assert abs(token.expiry - maker.expiry) < timedelta(seconds=1)


def test_there_is_room_for_fifty_tokens_each(user, other):
    fill(user, MAX_TOKENS)

    with pytest.raises(ValidationError, match="Revoke one first"):
        create_token(user=user, name="one more", scopes=["read"])

    create_token(user=other, name="first", scopes=["read"])
    assert AuthToken.objects.count() == MAX_TOKENS + 1


def test_expired_tokens_make_room(user):
    fill(user, MAX_TOKENS)
    AuthToken.objects.update(expiry=timezone.now())

    token, _ = create_token(user=user, name="one more", scopes=["read"])

    assert list(AuthToken.objects.all()) == [token]


@pytest.mark.django_db(transaction=True)
def test_tokens_made_at_the_same_moment_do_not_overrun_the_limit(user):
    fill(user, MAX_TOKENS - 1)

    def make(_):
        try:
            return create_token(user=user, name="race", scopes=["read"])
        except ValidationError:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = [token for token in pool.map(make, range(4)) if token]

    assert (len(made), AuthToken.objects.count()) == (1, MAX_TOKENS)


def test_revoke_token_ends_ones_own_only(user, other, make_token):
    mine, theirs = make_token(), make_token(owner=other)

    answers = [revoke_token(user=user, public_id=key) for key in (mine.public_id, theirs.public_id, uuid4())]

    assert answers == [True, False, False]
    assert list(AuthToken.objects.all()) == [theirs]
