"""Track records of several methods or instruments: sums of those of one, and what many tests mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from forecasts.models import Instrument, RecordTally, TrackRecord
from ml_engine import record
from ml_engine.tally import Tally, merged

ALL_METHODS = ""
DELISTED = "delisted"  # the code of an instrument whose source has no prices any more
LISTED = 100  # instruments in the record of all, those with most origins
# Held by whoever sums up; shared by those who write what is summed up.
LOCK = 5_200_103

# An instrument's key, or None for all public ones, and a method, or ALL_METHODS.
Place = tuple[int | None, str]


def keep_pools_out() -> None:
    """Until this transaction ends nobody sums records up, and so nobody misses what it writes."""
    _execute("SELECT pg_advisory_xact_lock_shared(%s)")


def pool(changed: set[tuple[int, str]], last_entry: int) -> None:
    """Sum up wherever records of one instrument and method are `changed` or newer than their sum."""
    with transaction.atomic():
        _execute("SELECT pg_advisory_xact_lock(%s)")
        stale = _stale_pools(changed)
        if not stale:
            return
        moment = timezone.now()
        for place in (one for one in stale if one[0] is not None):
            _sum_up(place, moment, {})
        methods = sorted({method for _, method in stale} | {ALL_METHODS})
        for method in methods:
            _believe(method)
        for method in (method for method in methods if (None, method) in stale):
            _sum_up((None, method), moment, {"last_entry": last_entry})


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [LOCK])


def _stale_pools(changed: set[tuple[int, str]]) -> list[Place]:
    """Return pools by instrument, those of all last; the one of all methods there always is."""
    rows = TrackRecord.objects.values_list("instrument", "method", "instrument__owner", "computed_at")
    known: dict[Place, datetime] = {(instrument, method): moment for instrument, method, _, moment in rows}
    stale: set[Place] = set() if (None, ALL_METHODS) in known else {(None, ALL_METHODS)}
    for instrument, method, owner, moment in rows:
        if instrument is None or method == ALL_METHODS:
            continue
        for place in _pools_of(instrument, method, is_public=owner is None):
            if (instrument, method) in changed or place not in known or moment > known[place]:
                stale.add(place)
    return sorted(stale, key=lambda place: (place[0] is None, place[0] or 0, place[1]))


def _pools_of(instrument: int, method: str, *, is_public: bool) -> Iterator[Place]:
    """Yield where a record is part of the sum: an upload's in its own instrument's alone."""
    yield instrument, ALL_METHODS
    if is_public:
        yield None, method
        yield None, ALL_METHODS


def _sum_up(place: Place, moment: datetime, ledger: dict[str, int]) -> None:
    instrument, method = place
    parts = TrackRecord.objects.exclude(method=ALL_METHODS).order_by("instrument", "method")
    parts = parts.filter(instrument=instrument) if instrument else parts.public()
    if method:
        parts = parts.filter(method=method)
    stored = RecordTally.objects.filter(record__in=parts).order_by("record__instrument", "record__method")
    contents = stored.values_list("content", flat=True).iterator(chunk_size=16)
    sums = merged(Tally.from_bytes(bytes(content)) for content in contents)
    ledgers: Any = parts
    more: dict[str, Any] = {"ledger": _ledger_of(ledgers.values_list("figures__ledger", flat=True)) | ledger}
    if instrument is None:
        more["instruments"] = _instruments(method)
    owner = Instrument.objects.get(pk=instrument) if instrument else None
    save(owner, method, moment, sums, more)


def _ledger_of(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add up what became of the forecasts."""
    total: dict[str, int] = defaultdict(int)
    for part in parts:
        for name, count in part.items():
            total[name] = max(total[name], count) if name == "last_entry" else total[name] + count
    return dict(total)


def _instruments(method: str) -> dict[str, Any]:
    """How single public instruments did: those with most origins, and how many tests are believed."""
    rows = TrackRecord.objects.public().filter(method=method)
    tested = rows.filter(p_value__isnull=False)
    found = tested.filter(is_significant=True)
    listed = rows.order_by("-origins", "-scored", "instrument__symbol").values(
        "scored", "origins", "crps_skill", "p_value", "is_significant", symbol=F("instrument__symbol")
    )
    return {
        "count": rows.count(),
        "ended": rows.filter(instrument__fetch_error__code=DELISTED).count(),
        "tested": tested.count(),
        "sharper": found.filter(crps_skill__gt=0).count(),
        "worse": found.filter(crps_skill__lt=0).count(),
        "rows": list(listed[:LISTED]),
    }


def _believe(method: str) -> None:
    """Say of each instrument whether its test is to be believed, seeing that there are so many.

    Public instruments are one family of tests; an upload's is tried among these and its owner's others.
    """
    rows = TrackRecord.objects.filter(method=method, instrument__isnull=False).order_by("instrument")
    families: dict[int | None, list[tuple[int, float | None]]] = defaultdict(list)
    for pk, owner, p_value in rows.values_list("pk", "instrument__owner", "p_value"):
        families[owner].append((pk, p_value))
    public = families.pop(None, [])
    believed = _believed(public)
    for own in families.values():
        believed |= _believed(own + public) & {pk for pk, _ in own}
    rows.filter(pk__in=believed, is_significant=False).update(is_significant=True)
    rows.filter(is_significant=True).exclude(pk__in=believed).update(is_significant=False)


def _believed(family: Sequence[tuple[int, float | None]]) -> set[int]:
    flags = record.discoveries([p_value for _, p_value in family])
    return {pk for (pk, _), is_believed in zip(family, flags, strict=True) if is_believed}


def save(
    instrument: Instrument | None, method: str, moment: datetime, sums: Tally, more: dict[str, Any]
) -> None:
    """Write a record with the sums it follows from; `more` joins the engine's figures."""
    figures = record.figures(sums)
    pooled = record.pooled_skill(figures["skill"])
    fields: dict[str, Any] = {
        "computed_at": moment,
        "figures": figures | more,
        "scored": figures["spread"]["origins"],
        "origins": pooled["origins"],
        "crps_skill": pooled["crps_skill"],
        "p_value": pooled["p_value"],
    }
    if instrument is None:
        (fields["is_significant"],) = record.discoveries([pooled["p_value"]])  # one test, nothing to correct
    written, _ = TrackRecord.objects.update_or_create(instrument=instrument, method=method, defaults=fields)
    RecordTally.objects.update_or_create(record=written, defaults={"content": sums.to_bytes()})
