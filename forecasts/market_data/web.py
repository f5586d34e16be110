"""One polite request to a source that is asked by HTTP: in turn with all who ask it, short, and bounded."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from forecasts.market_data.base import SAMPLE_REMEDY, Unreachable
from forecasts.market_data.lane import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from forecasts.market_data.lane import Lane

# Together about as long as a turn in the lane lasts. Only connecting is tried again, for whatever has reached
# the source counts against its allowance.
CONNECT_SECONDS, SILENCE_SECONDS, ANSWER_SECONDS = 3.0, 8.0, 8.0
RETRIES = 1
# Sixty years of daily prices are some 5 million bytes.
LARGEST_ANSWER = 32_000_000


@dataclass(frozen=True)
class Answer:
    """What a source sent, well or badly; `retry_after` in seconds, if it says for how long to stay away."""

    status: int
    body: bytes
    retry_after: float | None = None

    @cached_property
    def content(self) -> Any:
        """The body's JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def text(self) -> str:
        """The body's first words in one line; empty where it is data, a web page or no text at all."""
        line = " ".join(self.body[:300].decode(errors="replace").split())
        return line if line.isprintable() and not line.startswith(("<", "[", "{", "null")) else ""


def get(lane: Lane, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    """Wait for a turn in the lane and ask once. The caller tells the lane what came of it: see `settle`.

    Keys belong in `headers`: addresses end up in logs. Raises Unreachable where no whole answer comes in
    time; the lane has been told then.
    """
    from requests import RequestException

    lane.take_turn()
    try:
        return _ask(url, query, headers)
    except RequestException as error:
        lane.failed()
        raise Unreachable(
            f"{lane.name} cannot be reached from here.",
            f"Check the network, or try again later. {SAMPLE_REMEDY}",
        ) from error


def settle(lane: Lane, answer: Answer) -> None:
    """Tell the lane what came of a request, by the answer's status; after a 429 raise what the lane says."""
    if answer.status == 429:
        lane.refused(answer.retry_after)
        raise lane.why_paused()
    if answer.status >= 500:
        lane.failed()
    else:
        lane.answered()


def _ask(url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    with (
        _session(url) as session,
        session.get(
            url,
            params=query,
            # In place of a key from the user's .netrc, which would take the place of one in `headers`.
            auth=lambda request: _signed(request, headers),
            timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response,
    ):
        retry_after = retry_after_seconds(response.headers.get("Retry-After"))
        return Answer(response.status_code, _body(response), retry_after)


def _session(url: str) -> requests.Session:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry

    session = requests.Session()
    retries = Retry(
        RETRIES,
        read=0,
        redirect=0,
        status=0,
        other=0,
        backoff_factor=0.5,
        respect_retry_after_header=False,  # the lane keeps it
    )
    session.mount(url, HTTPAdapter(max_retries=retries))
    return session


def _signed(request: requests.PreparedRequest, headers: Mapping[str, str]) -> requests.PreparedRequest:
    request.headers.update(headers)
    return request


def _body(response: requests.Response) -> bytes:
    """Read the answer, unpacked; of one that is absurdly long nothing is kept."""
    import requests

    body, deadline = bytearray(), time.monotonic() + ANSWER_SECONDS
    for part in response.iter_content(65_536):
        body += part
        if len(body) > LARGEST_ANSWER:
            return b""
        if time.monotonic() > deadline:  # each part came in time, and yet there is no end of it
            raise requests.Timeout
    return bytes(body)
