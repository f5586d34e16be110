"""What those who run the site want to know of its prices: how fresh they are, what fails, what lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, IntegerField, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from forecasts import calendars, ingest
from forecasts.market_data import sources
from forecasts.market_data.base import ProviderError
from forecasts.market_data.lane import LaneStatus, lane_of
from forecasts.models import Instrument, MissingSession, Restatement
from forecasts.refreshing.due import SETTLE, SPREAD
from forecasts.services.prices import missed_sessions

if TYPE_CHECKING:
    from forecasts.models.instruments import InstrumentQuerySet

NEWEST = 10
# What the table can be narrowed to, and how that reads.
FILTERS = {"all": "All", "behind": "Behind", "failing": "Failing", "gaps": "With gaps"}


@dataclass(frozen=True)
class Lane:
    """A live source and how its lane is; without a status, `trouble` says why."""

    key: str
    name: str
    status: LaneStatus | None
    trouble: str = ""


@dataclass(frozen=True)
class Row:
    """An instrument and how its prices stand; `missed` counts the sessions after `last_closed` that lack."""

    instrument: Instrument
    last_closed: date | None
    last_state: str
    missed: int
    gaps: int
    looked_at: datetime | None


@dataclass(frozen=True)
class Gap:
    """How many sessions of an instrument lack, the newest of them, and when the last was found to."""

    symbol: str
    count: int
    newest: date
    found: datetime


def lanes() -> list[Lane]:
    return [_lane(key) for key, source in sources().items() if source.is_live and source.rate]


def _lane(key: str) -> Lane:
    source = sources()[key]
    if not source.configured():
        return Lane(key, source.name, None, f"Not set up. {source.remedy}")
    try:
        return Lane(key, source.name, lane_of(key).status())
    except ProviderError as error:
        return Lane(key, source.name, None, f"{error.message} {error.remedy}")


def live_instruments(name: str = "all") -> InstrumentQuerySet:
    """Return the live instruments that one of FILTERS leaves, by symbol."""
    found = Instrument.objects.live().with_last_closed().annotate(gaps=_gaps())
    return found.filter(_conditions()[name]).order_by("symbol")


def counts() -> dict[str, int]:
    """Return how many live instruments each of FILTERS leaves."""
    found = Instrument.objects.live().with_last_closed().annotate(gaps=_gaps())
    counted: dict[str, int] = found.aggregate(
        **{f"count_{name}": Count("pk", filter=condition) for name, condition in _conditions().items()}
    )
    return {name: counted[f"count_{name}"] for name in FILTERS}


def _gaps() -> Coalesce:
    missing = MissingSession.objects.filter(instrument=OuterRef("pk")).order_by().values("instrument")
    return Coalesce(Subquery(missing.annotate(n=Count("*")).values("n"), output_field=IntegerField()), 0)


def _conditions() -> dict[str, Q]:
    everything = Q(pk__isnull=False)
    return {
        "all": everything,
        "behind": everything & _is_behind(),
        "failing": Q(fetch_error__isnull=False),
        "gaps": Q(gaps__gt=0),
    }


def _is_behind() -> Q:
    """Whether the newest session lacks though its turn to be fetched is over."""
    now = timezone.now() - SETTLE - SPREAD
    behind = Q(last_closed=None)
    for calendar in set(Instrument.objects.live().values_list("calendar", flat=True).distinct()):
        behind |= Q(calendar=calendar, last_closed__lt=calendars.last_closed_session(calendar, now))
    return behind


def rows(instruments: Iterable[Any]) -> list[Row]:
    """Tell of instruments that `live_instruments` found how their prices stand."""
    listed = list(instruments)
    looked = ingest.looked_at_many([instrument.pk for instrument in listed])
    now = timezone.now()
    return [_row(instrument, looked.get(instrument.pk), now) for instrument in listed]


def _row(instrument: Any, looked_at: datetime | None, now: datetime) -> Row:
    expected = calendars.last_closed_session(instrument.calendar, now)
    return Row(
        instrument=instrument,
        last_closed=instrument.last_closed,
        last_state=instrument.last_state or "",
        missed=missed_sessions(instrument.calendar, instrument.last_closed, expected),
        gaps=instrument.gaps,
        looked_at=looked_at,
    )


def newest_gaps() -> list[Gap]:
    """Return whose sessions lack, those found last first."""
    missing = MissingSession.objects.filter(instrument__owner=None).order_by()
    by_symbol = missing.values(symbol=F("instrument__symbol"))
    found = by_symbol.annotate(count=Count("*"), newest=Max("date"), found=Max("found_at"))
    return [Gap(**row) for row in found.order_by("-found", "symbol")[:NEWEST]]


def newest_restatements() -> list[Restatement]:
    changed = Restatement.objects.filter(instrument__owner=None).select_related("instrument")
    return list(changed.defer("before").order_by("-noticed_at")[:NEWEST])
