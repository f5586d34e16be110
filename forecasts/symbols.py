"""Which symbols fit a text, as sources tell. A worker asks; what was answered is kept for everybody.

A text is in lower case with single spaces. A source is searched by texts that begin with its prefix, as in
`source:apple`, and the source without a prefix by all that have none: an upload's name is told to nobody.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from django.core.cache import cache
from django.utils import timezone

from forecasts.market_data import sources
from forecasts.market_data.base import ProviderError, RateLimited, SearchingProvider, Unreachable
from forecasts.models import Instrument, Listing, SymbolSearch

if TYPE_CHECKING:
    from datetime import datetime

    from forecasts.market_data.base import Match, Source

logger = logging.getLogger(__name__)

KEPT, KEPT_IF_EMPTY = timedelta(days=7), timedelta(days=1)
# An answer that nobody has asked for again is worth less than its place.
FORGOTTEN_AFTER = timedelta(days=28)
FAILURE_SECONDS = 60
# A message is sent once for all who look for the same, and again if it was lost.
UNDER_WAY_SECONDS = 60
NAME_LENGTH = Listing._meta.get_field("name").max_length
EXCHANGE_LENGTH = Listing._meta.get_field("exchange").max_length
SHORTEST_TEXT, TEXT_LENGTH = 2, SymbolSearch._meta.get_field("text").max_length or 0


def searched_source(text: str) -> Source | None:
    """Return the source to ask; None where it is not set up here, has no search, or too little to go by."""
    fitting = (source for source in sources().values() if text.startswith(source.prefix.lower()))
    source = next(fitting, None)
    if source is None or not source.configured() or (":" in text and not source.prefix):
        return None
    if len(text.removeprefix(source.prefix.lower()).strip()) < SHORTEST_TEXT:
        return None
    return source if isinstance(source.provider(), SearchingProvider) else None


# What is known ------------------------------------------------------------------------------------------


def answer_to(text: str) -> SymbolSearch | None:
    """Return what a source answered lately; an empty answer is not trusted for as long."""
    answer = SymbolSearch.objects.filter(text=text).first()
    if answer is None:
        return None
    kept = KEPT if answer.symbols else KEPT_IF_EMPTY
    return answer if answer.answered_at > timezone.now() - kept else None


def failure_of(source: Source, text: str) -> str:
    """Return in words why the source could not be searched a moment ago; nothing if it could."""
    found = cache.get_many([_failed(source.key), _failed(text)])
    return next(iter(found.values()), "")


def under_way_since(text: str) -> datetime | None:
    """Return when a worker was asked for this text, unless it has answered since."""
    since: datetime | None = cache.get(_asked(text))
    return since


def take_up(text: str) -> bool:
    """Claim the asking for this text; False if somebody else has asked already."""
    return cache.add(_asked(text), timezone.now(), UNDER_WAY_SECONDS)


def give_up(text: str) -> None:
    cache.delete(_asked(text))


def _asked(text: str) -> str:
    return f"symbols:asked:{_short(text)}"


def _failed(what: str) -> str:
    return f"symbols:failed:{_short(what)}"


def _short(text: str) -> str:
    """Return a key that a cache takes, whatever people type."""
    return sha256(text.encode()).hexdigest()[:32]


# Asking -------------------------------------------------------------------------------------------------


def search(text: str) -> None:
    """Ask the text's source and keep the answer, or for a minute why there is none."""
    source = searched_source(text)
    if source is None or answer_to(text) is not None:
        return
    provider = cast("SearchingProvider", source.provider())
    try:
        _keep(source, text, provider.search(text.removeprefix(source.prefix.lower()).strip()))
    except ProviderError as error:
        logger.warning("The search for %r failed: %s", text, error.message)
        _note_failure(source, text, error)
    except Exception:
        logger.exception("The search for %r broke.", text)
        cache.set(_failed(text), f"The search of {source.name} failed.", FAILURE_SECONDS)
    finally:
        give_up(text)


def _note_failure(source: Source, text: str, error: ProviderError) -> None:
    """A pause or a dead network concerns every search; anything else this text alone."""
    scope = source.key if isinstance(error, RateLimited | Unreachable) else text
    cache.set(_failed(scope), error.message, FAILURE_SECONDS)


def _keep(source: Source, text: str, found: list[Match]) -> None:
    listings = {
        match.symbol: Listing(
            symbol=match.symbol,
            source=source.key,
            name=match.name[:NAME_LENGTH],
            kind=match.kind if match.kind in Instrument.Kind else Instrument.Kind.OTHER,
            exchange=match.exchange[:EXCHANGE_LENGTH],
        )
        for match in found
        if source.has(match.symbol)
    }
    # In one order, or two workers that write the same listings could wait for each other for ever.
    Listing.objects.bulk_create(
        sorted(listings.values(), key=lambda listing: listing.symbol),
        update_conflicts=True,
        unique_fields=["symbol"],
        update_fields=["source", "name", "kind", "exchange", "seen_at"],
    )
    now = timezone.now()
    SymbolSearch.objects.update_or_create(text=text, defaults={"symbols": list(listings), "answered_at": now})
    SymbolSearch.objects.filter(answered_at__lt=now - FORGOTTEN_AFTER).delete()
