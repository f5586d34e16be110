"""Which bars may still change: by the session's hours and the moment when it was fetched."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from django.utils import timezone

from forecasts import ingest
from forecasts.ingest.finality import with_states
from forecasts.models import Instrument, Restatement
from tests.factories import InstrumentFactory
from tests.forecasts.acme import CLOSES, NEW, OLD, listing, register
from tests.yahoo_server import YahooServer, bars_of

# Wednesday 3 July 2024 closes at 17:00 UTC, half a day; Thursday is a holiday, Friday opens at 13:30.
WEEK = pd.DatetimeIndex(["2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05"], name="date")
FRIDAY = [date(2024, 7, 4), date(2024, 7, 5), date(2024, 7, 6)]


def states_at(moment: str, calendar: str = "XNYS", days: pd.DatetimeIndex = WEEK) -> list[str]:
    instrument = InstrumentFactory.build(yahoo=True, calendar=calendar)
    bars = pd.DataFrame({"close": 1.0}, index=days)
    return list(with_states(instrument, bars, datetime.fromisoformat(f"{moment}+00:00"))["state"])


@pytest.mark.parametrize(
    ("moment", "third", "friday"),
    [
        ("2024-07-03T16:59", "unfinished", "unfinished"),
        ("2024-07-03T17:00", "provisional", "unfinished"),
        ("2024-07-05T13:29", "provisional", "unfinished"),
        ("2024-07-05T13:30", "final", "unfinished"),
        ("2024-07-05T20:00", "final", "provisional"),
        ("2024-07-08T13:30", "final", "final"),
    ],
)
def test_a_bar_settles_when_the_next_session_opens(moment: str, third: str, friday: str) -> None:
    assert states_at(moment)[2:] == [third, friday]


@pytest.mark.parametrize(
    ("calendar", "moment", "states"),
    [
        ("24/7", "2024-07-05T23:59", ["final", "unfinished", "unfinished"]),
        ("24/7", "2024-07-06T00:00", ["final", "final", "unfinished"]),
        ("weekdays", "2024-07-06T00:00", ["final", "provisional", "unfinished"]),
        ("weekdays", "2024-07-08T00:00", ["final", "final", "final"]),
        ("XTKS", "2024-07-05T05:59", ["final", "unfinished", "unfinished"]),
    ],
)
def test_other_calendars_have_other_hours(calendar: str, moment: str, states: list[str]) -> None:
    assert states_at(moment, calendar, pd.DatetimeIndex(FRIDAY)) == states


def test_samples_and_uploads_are_final_whatever_the_day() -> None:
    bars = pd.DataFrame({"close": [1.0]}, index=pd.DatetimeIndex(["2024-07-05"]))
    upload = InstrumentFactory.build(source="upload", calendar="XNYS")

    assert list(with_states(upload, bars, datetime(2024, 7, 5, 14, tzinfo=UTC))["state"]) == ["final"]


def test_a_mended_bar_is_repaired_only_when_it_is_final() -> None:
    bars = pd.DataFrame({"close": 1.0, "repaired": True}, index=WEEK)
    instrument = InstrumentFactory.build(yahoo=True)

    stated = with_states(instrument, bars, datetime(2024, 7, 5, 21, tzinfo=UTC))

    assert list(stated["state"]) == ["repaired", "repaired", "repaired", "provisional"]
    assert "repaired" not in stated


# Through the source -------------------------------------------------------------------------------------


Clock = Callable[[date, int], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the clock to an hour (UTC) of a day."""

    def set_clock(day: date, hour: int) -> None:
        monkeypatch.setattr(timezone, "now", lambda: datetime(day.year, day.month, day.day, hour, tzinfo=UTC))

    return set_clock


def bar_of(acme: Instrument, day: date) -> tuple[str, float]:
    bar = acme.bars.get(date=day)
    return bar.state, bar.close


@pytest.mark.django_db
def test_a_bar_goes_from_unfinished_over_provisional_to_final(yahoo: YahooServer, at: Clock) -> None:
    yahoo.listings["ACME"] = listing()
    acme, last = register(), OLD[-1]
    seen = []
    for day, hour, close in [(last, 19, 555.0), (last, 21, 560.0), (NEW[0], 14, 560.0)]:
        at(day, hour)
        yahoo.listings["ACME"].bars[-1] = bars_of([last], [close])[0]
        ingest.refresh(acme)
        seen.append(bar_of(acme, last))

    assert seen == [("unfinished", 555.0), ("provisional", 560.0), ("final", 560.0)]
    assert (acme.data_revision, Restatement.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_a_provisional_bar_that_settles_at_another_price_is_a_restatement(
    yahoo: YahooServer, at: Clock
) -> None:
    yahoo.listings["ACME"] = listing()
    acme, last = register(), OLD[-1]
    at(last, 21)
    ingest.refresh(acme)
    at(NEW[0], 14)
    yahoo.listings["ACME"].bars[-1] = bars_of([last], [151.0])[0]

    refreshed = ingest.refresh(acme)

    row = Restatement.objects.get()
    assert bar_of(acme, last) == ("final", 151.0)
    assert (refreshed.written, refreshed.restated, acme.data_revision) == (1, True, 2)
    assert (row.revision, row.reason, row.first_session, row.last_session, row.sessions) == (
        2,
        "settled",
        last,
        last,
        1,
    )
    assert row.price_factor == pytest.approx(151.0 / CLOSES[49])
    assert len(yahoo.asked) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("hour", "expected"), [(21, [("repaired", CLOSES[49])]), (19, [])])
def test_a_bar_that_the_source_forgets_stays_if_its_session_was_over(
    yahoo: YahooServer, at: Clock, hour: int, expected: list[tuple[str, float]]
) -> None:
    yahoo.listings["ACME"] = listing()
    acme, last = register(), OLD[-1]
    at(last, hour)
    ingest.refresh(acme)
    at(NEW[0], 14)
    del yahoo.listings["ACME"].bars[-1]

    ingest.refresh(acme)

    assert list(acme.bars.filter(date=last).values_list("state", "close")) == expected
    assert acme.missing_sessions.filter(date=last).exists() == (not expected)
