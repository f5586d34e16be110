"""Where webhooks may point: to public addresses, unless a setting allows a range of private ones.

A server that posts to whatever address its users name can be made to ask its own network. So a host is
resolved, every address that it has is checked, and the connection is made to an address that was checked,
not to the name: a name that means something else a moment later changes nothing.
"""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from forecasts.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    Address = IPv4Address | IPv6Address

PORTS = {"https": 443, "http": 80}
LONGEST_URL = 500
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# Look-ups under way in a process; one that hangs holds a thread, long after anybody waits for it.
LOOK_UPS = threading.BoundedSemaphore(32)
# And those that people wait for: the web process has few threads.
AWAITED = threading.BoundedSemaphore(2)
# What browsers and the C library read as an IPv4 address, or as a part of one.
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")

# IANA's special-purpose address registries, and 168.63.129.16, where Azure answers its machines.
_REFUSED_4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
# Outside 2000::/3 nothing is public: loopback, link-local, unique local, multicast, IPv4-mapped and NAT64
# addresses lie there. Inside it: Teredo and other protocols, documentation, 6to4.
PUBLIC_6 = ip_network("2000::/3")
_REFUSED_6 = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
REFUSED = tuple(ip_network(block) for block in (*_REFUSED_4, *_REFUSED_6))


class AddressRefused(Exception):
    """A webhook may not point there, or it leads nowhere; the message says why, and what to do."""


@dataclass(frozen=True)
class Target:
    """The parts of a webhook's address; `path` begins with a slash and holds the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """Host and port as they stand in the address and in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


def read(url: str) -> Target:
    """Return the parts of an address, in one spelling. Raises AddressRefused where no webhook can have it."""
    text = url.strip()
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise AddressRefused(
            "Write the address in plain letters: a host such as bücher.example as xn--bcher-kva.example, and "
            "in the path %20 for a space."
        )
    if len(text) > LONGEST_URL:
        raise AddressRefused(f"This address is too long: {LONGEST_URL} characters are the most.")
    try:
        parts = urlsplit(text)
        scheme, port = parts.scheme, parts.port
        host = _host(parts)
    except ValueError as error:
        raise AddressRefused(
            "This is no address. Give one such as https://example.com/hooks/stockcast."
        ) from error
    port = PORTS[scheme] if port is None else port
    if not 1 <= port <= 65535:
        raise AddressRefused("Give a port from 1 to 65535, or leave it out.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, host, port, path)


def _host(parts: SplitResult) -> str:
    """Return the host: a name, or an address in its one spelling. Raises ValueError where there is none."""
    if parts.scheme not in PORTS:
        raise AddressRefused("Give an address that begins with https://.")
    if "@" in parts.netloc:
        raise AddressRefused(
            "Leave user and password out of the address: the signature says who is calling. A secret of "
            "yours can stand in the path."
        )
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        if "%" in host:
            _nowhere(host)
        return str(IPv6Address(host))
    labels = host.split(".")
    if NUMBER.fullmatch(labels[-1]):
        return _dotted(host)
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        _nowhere(host)
    return host


def _dotted(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError as error:
        raise AddressRefused("Write a numeric host as four decimal numbers, such as 192.0.2.7.") from error


def _nowhere(host: str) -> NoReturn:
    raise AddressRefused(f"“{host[:80]}” is no name of a host. Give one such as example.com.")


def resolve(target: Target, seconds: float, places: threading.Semaphore = LOOK_UPS) -> list[Address]:
    """Return the addresses that a target's host has now, IPv4 first; there is at least one.

    Raises AddressRefused where one of them may not be asked, or where none is found within `seconds`, or
    where as many as there are `places` for are being looked up.
    """
    found = _literal(target.host) or _look_up(target, seconds, places)
    for address in found:
        _check(target, address)
    return sorted(found, key=lambda address: address.version)


def _check(target: Target, address: Address) -> None:
    if any(address in block for block in settings.WEBHOOK_ALLOWED_RANGES):
        return
    if not is_public(address):
        # Which address it is would tell strangers about the network that the site runs in.
        raise AddressRefused(
            f"{target.host} leads to an address that is not public. Webhooks are posted to public addresses "
            "only; whoever runs this site can allow others with WEBHOOK_ALLOWED_RANGES."
        )
    if target.scheme != "https":
        raise AddressRefused(
            "Give an address that begins with https://: what is sent to a public address is encrypted."
        )


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet."""
    if address.version == 6 and address not in PUBLIC_6:
        return False
    return not any(address in block for block in REFUSED)


def _literal(host: str) -> list[Address]:
    try:
        return [ip_address(host)]
    except ValueError:
        return []


def _look_up(target: Target, seconds: float, places: threading.Semaphore) -> list[Address]:
    """Resolve in a thread of its own: the system's resolver knows no time limit that could be set."""
    if not places.acquire(blocking=False):
        raise AddressRefused("Too many hosts are being looked up at this moment. Try again in a minute.")
    found: list[Address] = []

    def ask() -> None:
        try:
            found.extend(_addresses(target))
        finally:
            places.release()

    thread = threading.Thread(target=ask, daemon=True, name="resolver")
    thread.start()
    thread.join(max(0.0, seconds))
    if not found:
        why = "took too long to find" if thread.is_alive() else "cannot be found"
        raise AddressRefused(f"The host {target.host} {why}. Check the address, or try again later.")
    return list(found)


def _addresses(target: Target) -> Sequence[Address]:
    try:
        rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    # An address of a link carries the link's name, after a percent sign.
    return [ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


def check(url: str, seconds: float) -> str:
    """Return an address in its one spelling, if webhooks may point to it now.

    Raises RequestRefused, with words for who gave it.
    """
    try:
        target = read(url)
        resolve(target, seconds, AWAITED)
    except AddressRefused as refusal:
        raise RequestRefused(str(refusal), code="bad_address", field="url") from refusal
    return target.url
