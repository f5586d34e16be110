"""Where webhooks may point."""

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from forecasts.alerts import addresses
from forecasts.alerts.addresses import AddressRefused
from forecasts.errors import RequestRefused

Resolver = Callable[..., None]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Let host names have these addresses, and no others be found."""
    known: dict[str, tuple[str, ...]] = {}

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port)) for found in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    def learn(host: str, *found: str) -> None:
        known[host] = found

    return learn


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://example.com", "https://example.com/"),
        ("  HTTPS://Example.COM:443/Hook?a=b#part ", "https://example.com/Hook?a=b"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:/", "https://example.com/"),
        ("https://8.8.8.8/x", "https://8.8.8.8/x"),
        ("https://[2001:4860:4860:0:0::8888]:9/x", "https://[2001:4860:4860::8888]:9/x"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://my_receiver:8000/", "https://my_receiver:8000/"),
    ],
)
def test_an_address_is_read_into_one_spelling(given: str, kept: str) -> None:
    assert addresses.read(given).url == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "example.com/hook",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://good.example@127.0.0.1/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:-1/",
        "https://example.com:http/",
        "https://example.com./",
        "https://.example.com/",
        "https://example..com/",
        "https://-example.com/",
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nX-Header: 1",
        "https://example.com/\x00",
        "https://bücher.example/",
        "https://１２７.0.0.1/",
        "https://example.com/ü",
        "https://%31%32%37.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://0177.0.0.1/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://127.0.0.1./",
        "https://256.1.1.1/",
        "https://1.2.3.4.5/",
        "https://example.0x/",
        "https://example.123/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[127.0.0.1]/",
        "https://[v1.x]/",
        "https://" + "a" * 64 + ".example/",
        "https://example.com/" + "a" * 500,
    ],
)
def test_what_is_no_plain_address_is_refused_in_words(given: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        addresses.read(given)

    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "private",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(private: str, resolver: Resolver) -> None:
    resolver("inside.example", private)

    assert not addresses.is_public(ip_address(private))
    with pytest.raises(AddressRefused, match="an address that is not public"):
        addresses.resolve(addresses.read("https://inside.example/"), 5)


@pytest.mark.parametrize("public", ["8.8.8.8", "1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111"])
def test_public_addresses_are_found_to_be_so(public: str) -> None:
    assert addresses.is_public(ip_address(public))


def test_literal_addresses_are_checked_too() -> None:
    for host in ("127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"):
        with pytest.raises(AddressRefused, match="an address that is not public"):
            addresses.resolve(addresses.read(f"https://{host}/"), 5)


def test_localhost_is_refused_by_what_it_leads_to() -> None:
    with pytest.raises(AddressRefused, match="an address that is not public"):
        addresses.resolve(addresses.read("https://localhost/"), 5)


def test_one_private_address_among_public_ones_is_enough(resolver: Resolver) -> None:
    resolver("two.example", "8.8.8.8", "10.0.0.1")

    with pytest.raises(AddressRefused, match="an address that is not public") as refused:
        addresses.resolve(addresses.read("https://two.example/"), 5)
    assert "10.0.0.1" not in str(refused.value)


def test_ipv4_comes_first(resolver: Resolver) -> None:
    resolver("both.example", "2606:4700::1111", "8.8.8.8")

    found = addresses.resolve(addresses.read("https://both.example/"), 5)

    assert [str(address) for address in found] == ["8.8.8.8", "2606:4700::1111"]


def test_the_address_of_a_link_is_refused_with_its_zone(resolver: Resolver) -> None:
    resolver("link.example", "fe80::1%eth0")

    with pytest.raises(AddressRefused, match="an address that is not public"):
        addresses.resolve(addresses.read("https://link.example/"), 5)


def test_http_is_for_allowed_ranges_alone(resolver: Resolver, settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("10.0.0.0/8"),)
    resolver("inside.example", "10.0.0.1")
    resolver("outside.example", "8.8.8.8")

    assert addresses.check("http://inside.example", 5) == "http://inside.example/"
    with pytest.raises(RequestRefused, match="begins with https") as refused:
        addresses.check("http://outside.example", 5)
    assert (refused.value.field, refused.value.code) == ("url", "bad_address")


def test_an_allowed_range_allows_no_other(resolver: Resolver, settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("10.0.0.0/8"),)
    resolver("mapped.example", "::ffff:10.0.0.1")
    resolver("other.example", "10.0.0.1", "127.0.0.1")

    for host in ("mapped.example", "other.example"):
        with pytest.raises(RequestRefused, match="WEBHOOK_ALLOWED_RANGES"):
            addresses.check(f"https://{host}/", 5)


def test_a_host_that_is_not_found_is_refused(resolver: Resolver) -> None:
    with pytest.raises(RequestRefused, match=r"nobody\.example cannot be found"):
        addresses.check("https://nobody.example/", 5)


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: let_go.wait(20) and [])

    with pytest.raises(RequestRefused, match="took too long to find"):
        addresses.check("https://slow.example/", 0.01)
    let_go.set()


def test_people_wait_for_two_hosts_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or names that nobody answers for would hold all threads of the web process."""
    let_go = threading.Event()
    monkeypatch.setattr(addresses, "AWAITED", threading.BoundedSemaphore(2))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: let_go.wait(20) and [])
    for _ in range(2):
        with pytest.raises(RequestRefused, match="took too long"):
            addresses.check("https://slow.example/", 0.01)

    with pytest.raises(RequestRefused, match="Too many hosts are being looked up"):
        addresses.check("https://third.example/", 0.01)
    assert addresses.check("https://8.8.8.8/", 0.01) == "https://8.8.8.8/"  # which needs no look-up
    let_go.set()


def test_a_look_up_that_ended_gives_its_place_back(resolver: Resolver) -> None:
    resolver("good.example", "8.8.8.8")

    for _ in range(5):
        addresses.check("https://good.example/", 5)
        with pytest.raises(RequestRefused, match="cannot be found"):
            addresses.check("https://nobody.example/", 5)
