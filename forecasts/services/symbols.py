"""Looking for symbols: among the instruments here, what sources have listed, and by asking them.

Nothing here waits: what is known comes at once, and `complete` says whether asking again may tell more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from forecasts import symbols
from forecasts.bell import ring_for_symbols
from forecasts.exchanges import exchange_name
from forecasts.models import Instrument, Listing
from forecasts.services.instruments import printable, search_instruments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import User
    from forecasts.market_data.base import Source
    from forecasts.models import SymbolSearch

SHORTEST_TEXT, LONGEST_TEXT = symbols.SHORTEST_TEXT, symbols.TEXT_LENGTH
FOUND_AT_MOST = 20
# How long a person waits for a source before hearing that it is silent.
PATIENCE = timedelta(seconds=8)
NEW_SEARCHES_A_MINUTE = 30
ONLY_KNOWN = "Only what is known here is shown."


@dataclass(frozen=True)
class FoundSymbol:
    """A symbol that can be asked for; `stored` says whether its prices are here already."""

    symbol: str
    name: str
    kind: str
    exchange: str
    source: str
    stored: bool

    @property
    def kind_label(self) -> str:
        return str(Instrument.Kind(self.kind).label)


@dataclass(frozen=True)
class FoundSymbols:
    """The best match first. `message` says who is being asked; once it is `complete`, what is amiss."""

    results: list[FoundSymbol] = field(default_factory=list)
    complete: bool = True
    message: str = ""


def search_symbols(*, user: User | None, text: str, limit: int = FOUND_AT_MOST) -> FoundSymbols:
    """Find symbols by part of the symbol or name; somebody who has not signed in sees the samples alone."""
    text = _normalised(text)
    if not SHORTEST_TEXT <= len(text) <= LONGEST_TEXT:
        return FoundSymbols()
    stored = _stored(user, text, limit)
    if user is None:
        return FoundSymbols(stored)
    answer = symbols.answer_to(text)
    complete, message = (True, "") if answer else _ask(user, text)
    listed = _listed(text, answer, limit)
    return FoundSymbols(_merged(text, stored, listed)[:limit], complete, message)


def listed_instead(text: str) -> list[str]:
    """Return what a source lists for a text that it does not list as a symbol, as far as it was asked."""
    answer = symbols.answer_to(_normalised(text))
    listed = answer.symbols if answer else []
    return [] if text.strip().upper() in listed else listed


def _normalised(text: str) -> str:
    return " ".join(printable(text).lower().split())


# What is known ------------------------------------------------------------------------------------------


def _stored(user: User | None, text: str, limit: int) -> list[FoundSymbol]:
    found = search_instruments(user=user, text=text)
    found = found if user else found.samples()
    return [
        FoundSymbol(
            instrument.symbol,
            instrument.name,
            instrument.kind,
            exchange_name(instrument.exchange),
            instrument.source,
            stored=True,
        )
        for instrument in found.order_by(_closeness(text), "symbol")[:limit]
    ]


def _listed(text: str, answer: SymbolSearch | None, limit: int) -> list[FoundSymbol]:
    """Return what the source answered in its order, then what other searches have told."""
    symbols_answered = answer.symbols if answer else []
    answered = Listing.objects.in_bulk(symbols_answered)
    best_first = [answered[symbol] for symbol in symbols_answered if symbol in answered]
    others = Listing.objects.matching(text).order_by(_closeness(text), "symbol")[:limit]
    listings = [*best_first, *others]
    here = _with_prices(listing.symbol for listing in listings)
    return [
        FoundSymbol(
            listing.symbol,
            listing.name,
            listing.kind,
            listing.exchange,
            listing.source,
            stored=listing.symbol in here,
        )
        for listing in listings
    ]


def _with_prices(listed: Iterable[str]) -> set[str]:
    found = Instrument.objects.filter(owner=None, symbol__in=list(listed)).with_history()
    return set(found.values_list("symbol", flat=True))


def _closeness(text: str) -> Case:
    """Order by how near a row's symbol or name comes to the text."""
    return Case(
        When(symbol__iexact=text, then=Value(0)),
        When(symbol__istartswith=text, then=Value(1)),
        When(name__istartswith=text, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )


def _merged(text: str, stored: Iterable[FoundSymbol], listed: Iterable[FoundSymbol]) -> list[FoundSymbol]:
    """Put the symbol that was typed first, then what is stored; each symbol once."""
    by_symbol: dict[str, FoundSymbol] = {}
    for found in (*stored, *listed):
        by_symbol.setdefault(found.symbol, found)
    return sorted(by_symbol.values(), key=lambda found: found.symbol != text.upper())


# Asking -------------------------------------------------------------------------------------------------


def _ask(user: User, text: str) -> tuple[bool, str]:
    """Return whether nothing more is to come, and what is amiss; have the source asked if nobody has yet."""
    source = symbols.searched_source(text)
    if source is None:
        return True, ""
    if failure := symbols.failure_of(source, text):
        return True, f"{failure} {ONLY_KNOWN}"
    since = symbols.under_way_since(text)
    if since is None:
        return _ring(user, source, text)
    if timezone.now() - since < PATIENCE:
        return False, f"Asking {source.name}…"
    return True, f"{source.name} has not answered yet. {ONLY_KNOWN} Try again in a minute."


def _ring(user: User, source: Source, text: str) -> tuple[bool, str]:
    if not _may_ask(user):
        return True, f"That was a lot of searches in a minute. {ONLY_KNOWN} Try again in a minute."
    if symbols.take_up(text) and not ring_for_symbols(text, within_seconds=PATIENCE.total_seconds()):
        symbols.give_up(text)
        return True, f"{source.name} cannot be asked at the moment. {ONLY_KNOWN}"
    return False, f"Asking {source.name}…"


def _may_ask(user: User) -> bool:
    """Count a person's searches that nobody has made before, over the last minute."""
    key, now = f"symbols:searches:{user.pk}", timezone.now()
    lately = [at for at in cache.get(key, []) if at > now - timedelta(minutes=1)]
    if len(lately) >= NEW_SEARCHES_A_MINUTE:
        return False
    cache.set(key, [*lately, now], 60)
    return True
