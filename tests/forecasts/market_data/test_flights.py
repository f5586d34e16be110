"""One fetch at a time for an instrument, whoever asks for it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from forecasts import ingest
from forecasts.market_data import flights
from forecasts.market_data.base import ProviderError
from forecasts.market_data.flights import turn
from forecasts.models import Instrument
from tests.forecasts.acme import listing, register
from tests.yahoo_server import YahooServer

PEOPLE = 10


def together(pk: int) -> list[str]:
    """Let ten refresh an instrument at the same moment; return what each was told went wrong."""
    start = Barrier(PEOPLE, timeout=20)
    asked = [Instrument.objects.get(pk=pk) for _ in range(PEOPLE)]

    def ask(instrument: Instrument) -> str:
        start.wait()
        try:
            ingest.refresh_once(instrument)
        except ProviderError as error:
            return error.message
        finally:
            connections.close_all()
        return ""

    with ThreadPoolExecutor(PEOPLE) as threads:
        return list(threads.map(ask, asked))


@pytest.mark.django_db(transaction=True)
def test_ten_who_ask_at_once_cost_one_fetch(yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = listing()
    acme = register()

    told = together(acme.pk)

    assert told == [""] * PEOPLE
    assert [symbol for symbol, _ in yahoo.asked] == ["ACME"]
    assert acme.bars.count() == 50


@pytest.mark.django_db(transaction=True)
def test_ten_who_ask_at_once_hear_of_one_failure(yahoo: YahooServer) -> None:
    acme = register()

    told = together(acme.pk)

    assert set(told) == {"Yahoo has no prices for ACME. It says: No data found, symbol may be delisted."}
    assert [symbol for symbol, _ in yahoo.asked] == ["ACME"]


def test_a_turn_is_waited_for_no_longer_than_patience_lasts() -> None:
    with turn("ACME") as first, turn("ACME", patience=0.2) as second:
        assert (first, second) == (True, False)


def test_a_turn_that_ended_is_the_next_ones() -> None:
    with turn("ACME"):
        pass

    with turn("ACME", patience=0) as mine:
        assert mine


def test_different_names_do_not_wait_for_each_other() -> None:
    with turn("ACME"), turn("OTHER", patience=0) as mine:
        assert mine


def test_a_turn_is_over_when_its_holder_breaks() -> None:
    with pytest.raises(ZeroDivisionError), turn("ACME"):
        raise ZeroDivisionError

    with turn("ACME", patience=0) as mine:
        assert mine


def test_one_that_died_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "DEAD_SECONDS", 0.3)
    dead = turn("ACME")
    dead.__enter__()

    with turn("ACME", patience=10) as mine:
        assert mine


def test_one_that_was_taken_for_dead_leaves_the_next_ones_turn_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "DEAD_SECONDS", 0.3)
    slow = turn("ACME")
    slow.__enter__()
    monkeypatch.setattr(flights, "DEAD_SECONDS", 60)

    with turn("ACME", patience=10) as mine:
        slow.__exit__(None, None, None)
        with turn("ACME", patience=0) as third:
            assert (mine, third) == (True, False)


def test_without_redis_everybody_has_the_turn(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    with turn("ACME", patience=0) as first, turn("ACME", patience=0) as second:
        assert (first, second) == (True, True)
