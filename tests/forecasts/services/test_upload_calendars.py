"""Which calendar an upload keeps: its owner's, or the one that was guessed of the history there is."""

from datetime import date, timedelta

import pytest

from accounts.models import User
from forecasts import services
from forecasts.market_data.upload import Options
from forecasts.models import Instrument
from forecasts.services import Mode
from tests.forecasts.price_files import price_line, price_sheet, sheet_of

pytestmark = pytest.mark.django_db

EVERY_DAY = [date(2013, 1, 1) + timedelta(days=count) for count in range(40)]


def keep(owner: User, content: bytes, mode: Mode = Mode.CREATE) -> Instrument:
    look = services.look_into(
        owner=owner, name="FUND", content=content, filename="fund.csv", options=Options()
    )
    return services.keep_upload(owner=owner, look=look, mode=mode)[0]


def sheet(days: list[date]) -> bytes:
    return sheet_of(price_line(day, 5.0) for day in days)


def test_a_calendar_that_was_guessed_is_guessed_anew_with_the_history_that_replaces_it(user: User) -> None:
    guessed = keep(user, price_sheet(30)).calendar

    replaced = keep(user, sheet(EVERY_DAY), Mode.REPLACE)

    assert guessed != "24/7"
    assert (replaced.calendar, replaced.calendar_guessed) == ("24/7", True)


def test_appending_keeps_a_calendar_that_was_guessed(user: User) -> None:
    keep(user, sheet(EVERY_DAY))
    two_more = [EVERY_DAY[-1] + timedelta(days=count) for count in range(3)]

    appended = keep(user, sheet(two_more), Mode.APPEND)

    assert (appended.calendar, appended.bars.count()) == ("24/7", 42)
