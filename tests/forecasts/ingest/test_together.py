"""Two workers at one instrument: nothing is written twice, and nothing old over something new."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from forecasts import ingest
from forecasts.ingest import fetching
from forecasts.market_data.base import ProviderError
from forecasts.market_data.yahoo import YahooProvider
from forecasts.models import Instrument
from tests.forecasts.acme import CLOSES, NEW, OLD, SESSIONS, closes, listing, register, written_by
from tests.yahoo_server import YahooServer


def at_once(work: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do `work` in two threads that store only when both have fetched."""
    both_fetched, store = Barrier(2, timeout=20), fetching.store

    def store_together(*args: Any, **options: Any) -> ingest.Refreshed:
        both_fetched.wait()
        return store(*args, **options)

    def in_thread(_: int) -> None:
        try:
            work()
        finally:
            connections.close_all()

    monkeypatch.setattr(fetching, "store", store_together)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(in_thread, range(2)))


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_fetch_a_first_time_store_it_once(
    yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    yahoo.listings["ACME"] = replace(listing(), dividends={OLD[3]: 0.5})
    acme = register()

    at_once(lambda: ingest.refresh(Instrument.objects.get(pk=acme.pk)), monkeypatch)

    acme.refresh_from_db()
    assert list(closes(acme).values()) == CLOSES[:50]
    assert {written.split()[1] for written in written_by(acme).values()} == {"0"}
    assert acme.actions.count() == 1
    assert acme.data_revision == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_see_a_split_replace_the_history_once(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=0.1), splits={NEW[0]: (10, 1)})

    at_once(lambda: ingest.refresh(Instrument.objects.get(pk=acme.pk)), monkeypatch)

    acme.refresh_from_db()
    assert list(closes(acme).values()) == [close * 0.1 for close in CLOSES]
    assert acme.data_revision == 2


@pytest.mark.django_db
def test_an_answer_from_before_a_split_is_dropped(acme: Instrument, yahoo: YahooServer) -> None:
    late = Instrument.objects.get(pk=acme.pk)
    before_the_split = YahooProvider().fetch("ACME", OLD[-10])
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=0.1), splits={NEW[0]: (10, 1)})
    ingest.refresh(acme)

    ingest.store(late, before_the_split)

    assert list(closes(acme).values()) == [close * 0.1 for close in CLOSES]
    assert late.data_revision == 2


# Once for all who ask -----------------------------------------------------------------------------------


def while_another_fetches(acme: Instrument, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let three threads ask while this one holds the turn and refreshes; return what each was told."""
    all_here, take_turn = Barrier(4, timeout=20), fetching.turn

    def wait_for_turn(*args: Any) -> Any:
        all_here.wait()
        return take_turn(*args)

    def ask(_: int) -> Any:
        try:
            return ingest.refresh_once(Instrument.objects.get(pk=acme.pk))
        except ProviderError as error:
            return error.code
        finally:
            connections.close_all()

    monkeypatch.setattr(fetching, "turn", wait_for_turn)
    with ThreadPoolExecutor(3) as threads, take_turn(f"prices:{acme.pk}"):
        answers = [threads.submit(ask, number) for number in range(3)]
        all_here.wait()
        with suppress(ProviderError):
            ingest.refresh(acme)
    return [answer.result() for answer in answers]


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_another_fetches_takes_what_came_of_it(
    yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    yahoo.listings["ACME"] = listing()
    acme = register()

    answers = while_another_fetches(acme, monkeypatch)

    assert answers == [ingest.Refreshed()] * 3
    assert len(yahoo.asked) == 1
    assert list(closes(acme)) == OLD


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_another_fails_is_told_why(
    yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = register()

    answers = while_another_fetches(acme, monkeypatch)

    assert answers == ["unknown_symbol"] * 3
    assert len(yahoo.asked) == 1
