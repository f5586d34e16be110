"""A worker's look at a source: what it asks, what it leaves alone, what it remembers."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from forecasts import bell, ingest, refreshing
from forecasts.market_data.lane import lane_of
from forecasts.models import Instrument
from forecasts.refreshing.due import Facts
from forecasts.refreshing.looking import facts_of
from tests.factories import bars, weekdays_until
from tests.forecasts.refreshing.conftest import EVENING, SetClock
from tests.yahoo_server import Listing, YahooServer, bars_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

MONDAY = date(2024, 7, 8)


@pytest.fixture
def listed(yahoo: YahooServer) -> YahooServer:
    """Yahoo has thirty sessions of ACME up to the Monday."""
    yahoo.listings["ACME"] = Listing(bars_of(weekdays_until(MONDAY, 30), [100.0 + n for n in range(30)]))
    return yahoo


def facts(instrument: Instrument) -> Facts:
    (known,) = facts_of(Instrument.objects.with_last_closed().filter(pk=instrument.pk))
    return known


@pytest.mark.parametrize("look", [refreshing.refresh, refreshing.refresh_in_background])
def test_a_look_stores_what_is_new_and_answers_the_bell(
    look: Callable[[int], None], followed: Instrument, listed: YahooServer
) -> None:
    bell.ring_for_prices(followed.pk)
    bell.ring_for_prices(followed.pk, waited_for=False)

    look(followed.pk)

    assert followed.bars.count() == 30
    assert bell.rung_for_prices(followed.pk) is None
    assert not bell.rung_in_background([followed.pk])


@pytest.mark.parametrize("look", [refreshing.refresh, refreshing.refresh_in_background])
def test_what_is_there_by_now_is_not_asked_for(
    look: Callable[[int], None], followed: Instrument, listed: YahooServer
) -> None:
    bars(followed, last=MONDAY)

    look(followed.pk)

    assert listed.asked == []


@pytest.mark.parametrize("look", [refreshing.refresh, refreshing.refresh_in_background])
def test_an_instrument_deleted_meanwhile_is_nobodys_trouble(look: Callable[[int], None]) -> None:
    look(0)


def test_background_work_asks_nothing_while_the_source_is_paused(
    followed: Instrument, listed: YahooServer
) -> None:
    lane = lane_of("yahoo")
    lane.take_turn()
    lane.refused(None)

    refreshing.refresh_in_background(followed.pk)

    followed.refresh_from_db()
    assert (listed.requests, followed.fetch_error) == (0, None)


def test_a_failure_is_noted_and_not_repeated_at_once(followed: Instrument, yahoo: YahooServer) -> None:
    yahoo.trouble = "server error"

    refreshing.refresh_in_background(followed.pk)
    requests = yahoo.requests
    refreshing.refresh_in_background(followed.pk)

    followed.refresh_from_db()
    assert followed.fetch_error is not None
    assert (facts(followed).vain, facts(followed).tried_at) == (1, EVENING)
    assert yahoo.requests == requests


def test_an_answer_without_the_newest_session_is_a_look_in_vain(
    followed: Instrument, listed: YahooServer, clock: SetClock
) -> None:
    clock(EVENING + timedelta(days=1))

    refreshing.refresh_in_background(followed.pk)

    assert followed.bars.count() == 30
    assert facts(followed).vain == 1


def test_a_success_ends_the_count_of_looks_in_vain(
    followed: Instrument, listed: YahooServer, clock: SetClock
) -> None:
    listed.trouble = "server error"
    refreshing.refresh_in_background(followed.pk)
    listed.trouble = None
    clock(EVENING + timedelta(minutes=15))

    refreshing.refresh_in_background(followed.pk)

    assert facts(followed).vain == 0


def test_a_refusal_says_nothing_of_the_instrument(followed: Instrument, yahoo: YahooServer) -> None:
    yahoo.trouble = "too many requests"

    error = refreshing.look(followed)

    assert error is not None
    assert error.code == "rate_limited"
    assert facts(followed).vain == 0


def test_a_fault_of_ours_is_not_repeated_at_once_either(
    followed: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_: Instrument) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ingest, "refresh_once", break_down)

    with pytest.raises(ZeroDivisionError):
        refreshing.refresh_in_background(followed.pk)

    assert facts(followed).vain == 1
