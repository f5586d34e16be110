"""A stock that Yahoo lists, as tests of what comes to be stored need it."""

from datetime import UTC, date, datetime

from django.core.cache import cache
from django.db import connection

from forecasts import calendars
from forecasts.models import Instrument
from tests.factories import weekdays_until
from tests.yahoo_server import Listing, bars_of

SESSIONS = weekdays_until(date(2024, 5, 24), 60)
OLD, NEW = SESSIONS[:50], SESSIONS[50:]
CLOSES = [100.0 + step for step in range(60)]


def listing(sessions: list[date] = OLD, factor: float = 1.0) -> Listing:
    return Listing(bars_of(sessions, [close * factor for close in CLOSES[: len(sessions)]]))


def register(symbol: str = "ACME") -> Instrument:
    return Instrument.objects.create(symbol=symbol, source="yahoo", calendar=calendars.calendar_for(symbol))


def closes(instrument: Instrument) -> dict[date, float]:
    return dict(instrument.bars.order_by("date").values_list("date", "close"))


def as_if_long_ago(instrument: Instrument) -> None:
    """Forget when somebody looked at the source, so that the next forecast looks again."""
    cache.delete(f"market-data:looked:{instrument.pk}")
    Instrument.objects.filter(pk=instrument.pk).update(fetched_at=datetime(2024, 1, 1, tzinfo=UTC))
    instrument.refresh_from_db()


def written_by(instrument: Instrument) -> dict[date, str]:
    """Return for each price row the transaction that wrote it, and 0 unless that was in place of another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select date, xmin || ' ' || xmax from forecasts_pricebar where instrument_id = %s",
            [instrument.pk],
        )
        return dict(cursor.fetchall())
