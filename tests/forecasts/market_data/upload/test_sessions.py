"""Which calendar a file's days follow, and what lacks."""

from datetime import date, timedelta

import pytest

from forecasts import calendars
from forecasts.market_data.upload import sessions
from tests.forecasts.market_data.upload.files import HEADER, PLAIN, reading, refusal

FIRST, LAST = date(2018, 1, 1), date(2020, 12, 31)


@pytest.mark.parametrize("exchange", ["XNYS", "XLON", "XETR", "XTKS"])
def test_an_exchange_is_told_by_its_sessions(exchange: str) -> None:
    days = calendars.sessions_between(exchange, FIRST, LAST)

    assert sessions.guess(days, None) == exchange


def test_every_day_and_weekdays_are_told_apart() -> None:
    days = [FIRST + timedelta(days=count) for count in range(700)]

    assert sessions.guess(days, None) == calendars.EVERY_DAY
    assert sessions.guess([day for day in days if day.weekday() < 5], None) == calendars.WEEKDAYS
    gulf = [day for day in days if day.weekday() not in (4, 5)]
    assert sessions.guess(gulf, None) == calendars.SUNDAY_TO_THURSDAY


def test_the_currency_decides_between_calendars_that_fit_alike() -> None:
    days = [date(2024, 1, day) for day in (9, 10, 11, 12)]

    assert [sessions.guess(days, currency) for currency in (None, "EUR", "GBp")] == ["XNYS", "XETR", "XLON"]


def test_missing_sessions_are_listed_and_a_guess_is_called_one() -> None:
    days = [day for day in calendars.sessions_between("XNYS", FIRST, LAST) if day != date(2019, 5, 7)]
    rows = "".join(f"{day},10,11,9,10,1\n" for day in days)

    answer = reading(HEADER + rows)

    assert answer.missing_sessions == [date(2019, 5, 7)]
    assert (answer.calendar, answer.calendar_guessed) == ("XNYS", True)
    assert "The days fit the calendar XNYS; choose another if it trades elsewhere." in answer.notes


def test_the_owners_calendar_is_taken_and_days_off_it_are_noted() -> None:
    answer = reading(PLAIN + "2024-01-06,10,11,9,10,1\n", calendar="XLON")

    assert (answer.calendar, answer.calendar_guessed) == ("XLON", False)
    assert answer.missing_sessions == [date(2024, 1, 5)]
    assert "1 rows lie on days on which XLON does not trade: 2024-01-06." in answer.notes


def test_weekdays_have_no_missing_sessions() -> None:
    assert reading(PLAIN + "2024-01-11,10,11,9,10,1\n", calendar="weekdays").missing_sessions == []


def test_a_calendar_that_there_is_not_is_refused() -> None:
    error = refusal(PLAIN, calendar="XMARS")

    assert error.option == "calendar"
    assert error.message.startswith("There is no calendar “XMARS”.")
