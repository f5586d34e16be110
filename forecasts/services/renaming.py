"""Instruments that their source calls otherwise now. The history under the old symbol stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from forecasts.errors import RequestRefused
from forecasts.models import Watchlist, WatchlistEntry
from forecasts.services.instruments import find_or_register, is_live_symbol
from forecasts.services.prices import ask_for_prices

if TYPE_CHECKING:
    from accounts.models import User
    from forecasts.models import Instrument


def new_symbol_of(instrument: Instrument) -> str:
    """Return what the source calls the instrument now; empty unless it said that it calls it otherwise."""
    symbol = str((instrument.fetch_error or {}).get("new_symbol") or "")
    return symbol if is_live_symbol(symbol) else ""


def follow_renaming(*, user: User, instrument: Instrument) -> Instrument:
    """Put the new symbol in the old one's place on the user's watchlists, and return what it stands for.

    Refused (not_renamed) where the source has not said that there is a new one.
    """
    symbol = new_symbol_of(instrument)
    if not symbol:
        raise RequestRefused(f"{instrument.symbol} is not known to have a new symbol.", code="not_renamed")
    with transaction.atomic():
        successor = find_or_register(user=user, symbol=symbol)
        _replace(user, instrument, successor)
        ask_for_prices(successor)
    return successor


def _replace(user: User, old: Instrument, new: Instrument) -> None:
    # Under the lists' locks, or the new symbol could be added between the two steps.
    lists = list(Watchlist.objects.for_user(user).select_for_update().order_by("pk"))
    with_new = set(
        WatchlistEntry.objects.filter(watchlist__in=lists, instrument=new).values_list("watchlist", flat=True)
    )
    entries = WatchlistEntry.objects.filter(watchlist__owner=user, instrument=old)
    entries.exclude(watchlist__in=with_new).update(instrument=new)
    entries.delete()
