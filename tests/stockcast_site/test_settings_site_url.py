"""SITE_URL, where links in mail lead."""

import os
import subprocess
import sys

import pytest

from tests.site import PROJECT

READ = "from stockcast_site import settings; print(settings.SITE_URL)"


def read_settings(**given: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name not in ("SITE_URL", "PORT")}
    env = known | {"STOCKCAST_READ_DOTENV": "0"} | given
    return subprocess.run([sys.executable, "-c", READ], cwd=PROJECT, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"SITE_URL": "", "PORT": ""}, "http://127.0.0.1:8000"),
        ({"PORT": "8123"}, "http://127.0.0.1:8123"),
        ({"SITE_URL": "https://stocks.example.org/", "PORT": "8123"}, "https://stocks.example.org"),
    ],
)
def test_links_lead_to_where_the_site_is(given: dict[str, str], url: str) -> None:
    assert read_settings(**given).stdout.strip() == url


@pytest.mark.parametrize(
    "url", ["stocks.example.org", "ftp://stocks.example.org", "https://a b", "https://a/b"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    done = read_settings(SITE_URL=url)

    assert done.returncode != 0
    assert "SITE_URL is" in done.stderr
