"""What a source tells of splits, beside what its prices show of them."""

from __future__ import annotations

import logging
import math
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import F

from forecasts import calendars
from forecasts.ingest.actions import (
    SAME_EVENT,
    SPLIT,
    Known,
    alike,
    known_actions,
    news,
    same_event,
    untold_splits,
)
from forecasts.market_data.base import Action
from forecasts.models import Forecast

if TYPE_CHECKING:
    import pandas as pd

    from forecasts.models import Instrument

logger = logging.getLogger(__name__)

# A source that rescales all it had by one factor has applied a split. As a log; smaller ones are corrections.
SMALLEST = 0.03
UNIFORM = 1e-3
ENOUGH_SESSIONS = 5
# The share of a split (as logs) that must show in the prices for it to have been adjusted for.
MOSTLY = 0.5


def reconciled(
    instrument: Instrument, told: list[Action], old: pd.DataFrame, new: pd.DataFrame
) -> list[Action]:
    """Make what a source tells beside a whole history agree with its prices.

    `old` and `new` are the closed bars before and after. A split waits until prices are adjusted for it, one
    that prices show untold is inferred, and what was inferred earlier stays unless the prices went back.
    """
    known = known_actions(instrument)
    told = _applied(instrument, known, told, old, new)
    ours = untold_splits(known, told)
    for action in told:
        ours.pop(same_event(ours, action) or action.date, None)
    step = _rescaling(old, new)
    if step is None:
        return [*told, *(Action(day, SPLIT, value) for day, value in ours.items())]
    ratio = step[0] / math.prod(action.value for action in _fresh_splits(known, told, old))
    kept = [Action(day, SPLIT, value) for day, value in ours.items() if not alike(value, 1 / ratio)]
    if len(kept) < len(ours) or abs(math.log(ratio)) < SMALLEST:
        return [*told, *kept]
    day = step[1] or calendars.sessions_after(instrument.calendar, old.index[-1].date(), 1)[0]
    inferred = Action(day, SPLIT, _rounded(ratio))
    return [*told, *kept, *([] if _is_told(inferred, told) else [inferred])]


def _applied(
    instrument: Instrument, known: Known, told: list[Action], old: pd.DataFrame, new: pd.DataFrame
) -> list[Action]:
    """Leave out new splits that the source has not adjusted its past for, nor could we."""
    fresh = _fresh_splits(known, told, old)
    expected = math.log(math.prod(action.value for action in fresh))
    common = old.index.intersection(new.index)
    past = common[common < f"{min(action.date for action in fresh)}"] if fresh else common[:0]
    if past.empty or expected == 0:
        return told
    shown = math.log((old.loc[past, "close"] / new.loc[past, "close"]).median())
    if shown / expected > MOSTLY:
        return told
    logger.warning("%s: the split of %s waits until prices are adjusted for it.", instrument, fresh[0].date)
    return [action for action in told if action not in fresh]


def _fresh_splits(known: Known, told: list[Action], old: pd.DataFrame) -> list[Action]:
    """Return the splits told that are not known, and that stored bars would have to be adjusted for."""
    if old.empty:
        return []
    splits = [action for action in told if action.kind == SPLIT and action.date > old.index[0].date()]
    return news(known, splits, date.min)


def _is_told(split: Action, told: list[Action]) -> bool:
    return any(
        action.kind == SPLIT
        and abs(action.date - split.date) <= SAME_EVENT
        and alike(action.value, split.value)
        for action in told
    )


def _rescaling(old: pd.DataFrame, new: pd.DataFrame) -> tuple[float, date | None] | None:
    """Return new shares per old share by which all early closes were divided, and the first day after.

    None where they were not, or where anything else changed too.
    """
    common = old.index.intersection(new.index)
    if len(common) < ENOUGH_SESSIONS:
        return None
    ratios = (new.loc[common, "close"] / old.loc[common, "close"]).to_numpy()
    factor = float(ratios[0])
    rescaled = abs(ratios / factor - 1) <= UNIFORM
    count = int(rescaled.sum())
    if abs(math.log(factor)) < SMALLEST or count < ENOUGH_SESSIONS or not rescaled[:count].all():
        return None
    if (abs(ratios[count:] - 1) > UNIFORM).any():
        return None
    later = new.index[new.index > common[count - 1]]
    return 1 / factor, later[0].date() if len(later) else None


def _rounded(ratio: float) -> float:
    """Splits are of few shares for few: 7 and not 7.0001, 1/8 and not 0.12501."""
    for exact in (round(ratio), round(2 * ratio) / 2, 1 / max(round(1 / ratio), 1)):
        if exact and abs(ratio / exact - 1) <= UNIFORM:
            return float(exact)
    return ratio


def keep_bases(instrument: Instrument, before: Known, factor: float) -> None:
    """Keep issued forecasts beside the prices of a history that its owner has replaced.

    `before` are the actions known until then, `factor` is what most closes were multiplied by. The owner's
    splits need not be those by which the prices changed: another file may tell splits that the first had
    applied untold. So it is the prices that say how far an issued forecast moves.
    """
    moved = factor if abs(math.log(factor)) >= SMALLEST else 1.0
    after = known_actions(instrument)
    issued = Forecast.objects.filter(instrument=instrument, split_factor__isnull=False)
    for day in {forecast.data_as_of for forecast in issued.only("data_as_of") if forecast.data_as_of}:
        change = moved * _since(after, day) / _since(before, day)
        if abs(change - 1) > UNIFORM:
            issued.filter(data_as_of=day).update(split_factor=F("split_factor") * change)


def _since(known: Known, day: date) -> float:
    """Return new shares per old share by the splits after a day."""
    return math.prod(value for (when, kind), value in known.items() if kind == SPLIT and when > day)
