from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from accounts.models import AuthToken, User


def test_create_user_keeps_the_address_in_lower_case(db):
    user = User.objects.create_user("Ada@Example.COM", "secret")

    assert (user.email, User.objects.get().email) == ("ada@example.com", "ada@example.com")
    assert user.check_password("secret")
    assert not user.is_staff


def test_an_address_is_found_however_it_is_written(user):
    assert User.objects.get(email="ADA@example.com") == user
    assert User.objects.get_by_natural_key("Ada@Example.com") == user


def test_an_address_in_other_letters_is_the_same_address(user):
    with pytest.raises(IntegrityError):
        User.objects.create(email="ADA@EXAMPLE.COM")


def test_the_database_itself_refuses_capitals(user):
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="user_email_lower_case"):
        cursor.execute("UPDATE accounts_user SET email = 'Ada@example.com'")


def test_create_user_wants_an_address(db):
    with pytest.raises(ValueError, match="email address"):
        User.objects.create_user("")


def test_create_superuser_may_do_everything(db):
    root = User.objects.create_superuser("root@example.com", "secret")

    assert (root.is_staff, root.is_superuser) == (True, True)


def test_a_user_without_a_password_cannot_sign_in(db):
    assert not User.objects.create_user("ada@example.com").has_usable_password()


@pytest.mark.parametrize(("name", "shown"), [("Ada", "Ada"), ("", "ada@example.com")])
def test_a_user_goes_by_name_else_by_address(name, shown):
    assert User(email="ada@example.com", name=name).get_full_name() == shown


def test_tokens_are_scoped_to_their_owner(user, other, make_token):
    mine, theirs = make_token(), make_token(owner=other)

    assert list(AuthToken.objects.for_user(user)) == [mine]
    assert list(AuthToken.objects.for_user(other)) == [theirs]


def test_active_and_expired_part_at_the_expiry(make_token):
    live = make_token()
    dead = make_token(expiry=timezone.now() - timedelta(seconds=1))

    assert list(AuthToken.objects.active()) == [live]
    assert list(AuthToken.objects.expired()) == [dead]
    assert (live.is_expired, dead.is_expired) == (False, True)


@pytest.mark.parametrize(("age", "written"), [(None, True), (61, True), (59, False)])
def test_record_use_writes_at_most_once_a_minute(make_token, age, written):
    before = age and timezone.now() - timedelta(seconds=age)
    token = make_token(last_used_at=before)

    token.record_use()

    after = AuthToken.objects.get().last_used_at
    assert (after != before) is written


def test_record_use_loses_quietly_to_a_request_at_the_same_moment(make_token):
    token = make_token()
    now = timezone.now()
    AuthToken.objects.update(last_used_at=now)

    token.record_use()

    assert AuthToken.objects.get().last_used_at == now
