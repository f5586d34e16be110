"""The index of an exchange is fetched beside its stocks: seldom, once for all, and at no forecast's cost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from forecasts import ingest
from forecasts.errors import ForecastFailed
from forecasts.ingest import needs, storing
from forecasts.market_data.flights import turn
from forecasts.models import Forecast, Instrument
from tests.factories import ForecastFactory, InstrumentFactory
from tests.forecasts.acme import CLOSES, OLD, SESSIONS, as_if_long_ago, closes, listing, register
from tests.yahoo_server import Listing, YahooServer

INDEX = "^GSPC"


def listed_index() -> Listing:
    return replace(listing(), kind="INDEX", exchange="SNP")


def wish(instrument: Instrument) -> Forecast:
    forecast: Forecast = ForecastFactory(instrument=instrument, as_of=OLD[-1])
    return forecast


def asked(yahoo: YahooServer) -> list[str]:
    return [symbol for symbol, _ in yahoo.asked]


@pytest.mark.parametrize(
    ("about", "symbol"),
    [
        ({"yahoo": True}, "^GSPC"),
        ({"yahoo": True, "kind": "etf", "calendar": "XTKS"}, "^N225"),
        ({"yahoo": True, "kind": "index"}, None),
        ({"yahoo": True, "kind": "crypto", "calendar": "24/7"}, None),
        ({"yahoo": True, "kind": "fx", "calendar": "weekdays"}, None),
        ({"yahoo": True, "calendar": "weekdays"}, None),
        ({}, None),
        ({"upload": True, "calendar": "XNYS"}, None),
    ],
)
@pytest.mark.django_db
def test_stocks_of_a_live_source_have_a_market(about: dict[str, Any], symbol: str | None) -> None:
    assert InstrumentFactory(**about).market_symbol == symbol


@pytest.mark.django_db
def test_the_index_is_fetched_once_for_several_forecasts(acme: Instrument, yahoo: YahooServer) -> None:
    yahoo.listings[INDEX] = listed_index()
    yahoo.asked.clear()

    for _ in range(3):
        ingest.ensure_market(wish(acme))

    index = Instrument.objects.get(symbol=INDEX)
    assert asked(yahoo) == [INDEX]
    assert list(closes(index).values()) == CLOSES[:50]
    assert (index.kind, index.calendar, index.owner) == ("index", "XNYS", None)


@pytest.mark.django_db
def test_new_sessions_of_the_index_are_fetched(acme: Instrument, yahoo: YahooServer) -> None:
    yahoo.listings[INDEX] = listed_index()
    ingest.ensure_market(wish(acme))
    yahoo.listings[INDEX] = replace(listed_index(), bars=listing(SESSIONS).bars)
    as_if_long_ago(Instrument.objects.get(symbol=INDEX))

    ingest.ensure_market(ForecastFactory(instrument=acme, as_of=SESSIONS[-1]))

    assert list(closes(Instrument.objects.get(symbol=INDEX))) == SESSIONS


@pytest.mark.django_db
def test_an_index_that_cannot_be_had_is_not_asked_for_again_at_once(
    acme: Instrument, yahoo: YahooServer
) -> None:
    ingest.ensure_market(wish(acme))
    requests = yahoo.requests

    ingest.ensure_market(wish(acme))

    index = Instrument.objects.get(symbol=INDEX)
    assert yahoo.requests == requests
    assert asked(yahoo)[-1] == INDEX
    assert (index.fetch_error or {})["code"] == "unknown_symbol"
    assert index.bars.count() == 0


@pytest.mark.django_db
def test_a_source_that_failed_for_the_stock_is_not_waited_for_again(
    acme: Instrument, yahoo: YahooServer
) -> None:
    yahoo.trouble = "silence"
    as_if_long_ago(acme)
    forecast = ForecastFactory(instrument=acme, as_of=SESSIONS[-1])
    with pytest.raises(ForecastFailed):  # fifty sessions are too few
        ingest.ensure_history(forecast)
    requests = yahoo.requests

    ingest.ensure_market(forecast)

    assert yahoo.requests == requests
    assert not Instrument.objects.filter(symbol=INDEX).exists()


@pytest.mark.django_db
def test_a_model_from_scratch_has_no_index_fetched(acme: Instrument, yahoo: YahooServer) -> None:
    yahoo.asked.clear()

    ingest.ensure_market(ForecastFactory(instrument=acme, as_of=OLD[-1], method="from-scratch"))

    assert asked(yahoo) == []
    assert not Instrument.objects.filter(symbol=INDEX).exists()


@pytest.mark.django_db
def test_an_index_that_cannot_be_stored_is_no_fault_of_the_forecast(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    yahoo.listings[INDEX] = listed_index()
    unheard_of = {"state": "final", "low": -1.0}  # which the table refuses
    monkeypatch.setattr(storing, "with_states", lambda _index, bars, _at: bars.assign(**unheard_of))

    ingest.ensure_market(wish(acme))

    index = Instrument.objects.get(symbol=INDEX)
    assert (index.bars.count(), index.fetched_at) == (0, None)
    assert acme.bars.count() == 50


@pytest.mark.django_db
def test_while_another_fetches_nobody_waits_longer_than_a_fetch(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = register(INDEX)
    monkeypatch.setattr(needs, "MARKET_PATIENCE_SECONDS", 0.2)
    yahoo.asked.clear()

    with turn(f"prices:{index.pk}"):
        ingest.ensure_market(wish(acme))

    assert asked(yahoo) == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_ask_for_the_index_once(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    yahoo.listings[INDEX] = listed_index()
    register(INDEX)
    forecasts, both_looked = [wish(acme), wish(acme)], Barrier(2, timeout=20)
    yahoo.asked.clear()
    refresh_once = needs.refresh_once

    def when_both_have_looked(*args: Any) -> None:
        both_looked.wait()
        refresh_once(*args)

    def in_thread(forecast: Forecast) -> None:
        try:
            ingest.ensure_market(forecast)
        finally:
            connections.close_all()

    monkeypatch.setattr(needs, "refresh_once", when_both_have_looked)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(in_thread, forecasts))

    assert asked(yahoo) == [INDEX]
    assert list(closes(Instrument.objects.get(symbol=INDEX))) == OLD
