"""Which rules are active, and of which instruments each is."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forecasts.models import AlertRule, WatchlistEntry

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True)
class Scope:
    """Active rules by kind and instrument; a rule of a watchlist stands with each of its instruments."""

    rules: dict[str, dict[int, list[AlertRule]]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, rule: AlertRule, instrument_id: int) -> None:
        self.rules[rule.kind].setdefault(instrument_id, []).append(rule)

    def of(self, kind: AlertRule.Kind, instrument_id: int, method: str = "") -> list[AlertRule]:
        """Return the rules of a kind and instrument; with a method, those that it matters to."""
        found = self.rules[kind].get(instrument_id, [])
        return [rule for rule in found if rule.method in ("", method)] if method else found

    def instruments(self, *kinds: AlertRule.Kind) -> set[int]:
        return {key for kind in kinds for key in self.rules[kind]}


def active_scope() -> Scope:
    """Read all rules that are not paused and whose owners may sign in: two queries, oldest rule first."""
    rules = list(AlertRule.objects.filter(is_active=True, owner__is_active=True).order_by("created_at", "id"))
    listed = _members({rule.watchlist_id for rule in rules if rule.watchlist_id})
    scope = Scope()
    for rule in rules:
        if rule.instrument_id:
            scope.add(rule, rule.instrument_id)
        for instrument_id, added_at in listed[rule.watchlist_id]:
            scope.add(_since(rule, added_at), instrument_id)
    return scope


def _since(rule: AlertRule, added_at: datetime) -> AlertRule:
    """Return a rule as it is for an instrument that came onto its watchlist at some moment.

    For one that came later it is no older than that, so it tells of nothing from before.
    """
    if added_at <= rule.active_since:
        return rule
    later = copy(rule)
    later.active_since = added_at
    return later


def _members(watchlists: set[UUID]) -> dict[UUID | None, list[tuple[int, datetime]]]:
    members: dict[UUID | None, list[tuple[int, datetime]]] = defaultdict(list)
    entries = WatchlistEntry.objects.filter(watchlist__in=watchlists).order_by("pk")
    columns = ("watchlist_id", "instrument_id", "added_at")
    for watchlist_id, instrument_id, added_at in entries.values_list(*columns):
        members[watchlist_id].append((instrument_id, added_at))
    return members
