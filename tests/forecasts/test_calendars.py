from datetime import UTC, date, datetime, timedelta

import pytest

from forecasts import calendars
from forecasts.exchanges import EXCHANGES

GOOD_FRIDAY = date(2013, 3, 29)


def test_sessions_after_the_samples_end_skip_weekends_and_good_friday() -> None:
    days = calendars.sessions_after("XNYS", date(2013, 3, 1), 20)

    assert days[0] == date(2013, 3, 4)
    assert days[18:] == [date(2013, 3, 28), date(2013, 4, 1)]
    assert GOOD_FRIDAY not in days


@pytest.mark.parametrize(
    ("calendar", "day", "expected"),
    [
        ("XNYS", GOOD_FRIDAY, date(2013, 3, 28)),
        ("XNYS", date(2013, 3, 31), date(2013, 3, 28)),
        ("XNYS", date(2013, 4, 1), date(2013, 4, 1)),
        ("XNYS", date(2001, 9, 16), date(2001, 9, 10)),
        ("XTKS", date(2024, 1, 3), date(2023, 12, 29)),
        (calendars.WEEKDAYS, GOOD_FRIDAY, GOOD_FRIDAY),
        (calendars.WEEKDAYS, date(2013, 3, 31), GOOD_FRIDAY),
        (calendars.EVERY_DAY, date(2013, 3, 31), date(2013, 3, 31)),
        ("XNYS", date(1950, 1, 1), date(1949, 12, 30)),
    ],
)
def test_a_day_without_trading_stands_for_the_session_before(
    calendar: str, day: date, expected: date
) -> None:
    assert calendars.session_at_or_before(calendar, day) == expected


@pytest.mark.parametrize(
    ("calendar", "now", "expected"),
    [
        # New York closes at 21:00 UTC in winter and at 20:00 in summer; the clocks changed on 10 March 2024.
        ("XNYS", datetime(2024, 3, 8, 20, 59, tzinfo=UTC), date(2024, 3, 7)),
        ("XNYS", datetime(2024, 3, 8, 21, 0, tzinfo=UTC), date(2024, 3, 8)),
        ("XNYS", datetime(2024, 3, 11, 19, 59, tzinfo=UTC), date(2024, 3, 8)),
        ("XNYS", datetime(2024, 3, 11, 20, 0, tzinfo=UTC), date(2024, 3, 11)),
        # A half day before the holiday closes at 13:00 in New York.
        ("XNYS", datetime(2024, 7, 3, 17, 0, tzinfo=UTC), date(2024, 7, 3)),
        ("XNYS", datetime(2024, 7, 7, 12, 0, tzinfo=UTC), date(2024, 7, 5)),
        ("XLON", datetime(2024, 3, 28, 16, 30, tzinfo=UTC), date(2024, 3, 28)),
        ("XLON", datetime(2024, 4, 2, 15, 29, tzinfo=UTC), date(2024, 3, 28)),
        ("XTKS", datetime(2024, 6, 4, 6, 0, tzinfo=UTC), date(2024, 6, 4)),
        ("24/7", datetime(2024, 6, 8, 23, 59, tzinfo=UTC), date(2024, 6, 7)),
        ("24/7", datetime(2024, 6, 9, 0, 0, tzinfo=UTC), date(2024, 6, 8)),
        ("weekdays", datetime(2024, 6, 9, 12, 0, tzinfo=UTC), date(2024, 6, 7)),
    ],
)
def test_the_last_closed_session(calendar: str, now: datetime, expected: date) -> None:
    assert calendars.last_closed_session(calendar, now) == expected


def test_now_may_be_told_in_any_time_zone() -> None:
    tokyo_morning = datetime.fromisoformat("2024-03-12T05:00+09:00")

    assert calendars.last_closed_session("XNYS", tokyo_morning) == date(2024, 3, 11)


