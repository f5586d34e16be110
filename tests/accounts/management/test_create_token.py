from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from knox.crypto import hash_token

from accounts.models import AuthToken, User


def run(*arguments):
    out = StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue()


def test_create_token_prints_the_token_alone_on_its_last_line(user):
    out = run("ADA@example.com", "--name", "nightly", "--scope", "read", "--scope", "write", "--days", "7")

    token = AuthToken.objects.get()
    assert hash_token(out.splitlines()[-1]) == token.digest
    assert (token.user, token.name, token.scopes) == (user, "nightly", ["read", "write"])
    assert (token.expiry - token.created).days in {6, 7}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["x@example.com", "--name", "n", "--scope", "read"],
            "Nobody has an active account with x@example.com",
        ),
        (["ada@example.com", "--name", "n", "--scope", "root"], "There is no scope root. Choose from read, "),
        (["ada@example.com", "--name", "n", "--scope", "read", "--days", "0"], "lifetime of 1 to 366 days"),
        (["ada@example.com", "--name", "n"], "--scope"),
    ],
)
def test_create_token_says_what_to_do(user, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)

    assert not AuthToken.objects.exists()


def test_create_token_knows_no_inactive_users(user):
    User.objects.update(is_active=False)

    with pytest.raises(CommandError, match="Nobody has an active account"):
        run("ada@example.com", "--name", "n", "--scope", "read")
