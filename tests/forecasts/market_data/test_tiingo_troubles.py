"""Whatever Tiingo does instead of answering becomes one sentence, and one more on what to do."""

import logging
import socket
from datetime import date, timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from forecasts.market_data import tiingo as provider
from forecasts.market_data.base import (
    SAMPLE_REMEDY,
    ProviderError,
    RateLimited,
    UnknownSymbol,
    Unreachable,
)
from forecasts.market_data.lane import lane_of
from forecasts.market_data.tiingo import KeyRefused, TiingoProvider
from tests.tiingo_server import HANGING_UP, KEY, SILENCE, TROUBLES, Listing, TiingoServer

DAYS = [date(2024, 6, day) for day in (3, 4, 5)]
ACME = "TIINGO:ACME"
LATER = "Try again later."
CHECK_KEY = "Whoever runs this site can check TIINGO_API_KEY, and what its plan at Tiingo includes."


@pytest.fixture
def acme(tiingo: TiingoServer) -> Listing:
    tiingo.listings["ACME"] = listing = Listing(DAYS, [100.0, 101.0, 102.0])
    return listing


def failing(symbol: str = ACME) -> ProviderError:
    """Return what fetching a part of the history raises."""
    with pytest.raises(ProviderError) as caught:
        TiingoProvider().fetch(symbol, DAYS[0])
    return caught.value


NOTHING = "Tiingo sent nothing for TIINGO:ACME."
UNREADABLE = ProviderError, "Tiingo gave an answer that cannot be read.", LATER
NO_NEW_SYMBOLS = (
    RateLimited,
    f"{NOTHING[:-1]}: this site's plan includes no more symbols this month.",
    "Symbols asked for before still work; the next month brings new ones.",
)
UNREACHABLE = Unreachable, "Tiingo cannot be reached from here.", "Check the network, or try again later."
NO_SUCH_TICKER = (
    UnknownSymbol,
    "Tiingo does not know TIINGO:ACME. It says: Ticker 'ACME' not found.",
    "Check the symbol.",
)
REFUSED = "Tiingo refuses this site's key. It says:"


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ("key refused", (KeyRefused, f"{REFUSED} Invalid token.", CHECK_KEY)),
        ("plan too small", (KeyRefused, f"{REFUSED} You do not have permission to access this.", CHECK_KEY)),
        ("key quoted back", (KeyRefused, f"{REFUSED} The token … is not valid.", CHECK_KEY)),
        ("too many symbols", NO_NEW_SYMBOLS),
        ("not found in words", NO_SUCH_TICKER),
        ("server error", (ProviderError, f"{NOTHING} It answered with status 500.", LATER)),
        ("bad gateway", (ProviderError, f"{NOTHING} It answered with status 502.", LATER)),
        ("elsewhere", (ProviderError, f"{NOTHING} It answered with status 302.", LATER)),
        ("error in words", (ProviderError, f"{NOTHING} It says: temporary database unavailable.", LATER)),
        ("error in a string", (ProviderError, f"{NOTHING} It says: None is not a known field.", LATER)),
        ("web page", UNREADABLE),
        ("rubbish", UNREADABLE),
        ("half an answer", UNREADABLE),
        ("deeply nested", UNREADABLE),
        ("null", UNREADABLE),
        ("no list", UNREADABLE),
        ("no prices in it", UNREADABLE),
        ("a price in words", UNREADABLE),
        ("empty list", (ProviderError, "Tiingo sent no prices for TIINGO:ACME.", LATER)),
        (SILENCE, UNREACHABLE),
        (HANGING_UP, UNREACHABLE),
    ],
)
def test_trouble_is_put_into_words_after_one_request(
    tiingo: TiingoServer, acme: Listing, trouble: str, expected: tuple[type[ProviderError], str, str]
) -> None:
    tiingo.trouble = trouble

    error = failing()

    kind, message, remedy = expected
    assert (type(error), error.message) == (kind, message)
    assert error.remedy in (remedy, f"{remedy} {SAMPLE_REMEDY}")
    assert error.permanent is issubclass(kind, KeyRefused | UnknownSymbol)
    assert len(tiingo.asked) == 1


@pytest.mark.parametrize("trouble", ["server error", "web page", SILENCE, HANGING_UP, "key refused"])
def test_trouble_is_forgotten_once_it_is_over(tiingo: TiingoServer, acme: Listing, trouble: str) -> None:
    tiingo.trouble = trouble
    failing()

    tiingo.trouble = None

    assert len(TiingoProvider().fetch(ACME).bars) == 3


