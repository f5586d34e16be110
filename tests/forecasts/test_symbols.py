"""Asking a source which symbols fit, and keeping what it said."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from forecasts import symbols
from forecasts.market_data import sources
from forecasts.market_data.base import Match
from forecasts.models import Listing, SymbolSearch
from tests.forecasts.acme import listing
from tests.forecasts.listed import Search
from tests.yahoo_server import YahooServer

YAHOO = sources()["yahoo"]
TOYOTA = [
    Match("7203.T", "Toyota Motor Corporation", "equity", "Tokyo"),
    Match("TM", "Toyota Motor Corporation", "equity", "NYSE"),
]


def age(text: str, **by: float) -> None:
    SymbolSearch.objects.filter(text=text).update(answered_at=timezone.now() - timedelta(**by))


def test_an_answer_is_kept_with_what_it_lists(search: Search) -> None:
    search.listed = TOYOTA

    symbols.search("toyota")

    answer = symbols.answer_to("toyota")
    assert answer
    assert answer.symbols == ["7203.T", "TM"]
    about = Listing.objects.values_list("symbol", "source", "name", "kind", "exchange")
    assert set(about) == {
        ("7203.T", "yahoo", "Toyota Motor Corporation", "equity", "Tokyo"),
        ("TM", "yahoo", "Toyota Motor Corporation", "equity", "NYSE"),
    }


def test_what_was_answered_is_not_asked_for_again(search: Search) -> None:
    symbols.search("toyota")

    symbols.search("toyota")

    assert search.asked == ["toyota"]


@pytest.mark.parametrize(
    ("listed", "days", "kept"), [(TOYOTA, 6.9, True), (TOYOTA, 7.1, False), ([], 0.9, True), ([], 1.1, False)]
)
def test_an_answer_is_good_for_a_week_and_an_empty_one_for_a_day(
    listed: list[Match], days: float, kept: bool, search: Search
) -> None:
    search.listed = listed
    symbols.search("toyota")

    age("toyota", days=days)

    assert (symbols.answer_to("toyota") is not None) == kept


def test_a_symbol_that_is_named_twice_is_kept_once(search: Search) -> None:
    search.listed = [Match("AAPL", "Apple"), Match("AAPL", "Apple Inc.")]

    symbols.search("aapl")

    assert list(Listing.objects.values_list("name", flat=True)) == ["Apple Inc."]


def test_a_newer_answer_replaces_the_old(search: Search) -> None:
    search.listed = TOYOTA
    symbols.search("toyota")
    age("toyota", days=8)
    search.listed = [Match("7203.T", "Toyota", "equity", "Tokyo")]

    symbols.search("toyota")

    answer = symbols.answer_to("toyota")
    assert answer
    assert answer.symbols == ["7203.T"]
    assert dict(Listing.objects.values_list("symbol", "name")) == {
        "7203.T": "Toyota",
        "TM": "Toyota Motor Corporation",
    }


def test_answers_that_nobody_asks_for_again_are_forgotten(search: Search) -> None:
    symbols.search("toyota")
    age("toyota", days=29)

    symbols.search("nissan")

    assert list(SymbolSearch.objects.values_list("text", flat=True)) == ["nissan"]


def test_what_is_not_written_as_a_symbol_is_left_out_and_long_names_are_cut(search: Search) -> None:
    search.listed = [
        Match("AAPL", "A" * 300, "a kind of its own", "N" * 100),
        Match("NOT A SYMBOL"),
        Match("X" * 50),
    ]

    symbols.search("aapl")

    (kept,) = Listing.objects.all()
    assert (kept.symbol, len(kept.name), kept.kind, len(kept.exchange)) == ("AAPL", 200, "other", 60)
    assert SymbolSearch.objects.get().symbols == ["AAPL"]


@pytest.mark.parametrize(("trouble", "everybody"), [("pause", True), ("fail", False)])
def test_a_pause_is_remembered_for_every_text_and_another_failure_for_its_own(
    trouble: str, everybody: bool, search: Search
) -> None:
    getattr(search, trouble)()

    symbols.search("toyota")

    assert symbols.failure_of(YAHOO, "toyota") == str(search.trouble)
    assert bool(symbols.failure_of(YAHOO, "nissan")) == everybody
    assert not SymbolSearch.objects.exists()


def test_a_search_that_breaks_is_said_and_logged(search: Search, caplog: pytest.LogCaptureFixture) -> None:
    search.trouble = KeyError("quotes")

    symbols.search("toyota")

    assert symbols.failure_of(YAHOO, "toyota") == "The search of Yahoo Finance failed."
    assert "The search for 'toyota' broke." in caplog.text


@pytest.mark.parametrize("trouble", [None, KeyError("quotes")])
def test_whatever_comes_of_it_the_text_can_be_taken_up_again(
    trouble: Exception | None, search: Search
) -> None:
    assert symbols.take_up("toyota")
    assert not symbols.take_up("toyota")
    search.trouble = trouble

    symbols.search("toyota")

    assert symbols.under_way_since("toyota") is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("toyota", "yahoo"),
        ("^gspc", "yahoo"),
        ("sample:aapl", None),
        ("upload:secret", None),
        ("tiingo:apple", None),  # no key is set here
    ],
)
def test_a_text_is_searched_in_the_source_that_it_names(
    text: str, key: str | None, search: Search, settings: Settings
) -> None:
    settings.TIINGO_API_KEY = ""

    source = symbols.searched_source(text)

    assert (source and source.key) == key


def test_a_source_with_a_prefix_is_told_the_rest(
    search: Search, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TIINGO_API_KEY = "secret"
    monkeypatch.setattr(
        "forecasts.market_data.tiingo.TiingoProvider.search", lambda _self, text: search.answer(text)
    )
    search.listed = [Match("TIINGO:AAPL", "Apple Inc.", "equity", "NASDAQ")]

    symbols.search("tiingo: apple")

    assert search.asked == ["apple"]
    assert Listing.objects.get().source == "tiingo"


@pytest.mark.parametrize("text", ["é" * 60, "a\u2028b", "50% off & more", "=cmd|' /c calc'!a0"])
def test_any_text_can_be_searched_for(text: str, search: Search) -> None:
    symbols.take_up(text)

    symbols.search(text)

    assert search.asked == [text]
    assert symbols.answer_to(text) is not None


def test_yahoos_answer_is_kept_as_the_client_gives_it(db: None, yahoo: YahooServer) -> None:
    toyota = {"name": "Toyota Motor Corporation", "kind": "EQUITY"}
    yahoo.listings["7203.T"] = replace(listing(), exchange="JPX", exchange_name="Tokyo", **toyota)
    yahoo.listings["TM"] = replace(listing(), exchange="NYQ", exchange_name="NYSE", **toyota)

    symbols.search("toyota")

    answer = symbols.answer_to("toyota")
    assert answer
    assert answer.symbols == ["7203.T", "TM"]
    assert dict(Listing.objects.values_list("symbol", "exchange")) == {"7203.T": "Tokyo", "TM": "NYSE"}


def test_a_refusal_of_yahoo_is_said_to_everybody(db: None, yahoo: YahooServer) -> None:
    yahoo.trouble = "too many requests"

    symbols.search("toyota")

    assert symbols.failure_of(YAHOO, "nissan").startswith("Yahoo Finance received too many requests")
