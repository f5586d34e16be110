"""How fresh prices are by their calendar, and asking for newer ones: once, however many people do."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from forecasts import bell, ingest, refreshing, services
from forecasts.errors import RequestRefused
from forecasts.market_data.lane import lane_of
from forecasts.models import Instrument
from tests.factories import InstrumentFactory, WatchlistFactory, bars

pytestmark = pytest.mark.django_db

# Two sessions in New York, with the Fourth of July between, and the evening of the second.
WEDNESDAY, FRIDAY = date(2024, 7, 3), date(2024, 7, 5)
EVENING = datetime(2024, 7, 5, 22, tzinfo=UTC)
Commits = DjangoCaptureOnCommitCallbacks


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: EVENING)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    messages: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        "forecasts.bell.app.send_task", lambda step, args=(), **_: messages.append((step, *args))
    )
    return messages


@pytest.fixture
def acme() -> Instrument:
    made: Instrument = InstrumentFactory(yahoo=True, symbol="ACME", fetched_at=None)
    return made


def test_freshness_counts_the_sessions_that_lack(acme: Instrument) -> None:
    bars(acme, 5, last=date(2024, 7, 2))

    freshness = services.freshness_of(acme)

    assert freshness is not None
    assert (freshness.expected, freshness.newest, freshness.missed) == (FRIDAY, date(2024, 7, 2), 2)
    assert (freshness.is_stale, freshness.is_fetching, freshness.was_looked_for) == (True, False, False)


def test_prices_of_the_last_closed_session_are_fresh_though_provisional(acme: Instrument) -> None:
    bars(acme, 3, last=FRIDAY, state="provisional")

    freshness = services.freshness_of(acme)

    assert freshness is not None
    assert (freshness.is_stale, freshness.missed) == (False, 0)


def test_a_bar_of_a_session_that_was_not_over_is_not_fresh(acme: Instrument) -> None:
    bars(acme, 5, last=WEDNESDAY)
    bars(acme, 1, last=FRIDAY, state="unfinished")

    freshness = services.freshness_of(acme)

    assert freshness is not None
    assert (freshness.newest, freshness.missed) == (WEDNESDAY, 1)


def test_a_history_that_is_complete_has_no_freshness() -> None:
    assert services.freshness_of(InstrumentFactory()) is None
    assert services.freshness_of(InstrumentFactory(upload=True)) is None


def test_ten_who_ask_ring_once(
    acme: Instrument, sent: list[Any], django_capture_on_commit_callbacks: Commits
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        asked = [services.ask_for_prices(acme) for _ in range(10)]

    freshness = services.freshness_of(acme)
    assert asked == [True] * 10
    assert sent == [("forecasts.refresh", acme.pk)]
    assert freshness is not None
    assert freshness.is_fetching


def test_nothing_is_asked_for_that_is_stored(acme: Instrument, sent: list[Any]) -> None:
    bars(acme, 1, last=FRIDAY)

    assert not services.ask_for_prices(acme)


def test_nothing_is_asked_for_that_was_looked_for_just_now(acme: Instrument) -> None:
    ingest.note_look(acme.pk)

    assert not services.ask_for_prices(acme)


@pytest.mark.parametrize("fields", [{}, {"upload": True}])
def test_nothing_is_asked_for_that_is_complete(fields: dict[str, bool]) -> None:
    assert not services.ask_for_prices(InstrumentFactory(**fields))


@pytest.mark.parametrize(("hours", "asked"), [(23, False), (25, True)])
def test_what_the_source_has_no_more_is_asked_for_once_a_day(
    hours: int, asked: bool, acme: Instrument
) -> None:
    at = EVENING - timedelta(hours=hours)
    acme.fetch_error = {"code": "delisted", "message": "Gone.", "at": at.isoformat(), "missing_on": []}

    assert services.ask_for_prices(acme) == asked


def test_a_broker_that_is_down_leaves_nobody_waiting(
    acme: Instrument, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Commits
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(bell.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")

    with django_capture_on_commit_callbacks(execute=True):
        services.ask_for_prices(acme)

    freshness = services.freshness_of(acme)
    assert freshness is not None
    assert not freshness.is_fetching


def test_a_symbol_new_on_a_watchlist_is_fetched(
    sent: list[Any], django_capture_on_commit_callbacks: Commits
) -> None:
    watchlist = WatchlistFactory()

    with django_capture_on_commit_callbacks(execute=True):
        entry = services.add_to_watchlist(watchlist=watchlist, symbol="NVDA")

    assert sent == [("forecasts.refresh", entry.instrument_id)]


# All at once --------------------------------------------------------------------------------------------


def test_all_watched_are_wished_for_and_looked_for_at_once(
    acme: Instrument, user: User, sent: list[Any], django_capture_on_commit_callbacks: Commits
) -> None:
    InstrumentFactory(yahoo=True)
    WatchlistFactory(instruments=[acme])

    with django_capture_on_commit_callbacks(execute=True):
        run = services.refresh_all_watched(asked_by=user)

    assert (run.pks, run.asked_by) == ((acme.pk,), user.email)
    assert sent == [("forecasts.refresh_due",)]
    assert refreshing.current_run() == run


def test_a_second_wish_waits_for_the_end_of_the_first(acme: Instrument, user: User) -> None:
    WatchlistFactory(instruments=[acme])
    services.refresh_all_watched(asked_by=user)
    with pytest.raises(RequestRefused, match="being refreshed already"):
        services.refresh_all_watched(asked_by=user)

    ingest.note_look(acme.pk)

    assert services.refresh_all_watched(asked_by=user).pks == (acme.pk,)


def test_a_wish_for_nothing_is_refused(user: User) -> None:
    with pytest.raises(RequestRefused, match="Nobody watches"):
        services.refresh_all_watched(asked_by=user)

    assert services.refresh_progress() is None


def test_a_paused_lane_is_reopened_by_name() -> None:
    lane = lane_of("yahoo")
    lane.take_turn()
    lane.refused(None)

    assert services.reopen_lane(source="yahoo") == "Yahoo Finance"
    assert lane.status().paused_until is None


@pytest.mark.parametrize("source", ["", "sample", "nosuch"])
def test_a_source_without_a_lane_cannot_be_reopened(source: str) -> None:
    with pytest.raises(RequestRefused, match="There is no source"):
        services.reopen_lane(source=source)
