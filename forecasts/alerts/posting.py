"""One HTTP post to an address of somebody's choosing: checked, short, bounded, and never led elsewhere."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from forecasts.alerts import addresses
from forecasts.alerts.errors import DeliveryFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from http.client import HTTPResponse

    from forecasts.alerts.addresses import Address, Target

# For all of an attempt: finding the host, connecting, and the answer.
SECONDS = 10.0
# To one of the host's addresses, while it has others.
CONNECT_SECONDS = 4.0
MOST_OF_AN_ANSWER = 65_536


@dataclass
class _Clock:
    """How much of an attempt's time is left."""

    ends: float = field(default_factory=lambda: time.monotonic() + SECONDS)

    @property
    def left(self) -> float:
        """Seconds, and never 0, which would mean “at once” to a socket."""
        return max(0.001, self.ends - time.monotonic())

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Return the status with which an address answers; a redirect's is an answer too.

    Neither the environment's proxies nor redirects are followed. Raises DeliveryFailed, with words for the
    address's owner, where it may not be asked or does not answer in time.
    """
    clock = _Clock()
    try:
        target = addresses.read(url)
        found = addresses.resolve(target, clock.left)
        with (
            _connected(target, found, clock) as connection,
            _cut_off(connection, clock),
            _asked(connection, target, body, headers) as response,
        ):
            if clock.is_over:  # what was cut off in the middle of its headers looks like an answer
                raise TimeoutError
            with suppress(OSError, HTTPException):
                # What it says is not kept, but who is cut off while speaking may take it for a fault.
                response.read(MOST_OF_AN_ANSWER)
            return response.status
    except addresses.AddressRefused as refusal:
        raise DeliveryFailed(str(refusal)) from refusal
    except ssl.SSLCertVerificationError as error:
        raise DeliveryFailed(f"The certificate cannot be trusted: {error.verify_message}.") from error
    except (OSError, HTTPException) as error:
        if clock.is_over or isinstance(error, TimeoutError):
            raise DeliveryFailed(f"There was no answer within {SECONDS:.0f} seconds.") from error
        raise DeliveryFailed(f"The address does not answer{_short(error)}.") from error


def _short(error: OSError | HTTPException) -> str:
    """Return what went wrong, but nothing that the other side said: it may be on an inner network."""
    if not isinstance(error, OSError):
        return " in HTTP"
    words = error.strerror or str(error) or type(error).__name__
    return f": {' '.join(str(words).split())[:120].rstrip('.')}"


def _asked(
    connection: socket.socket, target: Target, body: bytes, headers: Mapping[str, str]
) -> HTTPResponse:
    asking = HTTPConnection(target.host, target.port)
    asking.sock = connection
    asking.request("POST", target.path, body, {**headers, "Host": target.netloc, "Connection": "close"})
    return asking.getresponse()


@contextmanager
def _connected(target: Target, found: Sequence[Address], clock: _Clock) -> Iterator[socket.socket]:
    """Connect to one of the addresses that were checked, and to nothing that the name means by now."""
    connection = _first_answering(target, found, clock)
    try:
        if target.scheme == "https":
            connection.settimeout(clock.left)
            connection = _trusted().wrap_socket(connection, server_hostname=target.host)
        connection.settimeout(clock.left)
        yield connection
    finally:
        connection.close()


def _first_answering(target: Target, found: Sequence[Address], clock: _Clock) -> socket.socket:
    trouble: OSError = TimeoutError()
    for address in found:
        connection = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
        connection.settimeout(clock.left if address is found[-1] else min(CONNECT_SECONDS, clock.left))
        try:
            connection.connect((str(address), target.port))
        except OSError as error:
            connection.close()
            trouble = error
        else:
            return connection
        if clock.is_over:
            break
    raise trouble


@cache
def _trusted() -> ssl.SSLContext:
    """Trust whom the system trusts, and whom certifi does where the system's list is missing or old."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@contextmanager
def _cut_off(connection: socket.socket, clock: _Clock) -> Iterator[None]:
    """End the conversation when the time is over.

    A socket's own time limit begins anew with each byte that it receives.
    """

    def cut() -> None:
        with suppress(OSError):
            # An SSL socket's own shutdown would take its state from under the thread that reads.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

    timer = threading.Timer(clock.left, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
