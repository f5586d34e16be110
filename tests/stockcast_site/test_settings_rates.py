"""How often a source may be asked comes from the environment, and must be a rate."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from stockcast_site import settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The only variables that settings see."""
    variables: dict[str, str] = {}
    monkeypatch.setattr(settings.env, "ENVIRON", variables)
    return variables


def test_a_rate_may_be_a_fraction(environment: dict[str, str]) -> None:
    environment["YAHOO_RATE"] = "0.25"

    assert settings._rate("YAHOO_RATE", 1.0) == 0.25


def test_without_one_the_default_counts(environment: dict[str, str]) -> None:
    assert settings._rate("YAHOO_RATE", 1.0) == 1.0


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "1001", "one", ""])
def test_what_is_no_rate_is_refused(environment: dict[str, str], rate: str) -> None:
    environment["YAHOO_RATE"] = rate

    with pytest.raises(ImproperlyConfigured, match="it must be a number above 0, and 1000 at most"):
        settings._rate("YAHOO_RATE", 1.0)
