"""Appending to the chain, under one lock: what a forecast came to, in the order in which it ended."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from forecasts.ledger.chain import Draft, linked
from forecasts.ledger.counting import first_counted_step
from forecasts.ledger.facts import KIND_OF_STATUS, facts_of, points_of
from forecasts.models import Forecast, ForecastPoint, LedgerEntry

if TYPE_CHECKING:
    from datetime import date, datetime

    from forecasts.ledger.chain import Json

logger = logging.getLogger(__name__)

# Any number that no other lock of this database has; Postgres keeps it until the transaction ends.
LOCK = 0x57_0C_CA_57
# Endings entered in one transaction, and in one call: whoever issues a forecast waits for the first.
BATCH, MOST_AT_ONCE = 100, 1000


def append(kind: str, content: Json, erases: LedgerEntry | None = None) -> LedgerEntry:
    """Append one entry; it counts when the caller's transaction is committed, and others wait until then."""
    return append_all([Draft(kind, content, erases)])[0]


def append_all(drafts: list[Draft], moment: datetime | None = None) -> list[LedgerEntry]:
    """Append entries one after the other; `moment` is now, unless the caller took it under the lock."""
    with transaction.atomic():
        hold_the_end()
        entries = linked(LedgerEntry.objects.last(), drafts, moment or timezone.now())
        return LedgerEntry.objects.bulk_create(entries)


def hold_the_end() -> None:
    """Wait until nobody else appends, and keep it so to the end of the transaction.

    Whoever needs rows of forecasts locked too must lock them before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def enter_issued(forecast: Forecast) -> LedgerEntry:
    """Enter a forecast that the caller's transaction has just stored, and note which of its steps count."""
    stored = Forecast.objects.select_related("instrument", "evaluation").get(pk=forecast.pk)
    points = points_of([stored])[stored.pk]
    facts = facts_of(LedgerEntry.Kind.ISSUED, stored, points)
    days = {step: day for _, series, step, day, _ in points if series == ForecastPoint.MODEL}
    with transaction.atomic():
        hold_the_end()
        now = timezone.now()
        first = first_counted_step(stored.instrument.calendar, [days[step] for step in sorted(days)], now)
        content = facts | {"first_counted_step": first}
        (entry,) = append_all([_draft(LedgerEntry.Kind.ISSUED, stored, content)], now)
        _note(stored, entry, first, days[first] if first else None)
    return entry


def _draft(kind: str, forecast: Forecast, content: Json) -> Draft:
    return Draft(kind, content, is_private=forecast.instrument.owner_id is not None)


def _note(forecast: Forecast, entry: LedgerEntry, first: int | None, score_from: date | None) -> None:
    Forecast.objects.filter(pk=forecast.pk).update(
        entry=entry, first_counted_step=first, score_from=score_from
    )


def enter_endings() -> int:
    """Enter forecasts that have ended without an entry, a limited number at once; return how many.

    Failed and withdrawn ones are entered as such, and those that succeeded before there was a ledger as
    pre-ledger.
    """
    entered = 0
    while entered < MOST_AT_ONCE:
        batch = _enter_batch()
        entered += batch
        if batch < BATCH:
            break
    if entered:
        logger.info("%d ended forecasts were entered in the ledger.", entered)
    return entered


def _enter_batch() -> int:
    with transaction.atomic():
        ended = list(
            Forecast.objects.filter(entry=None, status__in=KIND_OF_STATUS)
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .select_related("instrument", "evaluation")
            .order_by("finished_at", "pk")[:BATCH]
        )
        if not ended:
            return 0
        points = points_of(ended)
        kinds = [KIND_OF_STATUS[Forecast.Status(forecast.status)] for forecast in ended]
        drafts = [
            _draft(kind, forecast, facts_of(kind, forecast, points.get(forecast.pk, [])))
            for kind, forecast in zip(kinds, ended, strict=True)
        ]
        for forecast, entry in zip(ended, append_all(drafts), strict=True):
            forecast.entry = entry
        Forecast.objects.bulk_update(ended, ["entry"])
    return len(ended)
