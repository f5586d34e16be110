"""Ranges of addresses in settings."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.core.exceptions import ImproperlyConfigured

Network = IPv4Network | IPv6Network


def read_ranges(name: str, given: Iterable[str]) -> tuple[Network, ...]:
    """Return the ranges that a setting lists, such as 10.0.0.0/8; a bad one is an error that names it."""
    try:
        return tuple(ip_network(text.strip()) for text in given if text.strip())
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. Give ranges such as 10.20.0.0/16.") from error
