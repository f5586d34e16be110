import pytest

from tests.site import Person, Site, newcomer


@pytest.fixture(scope="package")
def ada(site: Site) -> Person:
    return newcomer(site, "ada@example.com", "read", "write", "account")


@pytest.fixture(scope="package")
def bob(site: Site) -> Person:
    return newcomer(site, "bob@example.com", "read", "write", "account")
