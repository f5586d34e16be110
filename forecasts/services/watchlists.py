"""Making, changing and using watchlists."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from forecasts.errors import RequestRefused
from forecasts.models import Instrument, Watchlist, WatchlistEntry
from forecasts.services.forecasts import (
    FORECAST_DEFAULT_HORIZON,
    FORECAST_DEFAULT_METHOD,
    Question,
    request_forecast,
)
from forecasts.services.instruments import find_or_register, normalise_symbol
from forecasts.services.prices import ask_for_prices
from forecasts.services.symbols import listed_instead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import User
    from forecasts.models import ForecastRequest

MAX_WATCHLISTS = 50
MAX_ENTRIES = 200


def _clean_name(name: object) -> str:
    text = " ".join(name.split()) if isinstance(name, str) else ""
    if not text or len(text) > 80:
        raise RequestRefused("Give the watchlist a name of 1 to 80 characters.", field="name")
    return text


def create_watchlist(*, owner: User, name: str) -> Watchlist:
    name = _clean_name(name)
    with transaction.atomic():
        # Under the owner's lock, or two at once would both be the last that fits.
        get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
        if Watchlist.objects.for_user(owner).count() >= MAX_WATCHLISTS:
            raise RequestRefused(
                f"You have {MAX_WATCHLISTS} watchlists, the most there can be. Delete one first."
            )
        with _named(name):
            return Watchlist.objects.create(owner=owner, name=name)


def rename_watchlist(*, watchlist: Watchlist, name: str) -> None:
    """Rename a list; one deleted meanwhile is refused (watchlist_gone) and stays deleted."""
    name = _clean_name(name)
    with _named(name):
        renamed = Watchlist.objects.filter(pk=watchlist.pk).update(name=name)
    if not renamed:
        raise watchlist_gone(watchlist)
    watchlist.name = name


def watchlist_gone(watchlist: Watchlist) -> RequestRefused:
    return RequestRefused(
        f"The watchlist {watchlist.name!r} has been deleted. Make a new one.", code="watchlist_gone"
    )


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Refuse a name that another list of the person has."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise RequestRefused(
            f"You already have a watchlist called {name!r}. Choose another name.",
            code="name_taken",
            field="name",
        ) from error


def delete_watchlist(*, watchlist: Watchlist) -> None:
    """Delete a list; forecasts of its instruments stay."""
    with transaction.atomic():
        # Under the list's lock no entry, schedule or rule can be added while it goes.
        Watchlist.objects.select_for_update().filter(pk=watchlist.pk).first()
        watchlist.delete()


def add_to_watchlist(*, watchlist: Watchlist, symbol: str) -> WatchlistEntry:
    """Add an instrument by symbol, or by a name that only one has; adding twice changes nothing.

    A list deleted meanwhile is refused (watchlist_gone).
    """
    with transaction.atomic():
        # Under the list's lock, or it could be deleted before the entry is there.
        if Watchlist.objects.select_for_update().filter(pk=watchlist.pk).first() is None:
            raise watchlist_gone(watchlist)
        return _add(watchlist, symbol)


def _add(watchlist: Watchlist, symbol: str) -> WatchlistEntry:
    instrument = _by_symbol_or_name(watchlist.owner, symbol)
    if (
        watchlist.entries.count() >= MAX_ENTRIES
        and not watchlist.entries.filter(instrument=instrument).exists()
    ):
        raise RequestRefused(f"This watchlist is full: it holds {MAX_ENTRIES} symbols.", field="symbol")
    entry, _ = WatchlistEntry.objects.get_or_create(watchlist=watchlist, instrument=instrument)
    ask_for_prices(instrument)
    return entry


def _by_symbol_or_name(user: User, text: str) -> Instrument:
    symbol = normalise_symbol(text)
    visible = Instrument.objects.visible_to(user)
    by_symbol = visible.filter(symbol=symbol).first()
    if by_symbol is not None:
        return by_symbol
    by_name = list(visible.with_history().filter(name__icontains=text.strip()).order_by("symbol")[:4])
    if len(by_name) == 1:
        return by_name[0]
    fitting = [instrument.symbol for instrument in by_name] or listed_instead(text)
    if len(fitting) > 1:
        raise RequestRefused(
            f"Several instruments fit {text.strip()!r}: {', '.join(fitting[:4])}. Give the symbol of one.",
            code="ambiguous_symbol",
            field="symbol",
        )
    return find_or_register(user=user, symbol=fitting[0] if fitting else symbol)


def remove_from_watchlist(*, watchlist: Watchlist, symbol: str) -> None:
    symbol = normalise_symbol(symbol)
    removed, _ = watchlist.entries.filter(instrument__symbol=symbol).delete()
    if not removed:
        raise RequestRefused(f"{symbol} is not on this watchlist.", code="not_on_watchlist", field="symbol")


@dataclass
class WatchlistForecasts:
    """What came of asking for a whole list: the requests made, and per symbol why one was refused."""

    requests: list[ForecastRequest] = field(default_factory=list)
    refused: list[tuple[str, RequestRefused]] = field(default_factory=list)


def request_watchlist_forecasts(
    *, watchlist: Watchlist, horizon: int = FORECAST_DEFAULT_HORIZON, method: str = FORECAST_DEFAULT_METHOD
) -> WatchlistForecasts:
    """Ask for each instrument of the list; a horizon or method that fits none is refused as a whole."""
    outcome = WatchlistForecasts()
    for symbol in list(watchlist.entries.values_list("instrument__symbol", flat=True)):
        try:
            made = request_forecast(owner=watchlist.owner, question=Question(symbol, horizon, method))
        except RequestRefused as refusal:
            if refusal.field in ("horizon", "method") and refusal.code != "too_short":
                raise
            outcome.refused.append((symbol, refusal))
        else:
            outcome.requests.append(made)
    return outcome
