"""Clients of the API: an owner, another user, and nobody."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from tests.factories import token_for


def client_for(user: User, *scopes: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token_for(user, *scopes)}")
    return client


@pytest.fixture
def api(user: User) -> APIClient:
    return client_for(user)


@pytest.fixture
def other_api(other: User) -> APIClient:
    return client_for(other)


@pytest.fixture
def nobody() -> APIClient:
    return APIClient()


@pytest.fixture
def count_queries(api: APIClient) -> Callable[[str], int]:
    """Tell how many queries the owner's GET takes, without the first one's note that the token was used."""

    def count(address: str) -> int:
        api.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert api.get(address).status_code == 200
        return len(queries)

    return count
