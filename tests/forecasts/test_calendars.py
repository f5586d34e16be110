from datetime import UTC, date, datetime, timedelta

import pytest

from forecasts import calendars

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


@pytest.mark.parametrize(
    ("symbol", "exchange", "calendar"),
    [
        ("AAPL", "NMS", "XNYS"),
        ("AAPL", "", "XNYS"),
        ("BRK-B", "", "XNYS"),
        ("^GSPC", "SNP", "XNYS"),
        ("7203.T", "", "XTKS"),
        ("7203.T", "JPX", "XTKS"),
        ("VOD.L", "LSE", "XLON"),
        ("BTC-USD", "", "24/7"),
        ("BTC-USD", "CCC", "24/7"),
        ("EURUSD=X", "CCY", "weekdays"),
        ("ABC.ZZ", "", "weekdays"),
        ("ABC", "no such exchange", "weekdays"),
    ],
)
def test_a_symbols_calendar(symbol: str, exchange: str, calendar: str) -> None:
    assert calendars.calendar_for(symbol, exchange) == calendar
    assert calendars.is_approximate(calendar) == (calendar == "weekdays")


@pytest.mark.slow
@pytest.mark.parametrize(
    "calendar",
    sorted({*calendars.BY_YAHOO_EXCHANGE.values(), *calendars.BY_SUFFIX.values()}),
)
def test_every_calendar_that_a_symbol_can_get_can_be_asked(calendar: str) -> None:
    week = [date(2024, 6, day) for day in range(17, 22)]

    assert sum(calendars.is_session(calendar, day) for day in week) >= 3
    last = calendars.session_at_or_before(calendar, week[-1])
    assert (
        timedelta(0)
        < calendars.closes_at(calendar, last) - datetime.combine(last, datetime.min.time(), tzinfo=UTC)
        <= timedelta(days=1)
    )
