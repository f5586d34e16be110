"""Which sessions lack: those of an exact calendar without a closed bar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forecasts import ingest
from forecasts.calendars import sessions_between
from forecasts.models import Instrument, PriceBar
from tests.factories import InstrumentFactory

pytestmark = pytest.mark.django_db

# XNYS does not trade on 4 July.
FIRST, LAST = date(2024, 6, 24), date(2024, 7, 8)
MONDAY_EVENING = datetime(2024, 7, 8, 21, tzinfo=UTC)


def stored(
    calendar: str = "XNYS", without: tuple[date, ...] = (), last: date = LAST, **about: object
) -> Instrument:
    instrument = InstrumentFactory(**({"yahoo": True} | about), calendar=calendar)
    days = [day for day in sessions_between(calendar, FIRST, last) if day not in without]
    PriceBar.objects.bulk_create(
        PriceBar(
            instrument=instrument,
            date=day,
            **dict.fromkeys(("open", "high", "low", "close", "adj_close", "volume"), 1.0),
        )
        for day in days
    )
    return instrument


def missing(instrument: Instrument) -> list[date]:
    return list(instrument.missing_sessions.values_list("date", flat=True))


def test_sessions_without_a_bar_are_missing_and_holidays_are_not() -> None:
    lacking = (date(2024, 7, 2), date(2024, 7, 5))
    instrument = stored(without=lacking)

    ingest.note_gaps(instrument, MONDAY_EVENING)

    assert missing(instrument) == list(lacking)


def test_a_gap_that_is_filled_is_none_any_more() -> None:
    instrument = stored(without=(date(2024, 7, 2), date(2024, 7, 5)))
    ingest.note_gaps(instrument, MONDAY_EVENING)
    bar = instrument.bars.get(date=date(2024, 7, 3))
    bar.date = date(2024, 7, 2)
    PriceBar.objects.bulk_create([bar])

    ingest.note_gaps(instrument, MONDAY_EVENING)

    assert missing(instrument) == [date(2024, 7, 5)]


def test_nothing_is_written_where_nothing_changed() -> None:
    instrument = stored(without=(date(2024, 7, 2),))
    ingest.note_gaps(instrument, MONDAY_EVENING)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        changed = ingest.note_gaps(instrument, MONDAY_EVENING)

    assert changed == 0
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT"]


def test_the_last_closed_session_is_missing_when_the_source_has_none() -> None:
    instrument = stored(last=date(2024, 7, 3))

    ingest.note_gaps(instrument, datetime(2024, 7, 5, 19, tzinfo=UTC))
    during_friday = missing(instrument)
    ingest.note_gaps(instrument, MONDAY_EVENING)

    assert during_friday == []
    assert missing(instrument) == [date(2024, 7, 5), date(2024, 7, 8)]


def test_a_history_that_ended_long_ago_has_no_gap_after_it() -> None:
    instrument = stored(last=date(2024, 7, 3))

    ingest.note_gaps(instrument, MONDAY_EVENING + timedelta(days=60))

    assert missing(instrument) == []


def test_an_unfinished_bar_fills_no_gap() -> None:
    instrument = stored()
    instrument.bars.filter(date=date(2024, 7, 5)).update(state="unfinished")

    ingest.note_gaps(instrument, MONDAY_EVENING)

    assert missing(instrument) == [date(2024, 7, 5)]


@pytest.mark.parametrize("source", [{"upload": True}, {"source": "sample", "yahoo": False}])
def test_uploads_and_samples_end_with_their_last_bar(source: dict[str, object]) -> None:
    instrument = stored(without=(date(2024, 7, 2),), **source)

    ingest.note_gaps(instrument, MONDAY_EVENING + timedelta(days=5))

    assert missing(instrument) == [date(2024, 7, 2)]


def test_crypto_trades_every_day_and_approximate_calendars_expect_nothing() -> None:
    crypto = stored("24/7", without=(date(2024, 7, 6),))
    currency = stored("weekdays", without=(date(2024, 7, 5),))

    for instrument in (crypto, currency):
        ingest.note_gaps(instrument, MONDAY_EVENING)

    assert (missing(crypto), missing(currency)) == ([date(2024, 7, 6)], [])
