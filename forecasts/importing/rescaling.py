"""Histories that a file puts on another basis as a whole: stored as a source's answer is, splits inferred.

Forecasts from before are told on the new basis by the split, so it must be known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from forecasts import ingest
from forecasts.importing.loading import Counts
from forecasts.market_data.base import Action, History
from forecasts.models import BAR_COLUMNS, CorporateAction, Instrument, Restatement

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def restate(symbol: str, rows: Sequence[tuple[Any, ...]], *, dry_run: bool) -> Counts:
    """Store an instrument's whole history in one transaction; each row is date, prices, whether repaired."""
    with transaction.atomic():
        instrument = Instrument.objects.select_for_update(no_key=True).get(symbol=symbol, owner=None)
        counts = _stored(instrument, _frame(rows))
        transaction.set_rollback(dry_run)
    return counts


def _frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame.from_records(rows, columns=["date", *BAR_COLUMNS, "repaired"])
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.set_index("date")


def _stored(instrument: Instrument, frame: pd.DataFrame) -> Counts:
    at, days = timezone.now(), [day.date() for day in frame.index]
    added = len(set(days) - set(instrument.bars.values_list("date", flat=True)))
    looked = {"fetched_at": instrument.fetched_at, "fetch_error": instrument.fetch_error}
    history = History(frame, _known_actions(instrument))
    done = ingest.store(instrument, history, reason=Restatement.Reason.IMPORTED, fetched_at=at)
    written = instrument.bars.filter(fetched_at=at, date__in=days).update(source="import")
    Instrument.objects.filter(pk=instrument.pk).update(**looked)  # nobody has asked the source
    return Counts(
        new=added,
        changed=written - added,
        restated=int(done.restated),
        missing=instrument.missing_sessions.filter(found_at__gte=at).count(),
    )


def _known_actions(instrument: Instrument) -> list[Action]:
    """Return what is stored, but the last split: that one goes where prices went back to before it."""
    splits = instrument.actions.filter(kind=CorporateAction.Kind.SPLIT)
    last = splits.order_by("-date").first()
    told = [action for action in instrument.actions.all() if action != last]
    return [Action(action.date, action.kind, action.value) for action in told]
