"""Forecasting a watchlist again after each close: wishing for it, pausing it, and what will come of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from forecasts import calendars
from forecasts.errors import RequestRefused
from forecasts.models import DueForecast, Forecast, Schedule, Watchlist
from forecasts.refreshing.due import SETTLE, is_gone, stagger
from forecasts.services.forecasts import FORECAST_DEFAULT_HORIZON, check_horizon
from forecasts.services.watchlists import watchlist_gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from forecasts.models import Instrument

# Training from scratch takes longest and forecasts worst: not something to do every day for a whole list.
SCHEDULE_METHODS = (Forecast.Method.HOUSE.value, Forecast.Method.FINE_TUNED.value)
MAX_SCHEDULES = 20


def set_schedule(
    *,
    watchlist: Watchlist,
    method: str = Forecast.Method.HOUSE.value,
    horizon: int = FORECAST_DEFAULT_HORIZON,
    cadence: str = Schedule.Cadence.SESSION.value,
    is_active: bool = True,
) -> Schedule:
    """Give a watchlist its schedule, or change the one it has; a list deleted meanwhile is refused.

    It begins with the first close after it was made or resumed.
    """
    check_horizon(horizon)
    _check_choice("method", method, SCHEDULE_METHODS)
    _check_choice("cadence", cadence, Schedule.Cadence.values)
    with transaction.atomic():
        schedule = _locked(watchlist) or _new(watchlist)
        schedule.method, schedule.horizon, schedule.cadence = method, horizon, cadence
        _switch(schedule, is_active)
        schedule.save()
    return schedule


def _check_choice(field: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise RequestRefused(
            f"A schedule has no {field} {str(value)[:40]!r}. Choose one of {', '.join(choices)}.", field=field
        )


def _locked(watchlist: Watchlist) -> Schedule | None:
    """Return the list's schedule under the list's lock, so that neither goes meanwhile."""
    if Watchlist.objects.select_for_update().filter(pk=watchlist.pk).first() is None:
        raise watchlist_gone(watchlist)
    return Schedule.objects.filter(watchlist=watchlist).first()


def _new(watchlist: Watchlist) -> Schedule:
    # Under the owner's lock, or two at once would both be the last that fits.
    get_user_model().objects.select_for_update(no_key=True).filter(pk=watchlist.owner_id).first()
    if Schedule.objects.filter(watchlist__owner=watchlist.owner_id).count() >= MAX_SCHEDULES:
        raise RequestRefused(
            f"You have {MAX_SCHEDULES} schedules, the most there can be. Remove one first.",
            code="too_many_schedules",
        )
    return Schedule(watchlist=watchlist)


def _switch(schedule: Schedule, is_active: bool) -> None:
    if is_active and not schedule.is_active:
        schedule.since = timezone.now()
    schedule.is_active = is_active


def pause_schedule(*, watchlist: Watchlist, is_active: bool) -> None:
    """Pause a schedule, or resume it from the next close on; where there is none, refuse (no_schedule)."""
    with transaction.atomic():
        schedule = _locked(watchlist)
        if schedule is None:
            raise _none(watchlist)
        _switch(schedule, is_active)
        schedule.save(update_fields=["is_active", "since"])


def remove_schedule(*, watchlist: Watchlist) -> None:
    """Forget a schedule; forecasts made by it stay. Where there is none, refuse (no_schedule)."""
    with transaction.atomic():
        schedule = _locked(watchlist)
        if schedule is None:
            raise _none(watchlist)
        schedule.delete()


def _none(watchlist: Watchlist) -> RequestRefused:
    return RequestRefused(f"The watchlist {watchlist.name!r} has no schedule.", code="no_schedule")


# What will come of it -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Foresight:
    """What a schedule does with a watchlist as it is now.

    `left_out` get no newer prices; `next_at` is when the next forecast is asked for, of `next_symbol` (None
    while nothing will be); `skipped` are symbols whose last one could not be made, each with a note.
    """

    schedule: Schedule | None
    covered: list[Instrument]
    left_out: list[Instrument]
    next_at: datetime | None = None
    next_symbol: str = ""
    skipped: Sequence[DueForecast] = ()


def foresee_schedule(watchlist: Watchlist) -> Foresight:
    """Say what a watchlist's schedule, or one that it may get, does with its symbols."""
    schedule = Schedule.objects.filter(watchlist=watchlist).first()
    members = [entry.instrument for entry in watchlist.entries.all()]
    covered = [instrument for instrument in members if can_be_scheduled(instrument)]
    left_out = [instrument for instrument in members if not can_be_scheduled(instrument)]
    if schedule is None:
        return Foresight(None, covered, left_out)
    coming = min(_coming(schedule, covered, timezone.now()), default=None) if schedule.is_active else None
    next_at, next_symbol = coming or (None, "")
    return Foresight(schedule, covered, left_out, next_at, next_symbol, _skipped(schedule, covered))


def can_be_scheduled(instrument: Instrument) -> bool:
    """Whether newer bars come by themselves: not for samples, uploads and what its source no longer has."""
    return instrument.is_live and not is_gone(instrument.fetch_error or {})


def due_at(calendar: str, session: date, pk: int) -> datetime:
    """Return when a forecast after a session is asked for: when an instrument's prices should be there.

    They are looked for at the same moment, so the answer waits a little longer for them.
    """
    return calendars.closes_at(calendar, session) + SETTLE + stagger(pk)


def _coming(
    schedule: Schedule, covered: Iterable[Instrument], now: datetime
) -> Iterator[tuple[datetime, str]]:
    """Yield, for each calendar, when the first of its instruments is due next, and which it is."""
    members: dict[str, list[Instrument]] = {}
    for instrument in covered:
        members.setdefault(instrument.calendar, []).append(instrument)
    for calendar, instruments in members.items():
        sessions = _asked_after(schedule, calendar, now)
        moments = (
            (due_at(calendar, session, instrument.pk), instrument.symbol)
            for session in sessions
            for instrument in instruments
        )
        if upcoming := [moment for moment in moments if moment[0] > now]:
            yield min(upcoming)


def _asked_after(schedule: Schedule, calendar: str, now: datetime) -> list[date]:
    """Return the sessions around `now` after which a schedule asks; the last one closes in the future."""
    last = calendars.last_closed_session(calendar, now)
    sessions = [last, *calendars.sessions_after(calendar, last, 7)]  # as many as a week can have
    if schedule.cadence == Schedule.Cadence.WEEK:
        sessions = [session for session in sessions if calendars.ends_week(calendar, session)]
    return [session for session in sessions if calendars.closes_at(calendar, session) >= schedule.since]


def _skipped(schedule: Schedule, covered: Iterable[Instrument]) -> list[DueForecast]:
    """Return those whose newest forecast by this schedule's question was skipped, with the reason."""
    mine = DueForecast.objects.filter(
        instrument__in=list(covered),
        method=schedule.method,
        horizon=schedule.horizon,
        settled_at__gte=schedule.since,
    )
    newest = mine.order_by("instrument", "-session").distinct("instrument").select_related("instrument")
    return [row for row in newest if row.status == DueForecast.Status.SKIPPED]
