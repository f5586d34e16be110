"""Track records, brought up to date from new scores and ledger entries; what is stale is found from rows.

The record of one instrument and method is worked out anew from all its scores, those of several are the sums
of these (`pooling`). Workers that do the same at the same time end at the same figures.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Max, Q, Sum
from django.utils import timezone

from forecasts.models import Forecast, Instrument, LedgerEntry, RecordTally, Score, TrackRecord
from forecasts.pipeline import pooling
from forecasts.pipeline.counted_scores import counted_scores
from ml_engine.tally import Tally, tally

Key = tuple[int, str]  # an instrument's and a method

Kind = LedgerEntry.Kind
_ISSUED = Q(entry__kind=Kind.ISSUED)
# What became of the forecasts that the ledger tells of; the record's figures name them so.
COUNTS: dict[str, Any] = {
    "issued": Count("pk", filter=_ISSUED),
    "waiting": Count("pk", filter=_ISSUED & Q(score_from__isnull=False)),
    "never_counted": Count("pk", filter=_ISSUED & Q(first_counted_step=None)),
    "begun_steps": Sum(F("first_counted_step") - 1, filter=_ISSUED),
    "failed": Count("pk", filter=Q(entry__kind=Kind.FAILED)),
    "withdrawn": Count("pk", filter=Q(entry__kind=Kind.WITHDRAWN)),
    "pre_ledger": Count("pk", filter=Q(entry__kind=Kind.PRE_LEDGER)),
}


def update_records() -> int:
    """Bring stale records up to date; return of how many instruments and methods there was news."""
    head = LedgerEntry.objects.last()
    number = head.number if head else 0
    of_all = TrackRecord.objects.of(None, "")
    scored, entered = _newly_scored(of_all), _newly_entered(of_all)
    for key in sorted(scored | entered):
        _update(key, is_rescored=key in scored)
    pooling.pool(scored | entered, number)
    return len(scored | entered)


def _newly_scored(of_all: TrackRecord | None) -> set[Key]:
    """Find those with scores that their record may not have seen.

    Scores become visible when their transaction ends, and the record of all is written at the end of a run:
    neither lasts longer than a task may, so twice as long ago nothing can have been overlooked.
    """
    recent = Score.objects.all()
    if of_all is not None:
        margin = timedelta(seconds=2 * settings.CELERY_TASK_TIME_LIMIT)
        recent = recent.filter(scored_at__gte=of_all.computed_at - margin)
    rows: Any = recent.values_list("forecast__instrument", "forecast__method").annotate(Max("scored_at"))
    newest: dict[Key, datetime] = {(instrument, method): moment for instrument, method, moment in rows}
    singles = TrackRecord.objects.filter(instrument__in={instrument for instrument, _ in newest})
    known = {(row[0], row[1]): row[2] for row in singles.values_list("instrument", "method", "computed_at")}
    return {key for key, moment in newest.items() if key not in known or moment >= known[key]}


def _newly_entered(of_all: TrackRecord | None) -> set[Key]:
    """Find those whose forecasts were entered in the ledger since the record of all was written."""
    last = of_all.figures["ledger"]["last_entry"] if of_all else 0
    return set(Forecast.objects.filter(entry__gt=last).values_list("instrument", "method").distinct())


def _update(key: Key, *, is_rescored: bool) -> None:
    """Work out one record; its lock lets whoever scores the instrument end first, or begin afterwards."""
    with transaction.atomic():
        pooling.keep_pools_out()
        instrument = Instrument.objects.select_for_update(no_key=True).filter(pk=key[0]).first()
        if instrument is None:
            return  # an upload that was deleted meanwhile
        moment, method = timezone.now(), key[1]
        stored = RecordTally.objects.filter(record__instrument=instrument, record__method=method).first()
        if stored is None or is_rescored:
            sums = tally(counted_scores(instrument, method))
        else:
            sums = Tally.from_bytes(bytes(stored.content))
        ledger = _ledger_counts(instrument, method)
        pooling.save(instrument, method, moment, sums, {"ledger": ledger})


def _ledger_counts(instrument: Instrument, method: str) -> dict[str, int]:
    mine = Forecast.objects.filter(instrument=instrument, method=method, entry__isnull=False)
    found = mine.aggregate(**COUNTS, last_entry=Max("entry"))
    return {name: count or 0 for name, count in found.items()}
