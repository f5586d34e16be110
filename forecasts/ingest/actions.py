"""Splits and dividends as they are stored: told by the source, or inferred before it tells them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import F

from forecasts.market_data.base import Action
from forecasts.models import CorporateAction, Forecast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecasts.models import Instrument

Known = dict[tuple[date, str], float]

SPLIT = CorporateAction.Kind.SPLIT.value
# Two splits this alike are one event: sources tell it late, or by another day than that of the first price.
SAME_EVENT = timedelta(days=10)
SAME_RATIO = 0.02


def known_actions(instrument: Instrument) -> Known:
    return {
        (day, kind): value for day, kind, value in instrument.actions.values_list("date", "kind", "value")
    }


def news(known: Known, told: Iterable[Action], first: date) -> list[Action]:
    """Return what a source tells from `first` on and is not known; splits that we had inferred are."""
    told = list(told)
    ours = untold_splits(known, told)
    return [
        action
        for action in told
        if action.date >= first
        and not alike(known.get((action.date, action.kind)), action.value)
        and same_event(ours, action) is None
    ]


def new_splits(known: Known, told: Iterable[Action]) -> bool:
    return any(action.kind == SPLIT for action in news(known, told, date.min))


def alike(one: float | None, other: float) -> bool:
    return one is not None and abs(one / other - 1) <= SAME_RATIO


def untold_splits(known: Known, told: Iterable[Action]) -> dict[date, float]:
    """Return the stored splits that the source does not tell on their day: we have inferred them."""
    days = {action.date for action in told if action.kind == SPLIT}
    return {day: value for (day, kind), value in known.items() if kind == SPLIT and day not in days}


def same_event(ours: dict[date, float], action: Action) -> date | None:
    """Return the day that an inferred split stands on which `action` tells now."""
    if action.kind != SPLIT:
        return None
    near = (day for day in ours if abs(day - action.date) <= SAME_EVENT and alike(ours[day], action.value))
    return min(near, key=lambda day: abs(day - action.date), default=None)


def write(instrument: Instrument, told: list[Action], *, whole: bool) -> int:
    """Store what a source tells, only where it differs; `whole` says that there is nothing else.

    A split that we had inferred gives way to the source's, and forecasts from between the two days are
    told that the prices they started from stood on the same basis as before.
    """
    known = known_actions(instrument)
    ours = untold_splits(known, told)
    wanted: Known = {(action.date, action.kind): action.value for action in told}
    gone = {key for key in known if whole and key not in wanted}
    for action in told:
        day = same_event(ours, action)
        if day is not None and (action.date, SPLIT) not in known:
            _move(instrument, day, action)
            gone.add((day, SPLIT))
    differing = [key for key, value in wanted.items() if known.get(key) != value]
    for day, kind in gone:
        instrument.actions.filter(date=day, kind=kind).delete()
    if differing:
        rows = [
            CorporateAction(instrument=instrument, date=d, kind=k, value=wanted[d, k]) for d, k in differing
        ]
        CorporateAction.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["instrument", "date", "kind"],
            update_fields=["value"],
        )
    return len(gone) + len(differing)


def _move(instrument: Instrument, day: date, action: Action) -> None:
    earlier, later = sorted((day, action.date))
    factor = action.value if action.date > day else 1 / action.value
    between = Forecast.objects.filter(
        instrument=instrument, data_as_of__gte=earlier, data_as_of__lt=later, split_factor__isnull=False
    )
    between.update(split_factor=F("split_factor") * factor)


def without_repeats(actions: list[Action], known: Known) -> list[Action]:
    """Keep one of the splits that a source announces on several days: on a stored day, or the first."""
    splits = sorted((a for a in actions if a.kind == SPLIT), key=lambda a: a.date)
    kept: list[Action] = []
    for split in splits:
        last = kept[-1] if kept else None
        if last and split.date - last.date <= SAME_EVENT and alike(last.value, split.value):
            if (split.date, SPLIT) in known and (last.date, SPLIT) not in known:
                kept[-1] = split
        else:
            kept.append(split)
    dropped = [split for split in splits if split not in kept]
    paid = [_on_true_basis(action, dropped) for action in actions if action.kind != SPLIT]
    return [*kept, *paid] if dropped else actions


def _on_true_basis(dividend: Action, dropped: list[Action]) -> Action:
    """A dividend as paid was reckoned with every later split, the repeated ones among them."""
    surplus = math.prod(split.value for split in dropped if split.date > dividend.date)
    return replace(dividend, value=dividend.value / surplus)
