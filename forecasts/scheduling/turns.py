"""Whose forecasts are asked for first, where there is no room for all."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from django.db.models import F

from forecasts.models import Schedule, WatchlistEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasts.models.schedules import DueForecastQuerySet

    # A row's key, instrument, method and horizon.
    Row = tuple[int, int, str, int]

# Rows that are put in turn; those after them wait for a later minute.
CONSIDERED = 5000


def in_turn(ready: DueForecastQuerySet, room: int) -> list[int]:
    """Return the keys of `room` rows: the first of each person, then the second of each, and so on.

    So a person with thousands of symbols does not keep the others waiting until their sessions have begun.
    What several people ask for comes when the first of them has a turn; what nobody asks for any more takes
    no room, and comes along. `ready` is in the order of its dates.
    """
    if not room:
        return []
    rows: list[Row] = list(ready.values_list("pk", "instrument", "method", "horizon")[:CONSIDERED])
    if len(rows) <= room:
        return [row[0] for row in rows]
    owners, taken = _owners(rows), Counter[int]()
    turns: dict[int, int] = {}
    unasked: list[int] = []
    for key, *question in rows:
        if asking := owners[tuple(question)]:
            turns[key] = min(taken[owner] for owner in asking)
            taken.update(asking)
        else:
            unasked.append(key)
    return sorted(turns, key=turns.__getitem__)[:room] + unasked[:room]


def _owners(rows: Sequence[Row]) -> defaultdict[tuple[object, ...], set[int]]:
    """Return who asks for each question; nobody, if it is no longer asked."""
    entries = WatchlistEntry.objects.filter(
        watchlist__schedule__in=Schedule.objects.active(), instrument__in={row[1] for row in rows}
    )
    asked = entries.order_by().values_list(
        "instrument",
        F("watchlist__schedule__method"),
        F("watchlist__schedule__horizon"),
        "watchlist__owner",
    )
    owners: defaultdict[tuple[object, ...], set[int]] = defaultdict(set)
    for *question, owner in asked:
        owners[tuple(question)].add(owner)
    return owners
