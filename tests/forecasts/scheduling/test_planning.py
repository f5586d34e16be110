"""What is written down after each close."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from forecasts.models import DueForecast, Schedule
from forecasts.scheduling import plan
from tests.factories import InstrumentFactory, ScheduleFactory, UserFactory
from tests.forecasts.scheduling.conftest import EVENING, MONDAY, live

pytestmark = pytest.mark.django_db

WEEK = Schedule.Cadence.WEEK


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def scheduled(*instruments: Any, **fields: Any) -> Schedule:
    made: Schedule = ScheduleFactory(watchlist__instruments=instruments, **fields)
    return made


def planned() -> list[tuple[str, date]]:
    rows = DueForecast.objects.order_by("session", "instrument__symbol")
    return list(rows.values_list("instrument__symbol", "session"))


def test_each_question_is_planned_once_however_many_people_ask_it() -> None:
    acme = live()
    for horizon in (20, 20, 5):
        scheduled(acme, horizon=horizon)

    plan(EVENING)
    plan(EVENING)

    rows = DueForecast.objects.values_list("instrument", "session", "method", "horizon", "status")
    assert set(rows) == {(acme.pk, MONDAY, "house", horizon, "waiting") for horizon in (5, 20)}
    assert len(rows) == 2


def test_rows_are_spread_over_half_an_hour_after_the_close_has_settled() -> None:
    scheduled(*(live(f"T{number}", last=None) for number in range(60)))

    plan(EVENING)

    waits = [
        due_at - at(2024, 7, 8, 20, 20) for due_at in DueForecast.objects.values_list("due_at", flat=True)
    ]
    assert timedelta(0) <= min(waits) < timedelta(minutes=2)
    assert timedelta(minutes=28) < max(waits) < timedelta(minutes=30)
    in_each_third = [
        sum(n * 10 <= wait.total_seconds() / 60 < n * 10 + 10 for wait in waits) for n in range(3)
    ]
    assert min(in_each_third) >= 15


def test_nothing_is_planned_while_a_session_runs() -> None:
    scheduled(live())

    plan(at(2024, 7, 8, 13, 30))
    plan(at(2024, 7, 8, 19, 59))

    assert planned() == []


def test_a_close_before_the_schedule_was_made_is_not_for_it() -> None:
    schedule = scheduled(live(), since=at(2024, 7, 8, 20, 1))

    plan(EVENING)
    assert planned() == []
    plan(EVENING + timedelta(days=1))

    assert planned() == [("ACME", MONDAY + timedelta(days=1))]
    assert schedule.is_active


@pytest.mark.parametrize("why", ["paused", "inactive", "removed"])
def test_what_nobody_asks_for_is_not_planned(why: str) -> None:
    schedule = scheduled(live(), is_active=why != "paused")
    if why == "inactive":
        schedule.watchlist.owner.is_active = False
        schedule.watchlist.owner.save()
    elif why == "removed":
        schedule.watchlist.entries.all().delete()

    plan(EVENING)

    assert planned() == []


def test_samples_and_uploads_are_left_out() -> None:
    owner = UserFactory()
    upload = InstrumentFactory(upload=True, owner=owner, calendar="XNYS")
    scheduled(InstrumentFactory(), upload, live(), watchlist__owner=owner)

    plan(EVENING)

    assert planned() == [("ACME", MONDAY)]


def test_after_three_weeks_off_only_the_newest_session_is_planned() -> None:
    scheduled(live(), live("BETA"))
    plan(EVENING)

    plan(EVENING + timedelta(weeks=3))

    assert planned() == [(symbol, day) for day in (MONDAY, date(2024, 7, 29)) for symbol in ("ACME", "BETA")]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(2024, 3, 27, 21), []),
        # Good Friday is a holiday, so the week ends with Thursday.
        (at(2024, 3, 28, 21), [("ACME", date(2024, 3, 28))]),
        (at(2024, 3, 31, 12), [("ACME", date(2024, 3, 28))]),
        (at(2024, 4, 1, 21), []),
        # The year ends on a Tuesday, in the middle of a week.
        (at(2024, 12, 31, 22), []),
        (at(2025, 1, 3, 22), [("ACME", date(2025, 1, 3))]),
    ],
)
def test_once_a_week_means_after_its_last_close(now: datetime, expected: list[tuple[str, date]]) -> None:
    scheduled(live(), cadence=WEEK)

    plan(now)

    assert planned() == expected


def test_each_session_is_planned_where_one_person_wants_a_week_and_another_each_close() -> None:
    acme = live()
    scheduled(acme, cadence=WEEK)
    scheduled(acme)

    plan(EVENING)

    assert planned() == [("ACME", MONDAY)]


@pytest.mark.parametrize(
    ("calendar", "now", "expected"),
    [
        # Tokyo closed at 6:00 UTC (before November 2024) and opens at 0:00.
        ("XTKS", at(2024, 7, 8, 6, 1), [MONDAY]),
        ("XTKS", at(2024, 7, 8, 5, 59), []),
        ("XTKS", at(2024, 7, 8, 23, 59), [MONDAY]),
        ("XTKS", at(2024, 7, 9, 0, 0), []),
        # One day begins as the other ends: six hours are left.
        ("24/7", at(2024, 7, 7, 0, 0), [date(2024, 7, 6)]),
        ("24/7", at(2024, 7, 7, 5, 59), [date(2024, 7, 6)]),
        ("24/7", at(2024, 7, 7, 6, 0), []),
        # The futures exchange's next session opens at the moment of the close, on Fridays two days later.
        ("CMES", at(2024, 7, 8, 22, 0), [MONDAY]),
        ("CMES", at(2024, 7, 9, 3, 59), [MONDAY]),
        ("CMES", at(2024, 7, 9, 4, 0), []),
        ("CMES", at(2024, 7, 7, 21, 59), [date(2024, 7, 5)]),
        # Where only the days of the week are known, a weekend lies between.
        ("weekdays", at(2024, 7, 7, 12, 0), [date(2024, 7, 5)]),
        ("weekdays", at(2024, 7, 8, 0, 0), []),
    ],
)
def test_each_exchange_has_its_own_close_and_its_next_opening(
    calendar: str, now: datetime, expected: list[date]
) -> None:
    scheduled(live(calendar=calendar))

    plan(now)

    assert [session for _, session in planned()] == expected


def test_a_round_with_nothing_new_asks_as_often_for_many_rows_as_for_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    scheduled(live())
    plan(EVENING)
    with django_assert_num_queries(2):
        plan(EVENING)
    scheduled(*(live(f"T{number}", last=None) for number in range(5)), live("ACME2"))
    plan(EVENING)

    with django_assert_num_queries(2):
        plan(EVENING)
