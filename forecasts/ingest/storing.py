"""Writing a source's answer: in one transaction, only what differs, and with an account of what changed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from forecasts import calendars
from forecasts.ingest import actions, adapting, restating, splits
from forecasts.ingest.finality import with_states
from forecasts.ingest.gaps import note_gaps
from forecasts.models import BAR_COLUMNS, Forecast, Instrument, PriceBar, Restatement

if TYPE_CHECKING:
    from datetime import date, datetime

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from forecasts.market_data.base import History

logger = logging.getLogger(__name__)

Reason, State = Restatement.Reason, PriceBar.State
DESCRIPTION = ("name", "currency", "exchange", "timezone", "kind")


@dataclass(frozen=True)
class Refreshed:
    """How many bars were written, and whether prices that were stored as closed have changed."""

    written: int = 0
    restated: bool = False


def store(
    instrument: Instrument,
    history: History,
    *,
    reason: Restatement.Reason | None = None,
    fetched_at: datetime | None = None,
) -> Refreshed:
    """Write a source's answer in one transaction.

    Without a `reason` its bars are added, and correct those there are; with one it is the whole history and
    replaces what was there. Sessions that only we have are kept, unless the owner replaced the history.
    `fetched_at` is when the source was asked, now if not given. Where somebody else restated the history
    since `instrument` was read, this answer may be on an older share basis and is dropped.
    """
    with transaction.atomic():
        locked = Instrument.objects.select_for_update(no_key=True).get(pk=instrument.pk)
        if locked.data_revision != instrument.data_revision:
            done = Refreshed()
        else:
            done = _write(locked, history, reason, fetched_at or timezone.now())
    instrument.refresh_from_db()
    return done


def _write(locked: Instrument, history: History, reason: str | None, at: datetime) -> Refreshed:
    said = _description(locked)
    _describe(locked, history.about)
    whole = reason is not None
    stored = _stored(locked, None if whole else history.bars.index[0])
    bars = _adapted(locked, stored, with_states(locked, history.bars, at), reason, at)
    old, new = _closed(stored), _closed(bars)
    known = actions.known_actions(locked)
    told = actions.without_repeats(history.actions, known)
    if whole and reason != Reason.REPLACED:
        told = splits.reconciled(locked, told, old, new)
    change = restating.change_of(old, new) or _late(locked, old, new)
    if change:
        locked.data_revision += 1
        restating.log(locked, _why(reason, old, new, actions.new_splits(known, told)), change)
    written = _write_bars(locked, stored, bars, at, exactly=reason == Reason.REPLACED)
    touched = written + actions.write(locked, told, whole=whole) + note_gaps(locked, at)
    if reason == Reason.REPLACED:
        splits.keep_bases(locked, known, change.price_factor if change else 1.0)
    _save(locked, said, at if touched or locked.fetched_at is None else None)
    return Refreshed(written, restated=change is not None)


def _stored(locked: Instrument, first: pd.Timestamp | None) -> pd.DataFrame:
    rows = locked.bars.all() if first is None else locked.bars.filter(date__gte=first.date())
    return rows.as_frame("state")


def _closed(bars: pd.DataFrame) -> pd.DataFrame:
    return bars[bars["state"] != State.UNFINISHED]


def _adapted(
    locked: Instrument, stored: pd.DataFrame, answer: pd.DataFrame, reason: str | None, at: datetime
) -> pd.DataFrame:
    if reason == Reason.REPLACED:
        return answer
    return (adapting.replaced if reason else adapting.merged)(locked, stored, answer, at)


def _late(locked: Instrument, old: pd.DataFrame, new: pd.DataFrame) -> restating.Change | None:
    """Return a change of no price where sessions came late: between others, or missed by a forecast."""
    added = new.index.difference(old.index) if len(old) else old.index
    late = [day.date() for day in added if day < old.index[-1]] or _missed(locked, added)
    return restating.Change(late[0], late[-1], 0, 1.0, 1.0, []) if late else None


def _missed(locked: Instrument, added: pd.Index[pd.Timestamp]) -> list[date]:
    """Return those sessions that a forecast was to start from and could not: it shall be made anew."""
    if added.empty:
        return []
    short = Forecast.objects.filter(
        instrument=locked, data_as_of__lt=F("as_of"), as_of__range=(added[0].date(), added[-1].date())
    )
    spans: list[tuple[Any, date]] = list(short.values_list("data_as_of", "as_of"))
    return [day for day in (stamp.date() for stamp in added) if any(a < day <= b for a, b in spans)]


def _why(reason: str | None, old: pd.DataFrame, new: pd.DataFrame, is_split: bool) -> str:
    if is_split and reason != Reason.REPLACED:
        return Reason.SPLIT
    if reason:
        return reason
    settled = old[old["state"] != State.PROVISIONAL]
    return Reason.DISAGREEMENT if restating.change_of(settled, new) else Reason.SETTLED


def _write_bars(
    locked: Instrument, stored: pd.DataFrame, bars: pd.DataFrame, at: datetime, *, exactly: bool
) -> int:
    """Delete what is gone and write what is new or different; return how many rows that were."""
    gone = stored.index.difference(bars.index)
    if len(gone):
        locked.bars.filter(date__in=[day.date() for day in gone]).delete()
    news = bars[_is_news(stored, bars, 0.0 if exactly else restating.TOLERANCE)]
    PriceBar.objects.upsert(locked, news, fetched_at=at)
    _report_strange_days(locked, news)
    return len(gone) + len(news)


def _is_news(stored: pd.DataFrame, bars: pd.DataFrame, tolerance: float) -> NDArray[np.bool_]:
    """Mark the rows that are not stored yet, or stored with other values or another state: (row,)."""
    known = stored.reindex(bars.index)
    columns = list(BAR_COLUMNS)
    was = known[columns].to_numpy()
    same = (abs(bars[columns].to_numpy() - was) <= tolerance * was).all(axis=1)
    marked: NDArray[np.bool_] = ~(same & (bars["state"] == known["state"]).to_numpy())
    return marked


def _report_strange_days(locked: Instrument, bars: pd.DataFrame) -> None:
    """Say which bars lie on days without trading. They stay, for tables of holidays err too."""
    if calendars.is_approximate(locked.calendar):
        return
    days = [day.date() for day in bars.index if not calendars.is_session(locked.calendar, day.date())]
    if days:
        listed = ", ".join(day.isoformat() for day in days[:5])
        logger.warning(
            "%s: %d bars on days that %s does not trade (%s).", locked, len(days), locked.calendar, listed
        )


def _description(instrument: Instrument) -> dict[str, Any]:
    names = (*DESCRIPTION, "calendar", "data_revision", "fetch_error")
    return {name: getattr(instrument, name) for name in names}


def _describe(instrument: Instrument, about: dict[str, Any]) -> None:
    for name in DESCRIPTION:
        setattr(instrument, name, about.get(name) or getattr(instrument, name))
    if about.get("calendar"):
        instrument.calendar = about["calendar"]
    elif instrument.source == Instrument.Source.YAHOO:
        instrument.calendar = calendars.calendar_for(instrument.symbol, instrument.exchange)


def _save(instrument: Instrument, said: dict[str, Any], written_at: datetime | None) -> None:
    """Write what has changed of the instrument's own row, if anything; an earlier failure is over."""
    instrument.fetch_error = None
    changed = [name for name, before in said.items() if getattr(instrument, name) != before]
    if written_at or changed:
        instrument.fetched_at = written_at or instrument.fetched_at
        instrument.save(update_fields=[*changed, "fetched_at"])