def test_plain_calendars_need_no_table() -> None:
    friday = date(2024, 6, 7)

    assert calendars.sessions_after(calendars.EVERY_DAY, friday, 2) == [date(2024, 6, 8), date(2024, 6, 9)]
    assert calendars.sessions_after(calendars.WEEKDAYS, friday, 2) == [date(2024, 6, 10), date(2024, 6, 11)]


def test_beyond_an_exchanges_table_weekdays_stand_in() -> None:
    """A process that outlives its table, or an exchange that has not yet published next year's holidays."""
    _, _, last = calendars._table("XNYS")
    later = last + timedelta(days=40)

    days = calendars.sessions_after("XNYS", last - timedelta(days=30), 60)

    assert len(days) == len(set(days)) == 60
    assert days == sorted(days)
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}
    assert days[-1] > last
    assert later - calendars.session_at_or_before("XNYS", later) <= timedelta(days=2)
    noon = datetime.combine(later, datetime.min.time(), tzinfo=UTC)
    assert calendars.last_closed_session("XNYS", noon) > last


@pytest.mark.parametrize("calendar", ["weekdays", "sun-thu", "XNYS", "24/7"])
def test_a_week_without_holidays_is_approximate(calendar: str) -> None:
    assert calendars.is_approximate(calendar) == (calendar in ("weekdays", "sun-thu"))
    assert calendars.is_exact_on(calendar, date(2024, 6, 19)) != calendars.is_approximate(calendar)


def test_the_gulf_trades_from_sunday_to_thursday() -> None:
    days = calendars.sessions_after("sun-thu", date(2024, 6, 5), 3)

    assert days == [date(2024, 6, 6), date(2024, 6, 9), date(2024, 6, 10)]


def test_before_its_table_begins_an_exchange_keeps_its_own_week() -> None:
    thursday, friday, sunday = date(2019, 6, 13), date(2019, 6, 14), date(2019, 6, 16)

    sessions = calendars.sessions_between("XSAU", thursday, sunday)

    assert sessions == [thursday, sunday]
    assert not calendars.is_exact_on("XSAU", friday)
    assert calendars.is_exact_on("XSAU", date(2024, 6, 9))


@pytest.mark.parametrize(
    ("name", "known"),
    [("XNYS", True), ("24/7", True), ("weekdays", True), ("sun-thu", True), ("NYSE", False), ("", False)],
)
def test_calendars_are_known_by_their_names(name: str, known: bool) -> None:
    assert calendars.is_known(name) is known


def test_a_calendar_that_cannot_be_made_is_not_known() -> None:
    """exchange_calendars 4.13 has Athens, and fails on it under pandas 3."""
    assert not calendars.is_known("ASEX")


@pytest.mark.slow
@pytest.mark.parametrize("calendar", sorted({exchange.calendar for exchange in EXCHANGES}))
def test_every_calendar_that_a_symbol_can_get_can_be_asked(calendar: str) -> None:
    week = [date(2024, 6, day) for day in range(3, 8)]

    assert sum(calendars.is_session(calendar, day) for day in week) >= 3
    last = calendars.session_at_or_before(calendar, week[-1])
    assert (
        timedelta(0)
        < calendars.closes_at(calendar, last) - datetime.combine(last, datetime.min.time(), tzinfo=UTC)
        <= timedelta(days=1)
    )


@pytest.mark.parametrize(
    ("calendar", "session", "expected"),
    [
        ("XNYS", date(2024, 3, 27), False),
        ("XNYS", date(2024, 3, 28), True),  # Good Friday follows
        ("XNYS", date(2024, 12, 31), False),  # a new year is no new week
        ("24/7", date(2024, 7, 6), False),
        ("24/7", date(2024, 7, 7), True),
        ("weekdays", date(2024, 3, 28), False),  # it knows no holidays
        ("weekdays", date(2024, 3, 29), True),
        # Here Sunday opens the week.
        ("sun-thu", date(2024, 7, 7), False),
        ("sun-thu", date(2024, 7, 11), True),
    ],
)
def test_the_last_session_of_a_week(calendar: str, session: date, expected: bool) -> None:
    assert calendars.ends_week(calendar, session) is expected
