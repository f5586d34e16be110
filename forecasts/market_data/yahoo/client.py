"""The yfinance client, made to ask in turn and to say plainly what went wrong.

The client sends every request through one session, whatever it is for: a chart, a search, a cookie. `client`
puts the lane before that session, so that no request goes out without a turn, and none is repeated that
Yahoo refused. Left alone the client answers one 429 with six further requests.
"""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from celery.exceptions import SoftTimeLimitExceeded

from forecasts.market_data.base import SAMPLE_REMEDY, ProviderError, UnknownSymbol, Unreachable
from forecasts.market_data.lane import lane_of, retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT_SECONDS = 10.0
# The client spends these on network faults only; a refusal is never asked for again.
RETRIES = 2
# The addresses that prices and symbols come from; all others only serve cookies and crumbs.
ANSWERS = ("/v8/finance/chart/", "/v1/finance/search")
# Refusals that a crumb may overcome: the client fetches one then, and asks once more.
WANTS_CRUMB = (401, 403)
# What Yahoo says when there is no such symbol; its other reasons are troubles of its own.
NO_SUCH_SYMBOL = ("no data found", "not found", "delisted", "doesn't exist")
LATER = f"Try again later. {SAMPLE_REMEDY}"

_hooking = threading.Lock()


class Refused(Exception):
    """Yahoo answered with an error; `reason` is its own words, if it gave any."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status} {reason}".strip())
        self.status, self.reason = status, reason


def client() -> Any:
    """Return yfinance, configured, with the lane before its session."""
    yfinance = _configured(os.getpid())
    data = yfinance.data.YfData()
    with _hooking:
        if "request" not in vars(data._session):
            data._session.request = partial(_ask_in_turn, data._session.request)
            data._get_cookie_and_crumb = partial(_crumb_if_wanted, data, data._get_cookie_and_crumb)
    return yfinance


@lru_cache(maxsize=1)
def _configured(_process: int) -> Any:
    """Import and configure yfinance, once per process: several corrupt a shared folder of cookies."""
    import yfinance

    yfinance.set_tz_cache_location(tempfile.mkdtemp(prefix="stockcast-yahoo-"))
    yfinance.config.debug.hide_exceptions = False
    yfinance.config.network.retries = RETRIES
    return yfinance


def _crumb_if_wanted(data: Any, fetch: Callable[..., Any], timeout: float = TIMEOUT_SECONDS) -> Any:
    """Charts and searches are given without a crumb, so none is fetched before Yahoo wants one.

    That would cost two requests more, and Yahoo often refuses crumbs while it gives charts. Where a chart is
    refused for lack of one, the client changes its way of getting it from "basic" to "csrf", and asks here.
    """
    if data._cookie_strategy == "basic":
        return data._crumb, "basic"
    return fetch(timeout)


def _ask_in_turn(ask: Callable[..., Any], **request: Any) -> Any:
    """Send one request when it is our turn, and tell the lane what came of it.

    Raises RateLimited or Refused for an answer that must not be asked for again, and what `take_turn` does.
    """
    from curl_cffi.requests.exceptions import RequestException

    lane = lane_of("yahoo")
    lane.take_turn()
    try:
        response = ask(**{**request, "timeout": TIMEOUT_SECONDS})
    except RequestException:
        lane.failed()
        raise
    except BaseException:  # a time limit of the task's, say
        lane.give_back()
        raise
    if response.status_code == 429:
        lane.refused(retry_after_seconds(response.headers.get("Retry-After")))
        raise lane.why_paused()
    is_answer = any(path in request["url"] for path in ANSWERS)
    if is_answer and response.status_code >= 500:
        lane.failed()
    else:
        lane.answered()
    if is_answer and response.status_code >= 400 and response.status_code not in WANTS_CRUMB:
        raise Refused(response.status_code, _reason(response))
    return response


def _reason(response: Any) -> str:
    """Return the words of an error that Yahoo describes, as it does with most: {"chart": {"error": …}}."""
    try:
        ((_, said),) = response.json().items()
        return str(said["error"]["description"]).rstrip(".")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


# Saying it ----------------------------------------------------------------------------------------------


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Turn what the client raises about `subject` into words, and into whether trying again can help."""
    from curl_cffi.requests.exceptions import RequestException
    from yfinance import exceptions

    try:
        yield
    except (ProviderError, SoftTimeLimitExceeded):
        raise
    except Refused as error:
        raise _refused(subject, error) from error
    except exceptions.YFPricesMissingError as error:
        raise missing(subject, (error.yahoo_reason or "").rstrip(".")) from error
    except exceptions.YFDataException as error:
        raise ProviderError("Yahoo is closed for maintenance.", LATER) from error
    except RequestException as error:
        raise Unreachable(
            "Yahoo cannot be reached from here.", f"Check the network, or try again later. {SAMPLE_REMEDY}"
        ) from error
    except Exception as error:  # the client lets through whatever broke on Yahoo's answer
        raise ProviderError(
            f"Yahoo gave an answer that cannot be read ({type(error).__name__}).", LATER
        ) from error


def _refused(subject: str, error: Refused) -> ProviderError:
    if error.reason:
        return missing(subject, error.reason)
    return ProviderError(f"Yahoo failed to answer (HTTP {error.status}).", LATER)


def missing(symbol: str, reason: str = "") -> ProviderError:
    """Only a reason that speaks of the symbol makes it unknown; all else may be a passing fault."""
    if any(words in reason.lower() for words in NO_SUCH_SYMBOL):
        return UnknownSymbol(
            f"Yahoo has no prices for {symbol}. It says: {reason}.", f"Check the symbol. {SAMPLE_REMEDY}"
        )
    said = f" It says: {reason}." if reason else ""
    return ProviderError(f"Yahoo sent no prices for {symbol}.{said}", LATER)
