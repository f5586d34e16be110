"""manage.py refresh_prices: which instruments it looks at, and what it says of those that fail."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from forecasts.models import Instrument
from tests.factories import InstrumentFactory, WatchlistFactory
from tests.forecasts.acme import listing, register
from tests.yahoo_server import YahooServer

pytestmark = pytest.mark.django_db


def run(*symbols: str, watched: bool = False) -> str:
    out = StringIO()
    call_command("refresh_prices", *symbols, watched=watched, stdout=out)
    return out.getvalue()


def test_named_symbols_are_fetched_and_taken_up_if_new(yahoo: YahooServer) -> None:
    yahoo.listings |= {"ACME": listing(), "NEW": listing()}
    register()

    said = run("acme", "NEW")

    assert said == "2 of 2 instruments are up to date.\n"
    assert {row.symbol: row.bars.count() for row in Instrument.objects.all()} == {"ACME": 50, "NEW": 50}


def test_without_symbols_what_is_watched_is_fetched(yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = listing()
    WatchlistFactory(instruments=[register(), InstrumentFactory()])
    InstrumentFactory(yahoo=True, symbol="ALONE")

    assert run() == "1 of 1 instruments are up to date.\n"
    assert {symbol for symbol, _ in yahoo.asked} == {"ACME"}


def test_symbols_and_what_is_watched_are_fetched_once_each(yahoo: YahooServer) -> None:
    yahoo.listings |= {"ACME": listing(), "OTHER": listing()}
    WatchlistFactory(instruments=[register()])

    assert run("OTHER", "ACME", watched=True) == "2 of 2 instruments are up to date.\n"
    assert sorted(symbol for symbol, _ in yahoo.asked) == ["ACME", "OTHER"]


def test_failures_are_named_at_the_end_and_stop_nobody_else(yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = listing()

    with pytest.raises(CommandError, match="NOSUCH: Yahoo has no prices for NOSUCH"):
        run("NOSUCH", "ACME")

    assert Instrument.objects.get(symbol="ACME").bars.exists()


def test_a_refusal_ends_the_work(yahoo: YahooServer) -> None:
    yahoo.trouble = "too many requests"

    with pytest.raises(CommandError, match="Stopped before ACME: "):
        run("ACME", "OTHER")

    assert Instrument.objects.get(symbol="OTHER").fetch_error is None


@pytest.mark.parametrize(
    ("symbol", "why"), [("not a symbol", "is not a symbol"), ("SAMPLE:ACME", "nothing can be fetched")]
)
def test_what_cannot_be_fetched_is_refused_before_anything_is(symbol: str, why: str) -> None:
    InstrumentFactory(symbol="SAMPLE:ACME")

    with pytest.raises(CommandError, match=why):
        run("ACME", symbol)


def test_a_history_that_ended_long_ago_is_up_to_date_all_the_same(yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = listing()

    assert run("ACME") == "1 of 1 instruments are up to date.\n"
    assert Instrument.objects.get().bars.latest("date").date == date(2024, 5, 10)
