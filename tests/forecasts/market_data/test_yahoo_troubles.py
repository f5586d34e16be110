"""What Yahoo may do instead of answering, what people are told then, and what it costs in requests."""

import socket

import pytest

from forecasts.market_data.base import (
    SAMPLE_REMEDY,
    ProviderError,
    RateLimited,
    UnknownSymbol,
    Unreachable,
)
from forecasts.market_data.yahoo import YahooProvider
from tests.forecasts.market_data.test_yahoo import CLOSES, DAYS, bars_of
from tests.yahoo_server import Bar, Listing, YahooServer, point_client_at

LATER = f"Try again later. {SAMPLE_REMEDY}"
NO_NETWORK = ("Yahoo cannot be reached from here.", f"Check the network, or try again later. {SAMPLE_REMEDY}")


@pytest.fixture
def acme(yahoo: YahooServer) -> Listing:
    yahoo.listings["ACME"] = listing = Listing(bars_of(DAYS, CLOSES))
    return listing


def failure_of(symbol: str = "ACME") -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        YahooProvider().fetch(symbol)
    return caught.value


@pytest.mark.parametrize(
    ("trouble", "kind", "message", "remedy"),
    [
        ("server error", ProviderError, "Yahoo failed to answer (HTTP 500).", LATER),
        (
            "server error in words",
            ProviderError,
            "Yahoo sent no prices for ACME. It says: Upstream broke.",
            LATER,
        ),
        (
            "bad request",
            UnknownSymbol,
            "Yahoo has no prices for ACME. It says: Data doesn't exist for startDate = 1, endDate = 2.",
            f"Check the symbol. {SAMPLE_REMEDY}",
        ),
        (
            "web page",
            ProviderError,
            "Yahoo gave an answer that cannot be read (JSONDecodeError).",
            LATER,
        ),
        (
            "half an answer",
            ProviderError,
            "Yahoo gave an answer that cannot be read (JSONDecodeError).",
            LATER,
        ),
        ("maintenance", ProviderError, "Yahoo is closed for maintenance.", LATER),
        ("empty chart", ProviderError, "Yahoo sent no prices for ACME.", LATER),
        ("silence", Unreachable, *NO_NETWORK),
    ],
)
def test_trouble_is_put_into_words_and_costs_one_request(
    yahoo: YahooServer, acme: Listing, trouble: str, kind: type[ProviderError], message: str, remedy: str
) -> None:
    yahoo.trouble = trouble

    failure = failure_of()

    assert (type(failure), failure.message, failure.remedy) == (kind, message, remedy)
    assert failure.permanent == (kind is UnknownSymbol)
    assert yahoo.requests == 1


def test_too_many_requests_are_told_with_the_end_of_the_pause(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.trouble = "too many requests"

    failure = failure_of()

    assert isinstance(failure, RateLimited)
    assert failure.message.startswith(
        "Yahoo Finance received too many requests and asks for a pause. It is asked again after "
    )
    assert failure.remedy == f"Try again after that. {SAMPLE_REMEDY}"
    assert yahoo.requests == 1


def test_an_unknown_symbol_comes_with_yahoos_reason_and_costs_one_request(yahoo: YahooServer) -> None:
    failure = failure_of("NOSUCH")

    assert isinstance(failure, UnknownSymbol)
    assert failure.message == (
        "Yahoo has no prices for NOSUCH. It says: No data found, symbol may be delisted."
    )
    assert failure.remedy == f"Check the symbol. {SAMPLE_REMEDY}"
    assert failure.permanent
    assert yahoo.requests == 1


def test_a_refused_crumb_does_not_matter_to_a_chart(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.trouble = "crumb refused"

    assert len(YahooProvider().fetch("ACME").bars) == 5


def test_a_crumb_is_fetched_where_yahoo_wants_one_and_kept(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.wants_crumb = True

    first, cost = YahooProvider().fetch("ACME"), yahoo.requests
    YahooProvider().fetch("ACME")

    assert len(first.bars) == 5
    assert "/v1/test/getcrumb" in yahoo.seen
    assert yahoo.requests == cost + 1


def test_where_a_crumb_is_wanted_and_refused_the_lane_is_paused(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.wants_crumb, yahoo.trouble = True, "crumb refused"

    assert isinstance(failure_of(), RateLimited)


def test_a_row_without_prices_takes_nothing_else_along(yahoo: YahooServer, acme: Listing) -> None:
    acme.bars[2] = Bar(DAYS[2], None, None, None, None, None)

    assert [day.date() for day in YahooProvider().fetch("ACME").bars.index] == [*DAYS[:2], *DAYS[3:]]


@pytest.mark.parametrize("trouble", ["server error", "web page", "silence"])
def test_trouble_is_forgotten_once_it_is_over(yahoo: YahooServer, acme: Listing, trouble: str) -> None:
    yahoo.trouble = trouble
    failure_of()

    yahoo.trouble = None

    assert len(YahooProvider().fetch("ACME").bars) == 5


@pytest.mark.usefixtures("_impatient")
def test_without_a_network_the_sample_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        point_client_at(monkeypatch, f"http://127.0.0.1:{unused.getsockname()[1]}")

        failure = failure_of()

    assert isinstance(failure, Unreachable)
    assert (failure.message, failure.remedy) == NO_NETWORK


@pytest.mark.usefixtures("_impatient")
def test_a_name_that_does_not_resolve_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    point_client_at(monkeypatch, "http://yahoo.invalid")

    failure = failure_of()

    assert isinstance(failure, Unreachable)
    assert (failure.message, failure.remedy) == NO_NETWORK
