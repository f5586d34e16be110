"""Whether forecasts are still what their entries tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from forecasts.ledger.chain import parsed
from forecasts.ledger.facts import OF_THE_MOMENT, facts_of, points_of
from forecasts.models import Forecast, LedgerEntry

if TYPE_CHECKING:
    from datetime import datetime

    from forecasts.ledger.chain import Json
    from forecasts.ledger.facts import PointRow

Kind = LedgerEntry.Kind
UNCOMPARED = (*OF_THE_MOMENT, "v", "salt")
MISSING = object()
# While a site is upgraded, workers of before may go on for a while.
UPGRADE = timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """What some entries tell of: their forecasts by number, these forecasts' points by key."""

    forecasts: dict[int | None, Forecast]
    points: dict[int, list[PointRow]]
    began: datetime

    @classmethod
    def by(cls, entries: list[LedgerEntry]) -> Told:
        found = Forecast.objects.filter(entry__in=entries).select_related("instrument", "evaluation")
        forecasts = {forecast.entry_id: forecast for forecast in found}
        return cls(forecasts, points_of(forecasts.values()), _began())

    def wrong_in(self, entry: LedgerEntry) -> str:
        """Say what an entry tells that its forecast's rows do not; empty where they agree."""
        forecast = self.forecasts.get(entry.number)
        if entry.kind == Kind.ERASURE or entry.is_erased:
            return "a forecast belongs to it, and cannot." if forecast else ""
        if forecast is None:
            return "the forecast that it tells of is gone, or belongs to another entry."
        if entry.is_private != (forecast.instrument.owner_id is not None):
            return "it says of its instrument that it is an upload, or that it is not, which is not so."
        if entry.kind == Kind.PRE_LEDGER and _is_younger(forecast, self.began + UPGRADE):
            return "it says that its forecast was issued before the ledger was kept, which is not so."
        facts = facts_of(entry.kind, forecast, self.points.get(forecast.pk, []))
        differing = _differing(parsed(entry), facts)
        if not differing:
            return ""
        return f"of forecast {forecast.pk} this is not what was entered: {', '.join(differing)}."


def unentered() -> str:
    """Say which forecast was issued since the ledger is kept and is not in it; empty where none is."""
    began = _began()
    lost = Forecast.objects.filter(entry=None, status=Forecast.Status.SUCCEEDED).filter(
        Q(finished_at=None) | Q(finished_at__gt=began) | Q(started_at__gt=began) | Q(created_at__gt=began)
    )
    forecast = lost.order_by("pk").first()
    if forecast is None:
        return ""
    moment = forecast.finished_at or forecast.created_at
    return f"Forecast {forecast.pk}, issued {moment:%Y-%m-%d %H:%M} UTC, has no entry."


def _differing(told: Json, found: Json) -> list[str]:
    """Name what differs; what an entry leaves out could be changed unhindered, so that differs too."""
    names = sorted(told.keys() | found.keys())
    return [name for name in names if name not in UNCOMPARED and told.get(name, MISSING) != found.get(name)]


def _is_younger(forecast: Forecast, moment: datetime) -> bool:
    """Whether a forecast was issued after a moment, or counts, as only what is entered when issued does."""
    moments = (forecast.created_at, forecast.started_at, forecast.finished_at)
    untold = forecast.finished_at is None or forecast.first_counted_step is not None
    return untold or any(found > moment for found in moments if found)


def _began() -> datetime:
    """When the first entry was made; now, while there is none."""
    first = LedgerEntry.objects.order_by("number").values_list("entered_at", flat=True).first()
    return first or timezone.now()
