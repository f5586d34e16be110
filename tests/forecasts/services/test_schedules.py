"""Schedules: set, paused, removed, and what they will do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connections

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.models import DueForecast, Instrument, Schedule, Watchlist
from forecasts.refreshing.due import SETTLE, stagger
from forecasts.services import schedules as service
from forecasts.services.schedules import can_be_scheduled
from tests.factories import InstrumentFactory, ScheduleFactory, UserFactory, WatchlistFactory

# A Monday in July: New York closed half an hour ago and settles; Tokyo closed in the morning.
NOW = datetime(2024, 7, 8, 20, 15, tzinfo=UTC)
TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)


@pytest.fixture
def acme(db: None) -> Instrument:
    made: Instrument = InstrumentFactory(yahoo=True, symbol="ACME")
    return made


@pytest.fixture
def watchlist(user: User, acme: Instrument) -> Watchlist:
    made: Watchlist = WatchlistFactory(owner=user, name="Tech", instruments=[acme])
    return made


def foresee(watchlist: Watchlist) -> services.Foresight:
    return services.foresee_schedule(Watchlist.objects.with_symbols().get(pk=watchlist.pk))


# Setting ------------------------------------------------------------------------------------------------


def test_a_list_has_one_schedule_which_can_be_changed(watchlist: Watchlist) -> None:
    first = services.set_schedule(watchlist=watchlist)
    assert (first.method, first.horizon, first.cadence, first.is_active) == ("house", 20, "session", True)

    services.set_schedule(watchlist=watchlist, method="fine-tuned", horizon=5, cadence="week")

    changed = Schedule.objects.get()
    assert (changed.method, changed.horizon, changed.cadence) == ("fine-tuned", 5, "week")
    assert changed.since == first.since


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ({"horizon": 0}, "horizon", "from 1 to 60, not 0"),
        ({"horizon": 61}, "horizon", "from 1 to 60, not 61"),
        ({"horizon": "5"}, "horizon", "whole number"),
        ({"method": "from-scratch"}, "method", "Choose one of house, fine-tuned"),
        ({"method": None}, "method", "no method 'None'"),
        ({"cadence": "hour"}, "cadence", "Choose one of session, week"),
    ],
)
def test_what_cannot_be_is_refused(
    watchlist: Watchlist, wish: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(RequestRefused, match=words) as refusal:
        services.set_schedule(watchlist=watchlist, **wish)

    assert refusal.value.field == field
    assert not Schedule.objects.exists()


def test_resumed_it_begins_anew_and_only_then(watchlist: Watchlist) -> None:
    schedule = ScheduleFactory(watchlist=watchlist)
    since = schedule.since
    with time_machine.travel(NOW, tick=False):
        services.pause_schedule(watchlist=watchlist, is_active=False)
        services.set_schedule(watchlist=watchlist, horizon=3, is_active=False)
        schedule.refresh_from_db()
        assert (schedule.is_active, schedule.since) == (False, since)

        services.pause_schedule(watchlist=watchlist, is_active=True)

        schedule.refresh_from_db()
        assert (schedule.is_active, schedule.since, schedule.horizon) == (True, NOW, 3)
    services.pause_schedule(watchlist=watchlist, is_active=True)
    schedule.refresh_from_db()
    assert schedule.since == NOW


def test_removing_it(watchlist: Watchlist) -> None:
    services.set_schedule(watchlist=watchlist)

    services.remove_schedule(watchlist=watchlist)

    assert not Schedule.objects.exists()
    for do in (services.remove_schedule, lambda **it: services.pause_schedule(is_active=True, **it)):
        with pytest.raises(RequestRefused, match="'Tech' has no schedule") as refusal:
            do(watchlist=watchlist)
        assert refusal.value.code == "no_schedule"


def test_a_list_deleted_meanwhile_stays_deleted(watchlist: Watchlist) -> None:
    Watchlist.objects.all().delete()

    for do in (
        services.set_schedule,
        services.remove_schedule,
        lambda **it: services.pause_schedule(is_active=True, **it),
    ):
        with pytest.raises(RequestRefused, match="has been deleted") as refusal:
            do(watchlist=watchlist)
        assert refusal.value.code == "watchlist_gone"


@pytest.mark.django_db(transaction=True)
def test_the_last_schedule_that_fits_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_SCHEDULES", 2)
    lists, together = WatchlistFactory.create_batch(5, owner=UserFactory()), Barrier(5, timeout=20)

    def make(watchlist: Watchlist) -> str:
        together.wait()
        try:
            services.set_schedule(watchlist=watchlist)
        except RequestRefused as refusal:
            return refusal.code
        else:
            return "made"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as windows:
        made = sorted(windows.map(make, lists))

    assert made == ["made"] * 2 + ["too_many_schedules"] * 3
    assert Schedule.objects.count() == 2


# Foreseeing ---------------------------------------------------------------------------------------------


def test_only_what_gets_newer_prices_by_itself_can_be_scheduled(acme: Instrument) -> None:
    gone = InstrumentFactory(yahoo=True, fetch_error={"code": "delisted", "message": "Gone."})
    failing = InstrumentFactory(yahoo=True, fetch_error={"code": "source_failed", "message": "No."})
    fixed = [InstrumentFactory(), InstrumentFactory(upload=True)]

    assert [can_be_scheduled(one) for one in (acme, failing, gone, *fixed)] == [True, True, *[False] * 3]


def test_a_list_without_schedule_says_what_one_would_cover(watchlist: Watchlist, acme: Instrument) -> None:
    sample = InstrumentFactory()
    watchlist.entries.create(instrument=sample)

    outlook = foresee(watchlist)

    assert (outlook.schedule, outlook.covered, outlook.left_out) == (None, [acme], [sample])
    assert (outlook.next_at, outlook.next_symbol) == (None, "")


@pytest.mark.parametrize(
    ("now", "cadence", "close"),
    [
        (NOW, "session", datetime(2024, 7, 8, 20, tzinfo=UTC)),
        (NOW + timedelta(hours=1), "session", datetime(2024, 7, 9, 20, tzinfo=UTC)),
        (NOW, "week", datetime(2024, 7, 12, 20, tzinfo=UTC)),
        # Thanksgiving week ends with a half day.
        (datetime(2024, 11, 25, 22, tzinfo=UTC), "week", datetime(2024, 11, 29, 18, tzinfo=UTC)),
    ],
)
def test_the_next_forecast_is_foreseen(
    watchlist: Watchlist, acme: Instrument, now: datetime, cadence: str, close: datetime
) -> None:
    ScheduleFactory(watchlist=watchlist, cadence=cadence)

    with time_machine.travel(now, tick=False):
        outlook = foresee(watchlist)

    assert (outlook.next_at, outlook.next_symbol) == (close + SETTLE + stagger(acme.pk), "ACME")


def test_the_close_before_it_was_made_is_not_foreseen(watchlist: Watchlist) -> None:
    ScheduleFactory(watchlist=watchlist, since=NOW)

    with time_machine.travel(NOW, tick=False):
        outlook = foresee(watchlist)

    assert outlook.next_at
    assert outlook.next_at.date() == TOMORROW


def test_the_first_exchange_to_close_is_next(watchlist: Watchlist) -> None:
    tokyo = InstrumentFactory(yahoo=True, symbol="7203.T", calendar="XTKS")
    watchlist.entries.create(instrument=tokyo)
    ScheduleFactory(watchlist=watchlist)

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        outlook = foresee(watchlist)

    assert (outlook.next_at, outlook.next_symbol) == (
        datetime(2024, 7, 9, 6, tzinfo=UTC) + SETTLE + stagger(tokyo.pk),
        "7203.T",
    )


def test_while_it_is_paused_nothing_is_foreseen(watchlist: Watchlist) -> None:
    ScheduleFactory(watchlist=watchlist, is_active=False)

    assert foresee(watchlist).next_at is None


def test_what_was_skipped_last_is_told_until_it_works_again(watchlist: Watchlist, acme: Instrument) -> None:
    ScheduleFactory(watchlist=watchlist)
    mine = {"instrument": acme, "method": "house", "due_at": NOW, "settled_at": NOW}
    skipped = DueForecast.objects.create(session=TODAY, horizon=20, status="skipped", note="Late.", **mine)
    DueForecast.objects.create(session=TODAY, horizon=5, status="skipped", note="Of others.", **mine)
    assert foresee(watchlist).skipped == [skipped]

    DueForecast.objects.create(session=TOMORROW, horizon=20, status="asked", **mine)

    assert foresee(watchlist).skipped == []
