"""Who looks at a page."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User


@pytest.fixture
def as_other(other: User) -> Client:
    client = Client()
    client.force_login(other)
    return client


@pytest.fixture
def queries() -> Callable[[Client, str], int]:
    """Count the queries of a page."""

    def count(client: Client, url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    return count
