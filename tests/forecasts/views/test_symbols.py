"""Finding instruments, and completing a field as one types."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from forecasts import symbols
from forecasts.market_data.base import Match, Renamed
from forecasts.models import Instrument, Watchlist
from tests.factories import InstrumentFactory, WatchlistFactory, bars
from tests.forecasts.listed import Search

OPTIONS = "/symbols/"


@pytest.fixture
def apple(db: None) -> Instrument:
    instrument = InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.")
    bars(instrument, 2)
    return instrument


@pytest.mark.parametrize(("text", "found"), [("aap", 1), ("apple", 1), ("", 1), ("zzz", 0)])
def test_instrument_list_finds_by_symbol_and_name(
    text: str, found: int, client: Client, apple: Instrument
) -> None:
    page = client.get("/instruments/", {"q": text}).context["page"]

    assert list(page) == [apple] * found


@pytest.mark.parametrize(
    ("text", "symbol"), [("nvda", "NVDA"), ("^gspc", "^GSPC"), ("eurusd=x", "EURUSD=X"), ("7203.t", "7203.T")]
)
def test_instrument_list_offers_to_fetch_a_symbol_not_found(
    text: str, symbol: str, client: Client, apple: Instrument
) -> None:
    content = client.get("/instruments/", {"q": text}).content.decode()

    assert f'href="{reverse("forecasts:instrument_detail", args=[symbol])}"' in content
    assert f"Go to {symbol}" in content


@pytest.mark.parametrize("text", ["a/b", "/", "a b", "SAMPLE:NOPE", "?", "é", "<b>", "x" * 40])
def test_instrument_list_offers_no_way_to_what_is_no_symbol(text: str, client: Client, db: None) -> None:
    response = client.get("/instruments/", {"q": text})

    assert response.status_code == 200
    assert "Go to" not in response.content.decode()


@pytest.mark.parametrize("address", ["?q=%00", "?q=aa%00pl", "?symbol=%00aapl%07", "?q=%00&page=%00"])
def test_instrument_list_drops_what_cannot_be_printed(
    address: str, client: Client, apple: Instrument
) -> None:
    assert list(client.get(f"/instruments/{address}").context["page"]) == [apple]


def test_instrument_list_shows_a_stranger_the_samples_alone(
    signed_in: Client, apple: Instrument, search: Search
) -> None:
    bought = InstrumentFactory(yahoo=True, symbol="AAPL", name="Apple Inc.")
    bars(bought)

    stranger = Client().get("/instruments/?q=apple")

    assert list(stranger.context["page"]) == [apple]
    assert stranger.context["found"].complete
    assert b'"AAPL"' not in Client().get(OPTIONS, {"symbol": "apple"}).content
    assert search.rung == []
    assert list(signed_in.get("/instruments/?q=apple").context["page"]) == [bought, apple]


def test_instrument_list_asks_again_until_the_source_has_answered(
    signed_in: Client, apple: Instrument, search: Search
) -> None:
    search.listed = [Match("7203.T", "Toyota Motor Corporation", "equity", "Tokyo")]

    before = signed_in.get("/instruments/?q=toyota").content.decode()
    symbols.search("toyota")
    after = signed_in.get("/instruments/?q=toyota").content.decode()

    assert "Asking Yahoo Finance…" in before
    assert 'hx-trigger="load delay:1s"' in before
    assert "Asking" not in after
    assert 'hx-trigger="load delay:1s"' not in after
    assert 'href="/instruments/7203.T/"' in after
    assert "Toyota Motor Corporation" in after
    assert "Tokyo" in after


def test_instrument_list_names_a_stored_instrument_once(
    signed_in: Client, apple: Instrument, search: Search
) -> None:
    bars(InstrumentFactory(yahoo=True, symbol="AAPL", name="Apple Inc."))
    search.listed = [Match("AAPL", "Apple Inc.", "equity", "NasdaqGS"), Match("APLE", "Apple Hospitality")]
    symbols.search("apple")

    context = signed_in.get("/instruments/?q=apple").context

    assert [row.symbol for row in context["page"]] == ["AAPL", "SAMPLE:AAPL"]
    assert [row.symbol for row in context["listed"]] == ["APLE"]


def test_instrument_list_lists_what_is_stored_under_another_name(signed_in: Client, search: Search) -> None:
    bars(InstrumentFactory(yahoo=True, symbol="GOOGL", name="Alphabet Inc."))
    search.listed = [Match("GOOGL", "Alphabet Inc.", "equity", "NasdaqGS")]
    symbols.search("google")

    context = signed_in.get("/instruments/?q=google").context

    assert [(row.symbol, row.stored) for row in context["listed"]] == [("GOOGL", True)]


def test_instrument_list_says_why_the_source_could_not_be_asked(signed_in: Client, search: Search) -> None:
    search.pause()
    symbols.search("toyota")

    content = signed_in.get("/instruments/?q=toyota").content.decode()

    assert "Yahoo asks for a pause. Only what is known here is shown." in content
    assert 'hx-trigger="load delay:1s"' not in content


def test_instrument_list_asks_as_often_for_three_rows_as_for_one(
    signed_in: Client, apple: Instrument, search: Search, queries: Callable[[Client, str], int]
) -> None:
    search.listed = [Match("AAP", "Advance Auto Parts")]
    symbols.search("aap")
    one = queries(signed_in, "/instruments/?q=aap")
    search.listed = [Match(f"AAP{number}") for number in range(3)]
    symbols.search("aap1")
    for number in range(2):
        bars(InstrumentFactory(symbol=f"SAMPLE:AAP{number}"), 1)

    assert queries(signed_in, "/instruments/?q=aap") == one


def test_symbol_options_tell_what_each_symbol_is(signed_in: Client, search: Search) -> None:
    search.listed = [
        Match("7203.T", "Toyota Motor Corporation", "equity", "Tokyo"),
        Match("TM", "Toyota Motor Corporation", "equity", "NYSE"),
    ]
    symbols.search("toyota")

    content = signed_in.get(OPTIONS, {"symbol": "Toyota"}).content.decode()

    assert content.index('data-symbol="7203.T"') < content.index('data-symbol="TM"')
    assert "Stock · Tokyo" in content
    assert "Stock · NYSE" in content


def test_symbol_options_tell_the_field_to_ask_again_while_more_may_come(
    signed_in: Client, search: Search
) -> None:
    pending = events(signed_in, "toyota")
    symbols.search("toyota")
    answered = events(signed_in, "toyota")

    assert pending == {"symbols-found": {"message": "Asking Yahoo Finance…"}, "symbols-pending": {}}
    assert answered == {"symbols-found": {"message": "Nothing known fits."}}


def test_symbol_options_say_how_many_there_are(signed_in: Client, apple: Instrument, search: Search) -> None:
    symbols.search("aapl")

    assert events(signed_in, "aapl") == {"symbols-found": {"message": "1 symbol found."}}


def test_symbol_options_show_markup_as_text(signed_in: Client, search: Search) -> None:
    search.listed = [Match("EVIL", '<script>alert("x")</script>')]
    symbols.search("evil")

    content = signed_in.get(OPTIONS, {"symbol": "evil"}).content.decode()

    assert "<script" not in content
    assert "&lt;script&gt;" in content


def test_symbol_similar_leaves_out_the_symbol_and_its_exchange(signed_in: Client, search: Search) -> None:
    search.listed = [
        Match("VOD.L", "Vodafone", "equity", "London"),
        Match("VOD", "Vodafone", "equity", "NasdaqGS"),
    ]

    before = signed_in.get("/symbols/similar/?q=VOD.LN").content.decode()
    symbols.search("vod")
    after = signed_in.get("/symbols/similar/?q=VOD.LN").content.decode()

    assert 'hx-get="/symbols/similar/?q=VOD.LN"' in before
    assert "Did you mean" not in before
    assert 'href="/instruments/VOD.L/"' in after
    assert "hx-get" not in after


def test_instrument_detail_of_a_symbol_that_the_source_does_not_know_shows_similar_ones(
    signed_in: Client,
) -> None:
    error = {"code": "unknown_symbol", "message": "Yahoo has no prices for VOD.LN.", "remedy": "Check it."}
    error["at"] = "2024-05-24T20:30:00+00:00"
    InstrumentFactory(yahoo=True, symbol="VOD.LN", fetch_error=error)

    content = signed_in.get("/instruments/VOD.LN/").content.decode()

    assert 'hx-get="/symbols/similar/?q=VOD.LN" hx-trigger="load"' in content


def test_instrument_unknown_shows_similar_ones(signed_in: Client) -> None:
    content = signed_in.get("/instruments/VOD.LN/").content.decode()

    assert "VOD.LN is not here yet" in content
    assert 'hx-get="/symbols/similar/?q=VOD.LN" hx-trigger="load"' in content


def test_instrument_detail_tells_exchange_time_zone_and_unit(signed_in: Client) -> None:
    InstrumentFactory(
        yahoo=True, symbol="VOD.L", exchange="LSE", timezone="Europe/London", currency="GBp", calendar="XLON"
    )

    content = signed_in.get("/instruments/VOD.L/").content.decode()

    assert "Stock · London · Europe/London · GBp (prices in pence)" in content


@pytest.fixture
def renamed(db: None) -> Instrument:
    told = Renamed("Yahoo lists FB as META now.", "Add META to go on with it.", "META").as_json()
    return InstrumentFactory(yahoo=True, symbol="FB", fetch_error={**told, "at": "2024-05-24T20:30:00+00:00"})


def test_instrument_detail_of_a_renamed_one_leads_to_the_new(signed_in: Client, renamed: Instrument) -> None:
    bars(renamed, 5)

    content = signed_in.get("/instruments/FB/").content.decode()

    assert "FB is now META" in content
    assert 'href="/instruments/META/"' in content
    assert 'action="/instruments/FB/follow/"' in content
    assert 'id="price-chart"' in content


def test_symbol_follow_puts_the_new_symbol_in_the_place_of_the_old(
    signed_in: Client, user: User, renamed: Instrument
) -> None:
    mine, theirs = (
        WatchlistFactory(owner=user, instruments=[renamed]),
        WatchlistFactory(instruments=[renamed]),
    )

    response = signed_in.post("/instruments/FB/follow/", follow=True)

    assert response.redirect_chain == [("/instruments/META/", 302)]
    assert "META is in the place of FB on your watchlists." in response.content.decode()
    assert listed_on(mine) == ["META"]
    assert listed_on(theirs) == ["FB"]


def test_symbol_follow_of_what_was_not_renamed_changes_nothing(signed_in: Client, user: User) -> None:
    kept = InstrumentFactory(yahoo=True, symbol="TST")
    watchlist = WatchlistFactory(owner=user, instruments=[kept])

    response = signed_in.post("/instruments/TST/follow/", follow=True)

    assert "TST is not known to have a new symbol." in response.content.decode()
    assert listed_on(watchlist) == ["TST"]


def test_symbol_follow_is_for_those_who_signed_in(client: Client, renamed: Instrument) -> None:
    assert client.post("/instruments/FB/follow/").url.startswith("/accounts/login/?next=/instruments/FB/")
    assert client.get("/instruments/FB/follow/").url == "/instruments/FB/"
    assert not Instrument.objects.filter(symbol="META").exists()


def test_symbol_fetch_takes_a_symbol_up_and_asks_for_its_prices(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Instrument] = []
    monkeypatch.setattr("forecasts.views.symbols.ask_for_prices", asked.append)

    response = signed_in.post("/instruments/7203.t/fetch/")

    instrument = Instrument.objects.get()
    assert (response.url, instrument.calendar) == ("/instruments/7203.T/", "XTKS")
    assert asked == [instrument]


def test_symbol_fetch_refuses_what_is_no_symbol(signed_in: Client) -> None:
    response = signed_in.post("/instruments/a b/fetch/", follow=True)

    assert "is not a symbol" in response.content.decode()
    assert not Instrument.objects.exists()


def test_symbol_fetch_is_for_those_who_signed_in(client: Client, db: None) -> None:
    assert client.post("/instruments/MSFT/fetch/").url == "/accounts/login/?next=/instruments/MSFT/fetch/"
    assert not Instrument.objects.exists()


def listed_on(watchlist: Watchlist) -> list[str]:
    return list(watchlist.entries.values_list("instrument__symbol", flat=True))


def events(client: Client, text: str) -> dict[str, object]:
    told: dict[str, object] = json.loads(
        client.get(OPTIONS, {"symbol": text}).headers["HX-Trigger-After-Settle"]
    )
    return told
