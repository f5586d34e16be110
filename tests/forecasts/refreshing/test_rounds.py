"""Who is rung for each minute: what somebody follows, is due, and whose source may be asked."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from forecasts import bell, refreshing
from forecasts.market_data.lane import lane_of
from forecasts.models import Instrument
from forecasts.refreshing import rounds
from tests.factories import ForecastRequestFactory, InstrumentFactory, WatchlistFactory, bars
from tests.forecasts.refreshing.conftest import EVENING, SetClock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Messages = list[tuple[str, str, Any]]
FRIDAY, MONDAY = date(2024, 7, 5), date(2024, 7, 8)


def later(instrument: Instrument) -> tuple[str, str, int]:
    return bell.REFRESH_LATER, "prices", instrument.pk


def live(symbol: str, **fields: Any) -> Instrument:
    made: Instrument = InstrumentFactory(yahoo=True, symbol=symbol, **fields)
    return made


# Who is followed ----------------------------------------------------------------------------------------


def test_what_is_on_a_watchlist_is_followed(followed: Instrument) -> None:
    live("ALONE")
    WatchlistFactory(instruments=[followed, InstrumentFactory(), InstrumentFactory(upload=True)])

    assert list(refreshing.watched(EVENING)) == [followed]


def test_a_stock_brings_the_index_of_its_market_where_that_is_known() -> None:
    index, stock = live("^GSPC", kind="index"), live("ACME")
    WatchlistFactory(instruments=[stock])

    assert set(refreshing.watched(EVENING)) == {index, stock}


def test_a_forecast_is_followed_until_its_last_session_is_known() -> None:
    unfinished = ForecastRequestFactory(forecast__instrument=live("QUEUED"))
    reaching = ForecastRequestFactory(
        forecast__instrument=live("REACHES"), forecast__succeeded=True, forecast__as_of=date(2024, 6, 25)
    )
    ForecastRequestFactory(
        forecast__instrument=live("OVER"), forecast__succeeded=True, forecast__as_of=date(2024, 5, 1)
    )
    ForecastRequestFactory(forecast__instrument=live("FAILED"), forecast__failed=True)

    assert set(refreshing.watched(EVENING)) == {
        unfinished.forecast.instrument,
        reaching.forecast.instrument,
    }


# Who is rung for ----------------------------------------------------------------------------------------


def test_what_is_due_is_rung_for_in_the_queue_that_nobody_waits_for(
    followed: Instrument, sent: Messages
) -> None:
    bars(followed, last=FRIDAY)

    refreshing.refresh_due()

    assert sent == [later(followed)]


def test_what_is_stored_is_not_rung_for(followed: Instrument, sent: Messages) -> None:
    bars(followed, last=MONDAY, state="provisional")

    refreshing.refresh_due()

    assert sent == []


def test_a_bar_of_a_session_that_was_not_over_does_not_count(followed: Instrument, sent: Messages) -> None:
    bars(followed, last=FRIDAY)
    bars(followed, 1, last=MONDAY, state="unfinished")

    refreshing.refresh_due()

    assert sent == [later(followed)]


def test_a_bell_is_not_rung_again_until_it_is_answered(followed: Instrument, sent: Messages) -> None:
    refreshing.refresh_due()
    refreshing.refresh_due()
    assert sent == [later(followed)]

    bell.answered_for_prices(followed.pk)
    refreshing.refresh_due()

    assert sent == [later(followed)] * 2


def test_no_more_are_rung_for_than_a_minute_of_the_source_has_room_for(
    sent: Messages, settings: Settings
) -> None:
    settings.YAHOO_RATE = 0.05
    WatchlistFactory(instruments=[live(f"T{number}") for number in range(5)])

    refreshing.refresh_due()

    assert len(sent) == 1


def test_a_source_that_may_be_asked_seldom_is_asked_in_some_minutes_only(
    followed: Instrument, sent: Messages, settings: Settings, clock: SetClock
) -> None:
    settings.YAHOO_RATE = 50 / 3600
    rung = []

    for minute in range(6):
        clock(EVENING + timedelta(minutes=minute))
        refreshing.refresh_due()
        rung.append(len(sent))
        bell.answered_for_prices(followed.pk)

    assert rung[-1] == 2


def test_no_more_are_rung_for_than_the_queue_has_room_for(
    sent: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasts.bell.messages_waiting", lambda _queue: rounds.QUEUE - 2)
    WatchlistFactory(instruments=[live(f"T{number}") for number in range(5)])

    refreshing.refresh_due()

    assert len(sent) == 2


def test_nobody_is_rung_for_while_the_source_is_paused(followed: Instrument, sent: Messages) -> None:
    lane = lane_of("yahoo")
    lane.take_turn()
    lane.refused(None)

    refreshing.refresh_due()

    assert sent == []


def test_a_source_that_is_not_set_up_is_not_asked(sent: Messages, settings: Settings) -> None:
    settings.TIINGO_API_KEY = ""
    WatchlistFactory(instruments=[InstrumentFactory(yahoo=True, symbol="TIINGO:ACME", source="tiingo")])

    refreshing.refresh_due()

    assert sent == []


def test_a_failure_is_remembered_by_the_row_when_the_cache_was_emptied(
    followed: Instrument, sent: Messages, clock: SetClock
) -> None:
    failed_at = EVENING - timedelta(minutes=5)
    followed.fetch_error = {"code": "source_failed", "message": "No.", "at": failed_at.isoformat()}
    followed.save()

    refreshing.refresh_due()
    assert sent == []
    clock(failed_at + timedelta(minutes=15))
    refreshing.refresh_due()

    assert sent == [later(followed)]


def test_a_wish_for_all_is_rung_for_though_nothing_is_due(followed: Instrument, sent: Messages) -> None:
    bars(followed, last=MONDAY)
    refreshing.begin_run([followed.pk], "root@example.com")

    refreshing.refresh_due()

    assert sent == [later(followed)]


def test_a_broker_that_is_down_harms_nothing(followed: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell.app.conf, "broker_read_url", "redis://127.0.0.1:1/0")

    refreshing.refresh_due()

    assert not bell.rung_in_background([followed.pk])


def test_a_round_costs_as_many_queries_for_three_as_for_one(
    followed: Instrument, sent: Messages, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        refreshing.refresh_due()
    WatchlistFactory(instruments=[live("B"), live("C")])

    with django_assert_num_queries(3):
        refreshing.refresh_due()

    assert len(sent) == 3


def test_the_day_after_the_site_was_off_everything_is_due(sent: Messages, clock: SetClock) -> None:
    clock(datetime(2024, 7, 9, 3, tzinfo=UTC))
    behind = live("BEHIND")
    bars(behind, last=date(2024, 6, 3))
    WatchlistFactory(instruments=[behind])

    refreshing.refresh_due()

    assert sent == [later(behind)]
