from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import AuthToken, User
from accounts.services import create_token

PASSWORD = "correct horse battery"  # of the shared fixtures `user` and `other`


@pytest.fixture
def make_token(user: User) -> Callable[..., AuthToken]:
    """Return a function that makes a token; its plain text is the attribute `plain`."""

    def make(*scopes: str, owner: User = user, **fields: object) -> AuthToken:
        token, plain = create_token(user=owner, name="script", scopes=scopes or ["read"])
        if fields:
            AuthToken.objects.filter(pk=token.pk).update(**fields)
            token.refresh_from_db()
        token.plain = plain
        return token

    return make


@pytest.fixture
def api(make_token: Callable[..., AuthToken]) -> Callable[..., APIClient]:
    """Return a function that makes a client whose new token holds the given scopes."""

    def make(*scopes: str, **fields: object) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {make_token(*scopes, **fields).plain}")
        return client

    return make