def test_an_unknown_symbol_costs_one_request(tiingo: TiingoServer) -> None:
    with pytest.raises(UnknownSymbol) as caught:
        TiingoProvider().fetch("TIINGO:NOSUCH")

    assert caught.value.message == "Tiingo does not know TIINGO:NOSUCH. It says: Not found."
    assert len(tiingo.asked) == 1


def test_days_that_all_lack_prices_are_no_history(acme: Listing) -> None:
    acme.nulls = set(DAYS)

    assert failing().message == "Tiingo sent no prices for TIINGO:ACME."


@pytest.mark.parametrize("factor", [0.0, -2.0, float("inf")])
def test_a_split_that_cannot_be_makes_the_answer_unreadable(acme: Listing, factor: float) -> None:
    acme.rows = lambda: [{**row, "splitFactor": factor} for row in Listing.rows(acme)]  # type: ignore[method-assign]  # the server is to lie

    assert failing().message == UNREADABLE[1]


@pytest.mark.parametrize("trouble", ["no list", "error in words", "too many requests"])
def test_a_search_fails_in_words_too(tiingo: TiingoServer, trouble: str) -> None:
    tiingo.trouble = trouble

    with pytest.raises(ProviderError, match="Tiingo"):
        TiingoProvider().search("acme")


# Pauses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "seconds"),
    [
        ("too many requests", 30),
        ("too many requests, wait", 1800),
        ("too many requests until", 30),
        ("too many requests in words", 30),
    ],
)
def test_when_the_allowance_is_spent_nothing_is_asked_until_the_pause_is_over(
    tiingo: TiingoServer, acme: Listing, trouble: str, seconds: int
) -> None:
    tiingo.trouble, began = trouble, timezone.now()
    first = failing()
    tiingo.trouble = None

    second = failing()

    paused_until = lane_of("tiingo").status().paused_until
    assert paused_until is not None
    assert paused_until >= began + timedelta(seconds=seconds)
    for error in (first, second):
        assert isinstance(error, RateLimited)
        assert error.message == (
            "Tiingo received too many requests and asks for a pause. "
            f"It is asked again after {paused_until:%H:%M:%S} UTC."
        )
        assert error.remedy == f"Try again after that. {SAMPLE_REMEDY}"
    assert len(tiingo.asked) == 1


def test_after_the_pause_prices_come_again(tiingo: TiingoServer, acme: Listing) -> None:
    tiingo.trouble = "too many requests"
    failing()
    tiingo.trouble = None

    lane_of("tiingo").reopen()

    assert len(TiingoProvider().fetch(ACME).bars) == 3


def test_a_month_without_new_symbols_does_not_stop_the_old_ones(tiingo: TiingoServer, acme: Listing) -> None:
    tiingo.trouble = "too many symbols"
    failing()

    tiingo.trouble = None

    assert len(TiingoProvider().fetch(ACME).bars) == 3


def test_servers_that_keep_failing_are_left_alone(tiingo: TiingoServer, acme: Listing) -> None:
    tiingo.trouble = "server error"
    for _ in range(5):
        failing()

    error = failing()

    assert error.message.startswith("Tiingo failed several times in a row. It is asked again after ")
    assert len(tiingo.asked) == 5


def test_without_a_network_the_sample_is_offered(
    tiingo: TiingoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasts.market_data.web.RETRIES", 0)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        monkeypatch.setattr(provider, "API", f"http://127.0.0.1:{unused.getsockname()[1]}")

        error = failing()

    assert isinstance(error, Unreachable)
    assert error.remedy == f"Check the network, or try again later. {SAMPLE_REMEDY}"


# The key ------------------------------------------------------------------------------------------------


def test_without_a_key_nothing_is_asked(tiingo: TiingoServer, settings: Settings) -> None:
    settings.TIINGO_API_KEY = ""

    error = failing()

    assert (type(error), error.code) == (KeyRefused, "source_key_refused")
    assert error.message == "Tiingo gives prices for a key only, and this site has none."
    assert error.remedy == "Whoever runs this site can set TIINGO_API_KEY to a key from tiingo.com."
    assert tiingo.asked == []


def test_a_key_is_refused_by_its_holder_not_by_chance(
    tiingo: TiingoServer, acme: Listing, settings: Settings
) -> None:
    settings.TIINGO_API_KEY = "another"

    assert isinstance(failing(), KeyRefused)


@pytest.mark.parametrize("trouble", [*TROUBLES, SILENCE, HANGING_UP])
def test_the_key_shows_in_no_address_no_message_and_no_log(
    tiingo: TiingoServer, acme: Listing, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    tiingo.trouble = trouble
    with caplog.at_level(logging.DEBUG):
        error = failing()

    assert KEY not in f"{error.message} {error.remedy} {caplog.text} {tiingo.asked}"
