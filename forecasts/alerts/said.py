"""What was said of instruments lately, by forecasts whose future had not begun: the newest first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.db.models import F, Window
from django.db.models.functions import DenseRank, Least

from forecasts.models import Forecast, TrackRecord, Trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Forecasts of an instrument and method that one is compared with.
COMPARED = 60
# A month: alerts look no farther ahead, so a forecast that reaches beyond it says nothing more to them.
SESSIONS = 20
# Origins; more than are compared, for several may be new.
_READ = COMPARED + 20

Series = tuple[int, str]


@dataclass(frozen=True)
class Said:
    """The little that comparing takes of what was said from one origin.

    People ask for different horizons, so several forecasts may begin there. This is the one that reaches
    farthest, up to SESSIONS, and of these the newest; `first_at` is when the first of all had finished, and
    `trust` is as issued: sharper if it was so in any.
    """

    pk: int
    instrument_id: int
    method: str
    data_as_of: date
    finished_at: datetime
    horizon: int
    trust: str
    first_at: datetime

    @property
    def reach(self) -> int:
        return min(self.horizon, SESSIONS)

    @property
    def origin(self) -> str:
        """Names the origin in keys of events: what is said from there again is no other event."""
        return f"{self.instrument_id}:{self.method}:{self.data_as_of}"

    def joined(self, other: Said) -> Said:
        """Return this one, with what is kept of another from the same origin."""
        trust = Trust.SHARPER if Trust.SHARPER in (self.trust, other.trust) else self.trust
        return replace(self, trust=trust, first_at=min(self.first_at, other.first_at))


_COLUMNS = [field.name for field in fields(Said) if field.name != "first_at"]


def changed(instruments: Iterable[int], since: datetime) -> set[int]:
    """Return those of the instruments that were forecast, or whose track record was worked out, since."""
    known = set(instruments)
    done = Forecast.objects.filter(status=Forecast.Status.SUCCEEDED, finished_at__gte=since)
    forecast = done.filter(instrument__in=known).values_list("instrument_id", flat=True)
    worked_out = TrackRecord.objects.filter(instrument__in=known, computed_at__gte=since)
    return {*forecast, *(key for key in worked_out.values_list("instrument_id", flat=True) if key)}


def newest_said(instruments: Iterable[int]) -> dict[Series, list[Said]]:
    """Return, by instrument and method, what counted of the last origins, the newest first.

    A replay, or a forecast of old data such as the sample's, counts nowhere: see the ledger.
    """
    counted = Forecast.objects.filter(
        instrument__in=list(instruments), status=Forecast.Status.SUCCEEDED, first_counted_step__isnull=False
    )
    place = Window(DenseRank(), partition_by=["instrument_id", "method"], order_by=F("data_as_of").desc())
    newest = counted.annotate(place=place, reach=Least("horizon", SESSIONS)).filter(place__lte=_READ)
    found: dict[Series, list[Said]] = defaultdict(list)
    for row in newest.order_by("place", "-reach", "-finished_at").values(*_COLUMNS):
        one = Said(**row, first_at=row["finished_at"])
        listed = found[one.instrument_id, one.method]
        if listed and listed[-1].data_as_of == one.data_as_of:
            listed[-1] = listed[-1].joined(one)
        else:
            listed.append(one)
    return found


def unseen(listed: Sequence[Said], since: datetime) -> list[int]:
    """Return the places of the newest forecast, and of others that have finished since, the newest first.

    Who asks for an origin of the past, once there are newer ones, makes no news.
    """
    places: list[int] = []
    newer = datetime.max.replace(tzinfo=UTC)
    for at, one in enumerate(listed):
        if at == 0 or since <= one.finished_at <= newer:
            places.append(at)
        newer = min(newer, one.first_at)
    return places


def loaded(keys: Iterable[int]) -> dict[int, Forecast]:
    """Return forecasts by key, with what deciding on their trust takes."""
    light = Forecast.objects.select_related("instrument", "evaluation").defer(
        "loss_history", "settings", "evaluation__metrics", "evaluation__skill"
    )
    return light.in_bulk(list(keys))
