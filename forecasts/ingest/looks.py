"""When somebody last looked at a source, whatever came of it.

In the cache, because a look that finds nothing new writes no row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEMBERED = timedelta(days=30)


def note_look(pk: int) -> None:
    """Remember that the source of an instrument has answered, or failed to, just now."""
    cache.set(_key(pk), timezone.now().timestamp(), timeout=int(REMEMBERED.total_seconds()))


def looked_at(pk: int) -> datetime | None:
    return looked_at_many([pk]).get(pk)


def looked_at_many(pks: Iterable[int]) -> dict[int, datetime]:
    """Return the newest look at each instrument, by key; those that nobody looked at for a month lack."""
    keys = {_key(pk): pk for pk in pks}
    known = cache.get_many(keys) if keys else {}
    return {keys[key]: datetime.fromtimestamp(at, UTC) for key, at in known.items()}


def _key(pk: int) -> str:
    return f"market-data:looked:{pk}"
