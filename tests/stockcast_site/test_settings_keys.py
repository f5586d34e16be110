"""Keys to sources come from the environment, or from files that it names."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from stockcast_site import settings

NAME = "TIINGO_API_KEY"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The only variables that settings see."""
    variables: dict[str, str] = {}
    monkeypatch.setattr(settings.env, "ENVIRON", FileAwareMapping(env=variables))
    return variables


def test_a_key_comes_from_the_environment(environment: dict[str, str]) -> None:
    environment[NAME] = "0123abc"

    assert settings._api_key(NAME) == "0123abc"


def test_a_key_may_come_from_a_file_that_ends_with_a_line_break(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("0123abc\n")
    environment[f"{NAME}_FILE"] = str(tmp_path / "key")

    assert settings._api_key(NAME) == "0123abc"


def test_without_one_there_is_none(environment: dict[str, str]) -> None:
    assert settings._api_key(NAME) == ""


@pytest.mark.parametrize("key", ["two words", "two\nlines", "schlüssel", "a\x00b"])
def test_what_no_header_can_carry_is_refused_without_repeating_it(
    environment: dict[str, str], key: str
) -> None:
    environment[NAME] = key

    with pytest.raises(ImproperlyConfigured) as caught:
        settings._api_key(NAME)

    assert str(caught.value) == f"{NAME} is no key: it must be one word of plain letters and digits."
