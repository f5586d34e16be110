"""Posting to servers that are real, and mostly unpleasant."""

import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from forecasts.alerts import posting
from forecasts.alerts.errors import DeliveryFailed
from tests import webhook_server
from tests.webhook_server import CERTIFICATE, Receiver

BODY = b'{"version": 1}'
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_server.running() as running:
        yield running


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "SECONDS", 0.5)


@pytest.fixture
def _trusting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the system trust the test's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    posting._trusted.cache_clear()
    yield
    posting._trusted.cache_clear()


def names(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let every host resolve to the first of `answers`, then the second, …; return the hosts asked for."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_post_arrives_as_it_was_sent(receiver: Receiver) -> None:
    assert posting.post(f"{receiver.url}?key=a%20b", BODY, HEADERS) == 200

    (post,) = receiver.posts
    assert (post.path, post.body) == ("/hook?key=a%20b", BODY)
    assert post.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert (post.headers["Content-Type"], post.headers["Connection"]) == ("application/json", "close")


@pytest.mark.parametrize("status", [204, 301, 400, 410, 500])
def test_any_status_is_an_answer(status: int, receiver: Receiver) -> None:
    receiver.status = status

    assert posting.post(receiver.url, BODY, HEADERS) == status


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    with webhook_server.running() as inner:
        receiver.status, receiver.location = 307, inner.url

        assert posting.post(receiver.url, BODY, HEADERS) == 307

    assert (len(receiver.posts), inner.posts) == (1, [])


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook_server.running() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        posting.post(receiver.url, BODY, HEADERS)

    assert (len(receiver.posts), proxy.posts) == (1, [])


def test_a_private_address_is_refused_before_anything_is_sent(receiver: Receiver, settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = ()

    with pytest.raises(DeliveryFailed, match="an address that is not public"):
        posting.post(receiver.url, BODY, HEADERS)

    assert receiver.posts == []


def test_a_name_that_changes_its_meaning_leads_nowhere_else(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOWED_RANGES = (ip_network("127.0.0.1/32"),)
    asked = names(monkeypatch, "127.0.0.1", "127.0.0.2", "127.0.0.2")
    with webhook_server.running("127.0.0.2", receiver.port) as inside:
        assert posting.post(f"http://rebinding.example:{receiver.port}/", BODY, HEADERS) == 200
        with pytest.raises(DeliveryFailed, match="an address that is not public"):
            posting.post(f"http://rebinding.example:{receiver.port}/", BODY, HEADERS)

    assert asked == ["rebinding.example"] * 2
    assert [post.headers["Host"] for post in receiver.posts] == [f"rebinding.example:{receiver.port}"]
    assert inside.posts == []


def test_an_address_that_does_not_answer_leaves_the_others(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 0)) for host in ("127.0.0.9", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: rows)

    assert posting.post(f"http://two.example:{receiver.port}/", BODY, HEADERS) == 200


def test_nobody_listening_is_said(receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed, match=r"does not answer: Connection refused\."):
        posting.post(f"http://127.0.0.9:{receiver.port}/", BODY, HEADERS)


@pytest.mark.parametrize("behaviour", [Receiver.never, Receiver.drip], ids=["silent", "dripping"])
@pytest.mark.usefixtures("_hurried")
def test_an_answer_without_end_is_not_waited_for(
    behaviour: Callable[[Receiver, BaseHTTPRequestHandler], None], receiver: Receiver
) -> None:
    receiver.answer = lambda handler: behaviour(receiver, handler)

    with pytest.raises(DeliveryFailed, match="no answer within") as failed:
        posting.post(receiver.url, BODY, HEADERS)

    assert (failed.value.code, failed.value.permanent) == (None, False)
    assert not receiver.let_go.is_set()


@pytest.mark.usefixtures("_hurried")
def test_a_huge_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.answer = receiver.flood

    assert posting.post(receiver.url, BODY, HEADERS) == 200


def test_what_is_no_http_is_said(receiver: Receiver) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")

    receiver.answer = answer

    with pytest.raises(DeliveryFailed, match="does not answer") as failed:
        posting.post(receiver.url, BODY, HEADERS)

    # What a service of an inner network says of itself is not for whoever makes a webhook.
    assert failed.value.message == "The address does not answer in HTTP."


def test_a_server_that_hangs_up_is_said(receiver: Receiver) -> None:
    receiver.answer = lambda handler: handler.wfile.close()

    with pytest.raises(DeliveryFailed, match="does not answer"):
        posting.post(receiver.url, BODY, HEADERS)


@pytest.mark.usefixtures("_trusting")
def test_a_certificate_is_judged_by_the_hosts_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "127.0.0.1", "127.0.0.1")
    with webhook_server.running(tls=True) as receiver:
        assert posting.post(f"https://hook.example:{receiver.port}/", BODY, HEADERS) == 200
        with pytest.raises(DeliveryFailed, match="certificate cannot be trusted: Hostname mismatch"):
            posting.post(f"https://other.example:{receiver.port}/", BODY, HEADERS)

    assert [post.headers["Host"] for post in receiver.posts] == [f"hook.example:{receiver.port}"]


def test_a_certificate_that_nobody_vouches_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "127.0.0.1")
    with (
        webhook_server.running(tls=True) as receiver,
        pytest.raises(DeliveryFailed, match=r"certificate cannot be trusted: self.signed"),
    ):
        posting.post(f"https://hook.example:{receiver.port}/", BODY, HEADERS)

    assert receiver.posts == []


@pytest.mark.usefixtures("_trusting", "_hurried")
def test_an_encrypted_answer_without_end_is_cut_off_too(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "127.0.0.1")
    with webhook_server.running(tls=True) as receiver:
        receiver.answer = receiver.drip
        with pytest.raises(DeliveryFailed, match="no answer within"):
            posting.post(f"https://hook.example:{receiver.port}/", BODY, HEADERS)


@pytest.mark.usefixtures("_hurried")
def test_a_server_that_never_shakes_hands_is_left() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(DeliveryFailed, match="no answer within"),
    ):
        posting.post(f"https://127.0.0.1:{silent.getsockname()[1]}/", BODY, HEADERS)
