"""What becomes of entries when an upload is deleted: content goes, hashes stay, and a later entry says so."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from forecasts.ledger.chain import Draft
from forecasts.ledger.entering import append_all, hold_the_end
from forecasts.models import Forecast, Instrument, LedgerEntry


def erase_entries(instance: Instrument, **_signal: Any) -> None:
    """Erase what the ledger tells of an upload that is about to be deleted, as a receiver of `pre_delete`.

    Of everyone's instruments nothing is ever forgotten: raises ProtectedError where the ledger has entries.
    """
    with transaction.atomic():
        _lock(instance)
        entries = LedgerEntry.objects.filter(forecast__instrument=instance).order_by("number")
        told = list(entries.defer("content"))
        if not told:
            return
        if instance.owner_id is None:
            words = f"The ledger tells of forecasts of {instance.symbol}, so it cannot be deleted."
            raise ProtectedError(words, set(told))
        hold_the_end()
        LedgerEntry.objects.filter(pk__in=[entry.pk for entry in told]).update(content="")
        append_all([Draft(LedgerEntry.Kind.ERASURE, {"erases": entry.pk}, entry) for entry in told])


def _lock(instance: Instrument) -> None:
    """Lock instruments, then forecasts; the end of the chain comes last, as for a worker that stores one.

    All of the owner's at once: with an account one upload goes after the other, and the end is held already.
    """
    going = Instrument.objects.filter(pk=instance.pk)
    if instance.owner_id is not None:
        going = Instrument.objects.filter(owner=instance.owner_id)
    for rows in (going, Forecast.objects.filter(instrument__in=going)):
        list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
