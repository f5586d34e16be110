"""Prices that stopped coming: told once for each outage.

An outage is named by the last session stored when it was told. Where a source comes back haltingly, or
stays days behind, that session moves while the outage goes on; it is over once prices were as new as they
should be.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from forecasts import calendars
from forecasts.alerts.events import Event, Found, spoken
from forecasts.market_data import source_name
from forecasts.models import Alert, AlertRule, Instrument, PriceBar
from forecasts.refreshing.due import Clock, is_gone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from forecasts.alerts.scope import Scope

KIND = AlertRule.Kind.STALE_DATA
# Closed sessions that may lack before anybody is told.
SESSIONS = 2
# How far back is looked for the end of an outage: one that began earlier has not ended where none is found.
WITHIN = timedelta(days=60)


def find(scope: Scope, now: datetime) -> Iterator[Found]:
    """Look at all instruments with rules: staleness is what happens while no row changes.

    So a new rule tells of an outage that is older than itself.
    """
    clock = Clock(now)
    watched = Instrument.objects.live().filter(pk__in=scope.instruments(KIND)).with_last_closed()
    stale: dict[Instrument, Event] = {}
    for instrument in watched:
        last: date | None = instrument.last_closed  # type: ignore[attr-defined]  # annotated
        if reason := _reason(instrument, last, clock):
            stale[instrument] = _event(instrument, last, reason)
    told = _Told(stale, now) if stale else None
    for instrument, event in stale.items():
        for rule in scope.of(KIND, instrument.pk):
            if told and not told.goes_on(rule.owner_id, instrument):
                yield Found(rule, event)


class _Told:
    """What owners were told of instruments that are stale now: two queries."""

    def __init__(self, stale: Collection[Instrument], now: datetime) -> None:
        alerts = Alert.objects.filter(kind=KIND, instrument__in=stale).order_by("created_at")
        rows = alerts.values_list("owner_id", "instrument_id", "facts__last_session")
        self._last = {(owner, key): date.fromisoformat(day) if day else date.min for owner, key, day in rows}
        bars = PriceBar.objects.closed().filter(
            instrument__in={key for _, key in self._last}, date__gte=(now - WITHIN).date()
        )
        written: dict[int, list[tuple[date, datetime]]] = defaultdict(list)
        for key, day, at in bars.order_by("-date").values_list("instrument_id", "date", "fetched_at"):
            written[key].append((day, at))
        self._fresh = {one.pk: _last_in_time(one, written[one.pk]) for one in stale}

    def goes_on(self, owner: int, instrument: Instrument) -> bool:
        """Whether the owner was told, and prices have not been as new as they should be since."""
        last = self._last.get((owner, instrument.pk))
        return last is not None and self._fresh[instrument.pk] <= last


def _last_in_time(instrument: Instrument, bars: Iterable[tuple[date, datetime]]) -> date:
    """Return the first of some days whose bar, when it was written, was as new as it should be."""
    in_time = (day for day, at in bars if not _is_behind(instrument, day, Clock(at)))
    return next(in_time, date.min)


def _reason(instrument: Instrument, last: date | None, clock: Clock) -> str:
    """Say why the prices are stale; empty where they are not."""
    if is_gone(instrument.fetch_error or {}):
        return f"{source_name(instrument.source)} no longer has it."
    if last is None:
        return ""  # nothing has ever been there to grow stale
    is_behind = _is_behind(instrument, last, clock)
    return f"More than {SESSIONS} sessions since then have closed." if is_behind else ""


def _is_behind(instrument: Instrument, last: date, clock: Clock) -> bool:
    due, _ = clock.session_due(instrument.calendar, instrument.pk)
    return calendars.sessions_after(instrument.calendar, last, SESSIONS + 1)[-1] <= due


def _event(instrument: Instrument, last: date | None, reason: str) -> Event:
    since = f"The last price of {instrument.symbol} is of {spoken(last)}." if last else "It has no prices."
    error = instrument.fetch_error or {}
    return Event(
        key=f"{KIND}:{instrument.pk}:{last or 'never'}",
        kind=KIND,
        instrument=instrument,
        title=f"{instrument.symbol}: no newer prices",
        text=" ".join(part for part in (since, reason, error.get("message")) if part),
        facts={"last_session": last.isoformat() if last else None, "is_gone": is_gone(error)},
    )
