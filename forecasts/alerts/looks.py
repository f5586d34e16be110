"""Since when rows may have changed that nobody has looked at for alerts.

Looking twice does no harm, since an event is told once. So the moment of the last look is kept in the cache:
where that is lost, the next look reaches further back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.cache import cache

KEY = "alerts:looked"
# What was written before the last look may have been committed after it.
OVERLAP = timedelta(minutes=10)
FARTHEST = timedelta(days=7)


def unseen_since(now: datetime) -> datetime:
    """Return since when to look: a week ago at most, so that after a long outage nobody is flooded."""
    looked: datetime | None = cache.get(KEY)
    if looked is None:
        return now - FARTHEST
    return max(now - FARTHEST, min(looked, now) - OVERLAP)


def note_look(now: datetime) -> None:
    cache.set(KEY, now, int(FARTHEST.total_seconds()))
