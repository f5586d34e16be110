"""What every test stands on. The services themselves come from tests/services.py."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User

# The fixture `site`, a running StockCast.
pytest_plugins = ["tests.site"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings_tox_suffix() -> None:
    """Name the run's own database; pytest-django adds a parallel worker's suffix after this step."""
    connection.settings_dict["TEST"]["NAME"] = settings.KEY_PREFIX.rstrip(":")


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ada@example.com", "correct horse battery")


@pytest.fixture
def other(db: None) -> User:
    return User.objects.create_user("bob@example.com", "correct horse battery")


@pytest.fixture
def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Settings) -> None:
    """Argon2 is slow on purpose; here nobody attacks."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _own_cache() -> Iterator[None]:
    """Forget what a test counted (throttles, rate limits); only this run's key prefix is touched."""
    yield
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]  # no public way to clear by prefix
    if keys := list(client.scan_iter(match=cache.make_key("*"))):
        client.delete(*keys)
