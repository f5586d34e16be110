"""Ranges of addresses that webhooks may be posted to."""

from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured

from stockcast_site.networks import read_ranges


def test_ranges_are_read_in_both_families() -> None:
    given = ["10.20.0.0/16", " 192.168.7.9 ", "fd00::/8", ""]

    expected = tuple(ip_network(text) for text in ("10.20.0.0/16", "192.168.7.9/32", "fd00::/8"))

    assert read_ranges("WEBHOOK_ALLOWED_RANGES", given) == expected


@pytest.mark.parametrize("bad", ["10.0.0.1/8", "10.0.0.0/33", "localhost", "10.0.0.0-10.0.0.9"])
def test_a_bad_range_is_an_error_that_names_the_setting(bad: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"WEBHOOK_ALLOWED_RANGES: .*10\.20\.0\.0/16"):
        read_ranges("WEBHOOK_ALLOWED_RANGES", ["10.0.0.0/8", bad])
