"""Looking for symbols without waiting."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts import services, symbols
from forecasts.errors import RequestRefused
from forecasts.market_data.base import Match
from forecasts.models import Instrument, Listing
from forecasts.services import FoundSymbol
from tests.factories import InstrumentFactory, WatchlistFactory, bars
from tests.forecasts.listed import Search

ASKING = (False, "Asking Yahoo Finance…")


def found(user: User | None, text: str) -> list[str]:
    return [result.symbol for result in services.search_symbols(user=user, text=text).results]


def state(user: User, text: str) -> tuple[bool, str]:
    outcome = services.search_symbols(user=user, text=text)
    return outcome.complete, outcome.message


def test_an_unanswered_search_rings_once_for_everybody(user: User, other: User, search: Search) -> None:
    states = [state(user, "Toyota"), state(other, " toyota "), state(user, "TOYOTA")]

    assert states == [ASKING] * 3
    assert search.rung == ["toyota"]


def test_an_answer_is_shown_in_the_sources_order_and_rings_no_more(user: User, search: Search) -> None:
    search.listed = [Match("TM", "Toyota Motor"), Match("7203.T", "Toyota Motor"), Match("T2M.F", "Toyota")]
    symbols.search("toyota")

    assert found(user, "toyota") == ["TM", "7203.T", "T2M.F"]
    assert state(user, "toyota") == (True, "")
    assert search.rung == []


@pytest.mark.parametrize(("text", "rung"), [("tiingo:", []), ("tiingo: a", []), ("tiingo:ap", ["tiingo:ap"])])
def test_a_sources_prefix_alone_is_nothing_to_search_for(
    text: str, rung: list[str], user: User, search: Search, settings: Settings
) -> None:
    settings.TIINGO_API_KEY = "a-key"

    services.search_symbols(user=user, text=text)

    assert search.rung == rung


def test_what_is_known_is_shown_at_once(user: User, search: Search) -> None:
    bars(InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.", exchange="NMS"))
    Listing.objects.create(symbol="APLE", source="yahoo", name="Apple Hospitality", exchange="NYSE")

    results = services.search_symbols(user=user, text="apple").results

    assert results == [
        FoundSymbol("SAMPLE:AAPL", "Apple Inc.", "equity", "NasdaqGS", "sample", stored=True),
        FoundSymbol("APLE", "Apple Hospitality", "other", "NYSE", "yahoo", stored=False),
    ]


def test_the_symbol_that_was_typed_comes_first(user: User, search: Search) -> None:
    for symbol in ("AAPT", "TM.X"):
        bars(InstrumentFactory(yahoo=True, symbol=symbol, name="Not TM"))
    Listing.objects.create(symbol="TM", source="yahoo", name="Toyota Motor Corporation")
    Listing.objects.create(symbol="TMO", source="yahoo", name="Thermo Fisher Scientific")

    assert found(user, "tm") == ["TM", "TM.X", "AAPT", "TMO"]


def test_what_was_listed_and_has_prices_here_says_so(user: User, search: Search) -> None:
    bars(InstrumentFactory(yahoo=True, symbol="GOOGL", name="Alphabet Inc."))
    search.listed = [Match("GOOGL", "Alphabet Inc."), Match("GOOG", "Alphabet Inc.")]
    symbols.search("google")

    results = services.search_symbols(user=user, text="google").results

    assert [(result.symbol, result.stored) for result in results] == [("GOOGL", True), ("GOOG", False)]


def test_uploads_are_found_by_their_owner_alone_and_told_to_no_source(
    user: User, other: User, search: Search
) -> None:
    bars(InstrumentFactory(upload=True, symbol="UPLOAD:SECRET", owner=user))

    assert found(user, "upload:sec") == ["UPLOAD:SECRET"]
    assert found(other, "upload:sec") == []
    assert search.rung == []


def test_a_stranger_sees_samples_and_rings_nobody(search: Search) -> None:
    bars(InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc."))
    bars(InstrumentFactory(yahoo=True, symbol="AAPL", name="Apple Inc."))
    Listing.objects.create(symbol="APLE", source="yahoo", name="Apple Hospitality")

    outcome = services.search_symbols(user=None, text="apple")

    assert [result.symbol for result in outcome.results] == ["SAMPLE:AAPL"]
    assert outcome.complete
    assert search.rung == []


@pytest.mark.parametrize("text", ["", "a", " a ", "\0a", "x" * 61])
def test_what_is_too_short_or_too_long_finds_nothing(text: str, user: User, search: Search) -> None:
    assert services.search_symbols(user=user, text=text) == services.FoundSymbols()
    assert search.rung == []


@pytest.mark.parametrize(("seconds", "complete"), [(7, False), (9, True)])
def test_after_eight_seconds_nobody_waits_any_longer(
    seconds: int, complete: bool, user: User, search: Search
) -> None:
    state(user, "toyota")
    cache.set(symbols._asked("toyota"), timezone.now() - timedelta(seconds=seconds), 60)

    silent = "Yahoo Finance has not answered yet. Only what is known here is shown. Try again in a minute."
    assert state(user, "toyota") == ((True, silent) if complete else ASKING)
    assert search.rung == ["toyota"]


def test_a_failure_is_said_and_not_repeated_at_once(user: User, search: Search) -> None:
    search.pause()
    symbols.search("toyota")

    assert state(user, "nissan") == (True, "Yahoo asks for a pause. Only what is known here is shown.")
    assert search.rung == []


def test_a_broker_that_is_down_is_said(user: User, search: Search) -> None:
    search.is_broker_down = True
    said = "Yahoo Finance cannot be asked at the moment. Only what is known here is shown."

    assert [state(user, "toyota"), state(user, "toyota")] == [(True, said)] * 2
    search.is_broker_down = False
    assert state(user, "toyota") == ASKING


def test_a_person_may_ask_for_thirty_new_texts_a_minute(user: User, other: User, search: Search) -> None:
    asked = [state(user, f"text {number}") for number in range(31)]

    assert asked[:30] == [ASKING] * 30
    assert asked[30] == (
        True,
        "That was a lot of searches in a minute. Only what is known here is shown. Try again in a minute.",
    )
    assert state(user, "text 1") == ASKING  # somebody has asked for that already
    assert state(other, "text 30") == ASKING


@pytest.mark.parametrize("text", ["100%", "a_b", "\\", "'; drop table", "%%", "ﬁ" * 30])
def test_any_text_can_be_looked_for(text: str, user: User, search: Search) -> None:
    bars(InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc."))

    assert found(user, text) == []


@pytest.mark.parametrize(
    ("text", "listed", "added"),
    [
        ("Toyota Motor", ["7203.T"], "7203.T"),
        ("tm", ["TM", "TMO"], "TM"),
        ("tm", [], "TM"),
    ],
)
def test_a_watchlist_takes_what_the_source_lists_for_a_text(
    text: str, listed: list[str], added: str, user: User, search: Search
) -> None:
    search.listed = [Match(symbol, "Toyota Motor Corporation") for symbol in listed]
    symbols.search(text.lower())

    entry = services.add_to_watchlist(watchlist=WatchlistFactory(owner=user), symbol=text)

    assert entry.instrument.symbol == added


def test_a_watchlist_asks_which_of_several_is_meant(user: User, search: Search) -> None:
    search.listed = [Match("7203.T", "Toyota Motor Corporation"), Match("TM", "Toyota Motor Corporation")]
    symbols.search("toyota")

    with pytest.raises(RequestRefused, match=r"Several instruments fit 'Toyota': 7203\.T, TM\. Give"):
        services.add_to_watchlist(watchlist=WatchlistFactory(owner=user), symbol="Toyota")

    assert not Instrument.objects.exists()
