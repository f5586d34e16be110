"""Asking for scheduled forecasts once their time and their prices have come, as their owners would."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from forecasts import bell
from forecasts.errors import RequestRefused
from forecasts.models import DueForecast, Forecast, ForecastRequest, Instrument, PriceBar, Schedule
from forecasts.refreshing.due import GONE, GONE_AFTER_DAYS, is_gone
from forecasts.scheduling.planning import ends_at
from forecasts.scheduling.turns import in_turn
from forecasts.services import Question, ask_for_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from accounts.models import User
    from forecasts.models.schedules import DueForecastQuerySet

logger = logging.getLogger(__name__)

# After this a forecast is asked for without the bar that it waits for; a worker looks for it once more, and
# begins with the session before if its source has none.
PATIENCE = timedelta(hours=6)
# Forecasts that train take ten times as long, and whoever asks by hand should not wait behind many.
TRAINING_SHARE = 10
HOUSE = (Forecast.Method.HOUSE,)
TRAINING = (Forecast.Method.FINE_TUNED, Forecast.Method.FROM_SCRATCH)

NOTE_LENGTH = 200
TOO_LATE = "The next session had begun before its prices and its turn had come."
NOBODY = "No schedule asks for it any more."


def release(now: datetime) -> int:
    """Ask for what has become due, as far as the workers have room; return how many rows were settled."""
    _skip_late(now)
    most = settings.SCHEDULED_FORECASTS_PER_MINUTE
    return _release(HOUSE, most, now) + _release(TRAINING, -(-most // TRAINING_SHARE), now)


def _skip_late(now: datetime) -> None:
    """Give up what has waited until its future began, as after the site was off."""
    waiting = DueForecast.objects.waiting()
    pairs = waiting.order_by().values_list("instrument__calendar", "session").distinct()
    for calendar, session in pairs:
        if now >= ends_at(calendar, session):
            # Without a join, or a row that is being asked for at this moment would be overwritten.
            followers = Instrument.objects.filter(calendar=calendar)
            waiting.filter(session=session, instrument__in=followers).update(
                status=DueForecast.Status.SKIPPED, note=TOO_LATE, settled_at=now
            )


def _ready(now: datetime) -> DueForecastQuerySet:
    """Return what is due and has its bar, or will hardly get one, the longest waiting first."""
    bar = PriceBar.objects.closed().filter(instrument=OuterRef("instrument"), date=OuterRef("session"))
    gone = Q(instrument__fetch_error__code__in=GONE) | Q(
        **{f"instrument__fetch_error__missing_on__{GONE_AFTER_DAYS - 1}__isnull": False}
    )
    return (
        DueForecast.objects.waiting()
        .filter(Exists(bar) | gone | Q(due_at__lte=now - PATIENCE), due_at__lte=now)
        .order_by("due_at", "pk")
    )


def _release(methods: Sequence[str], most: int, now: datetime) -> int:
    """Settle due rows until `most` forecasts by these methods wait for a worker."""
    queued = Forecast.objects.filter(status=Forecast.Status.QUEUED, method__in=methods).count()
    chosen = in_turn(_ready(now).filter(method__in=methods), max(0, most - queued))
    return sum(_settle(pk, now) for pk in chosen)


def _settle(pk: int, now: datetime) -> bool:
    """Settle a row, all in one transaction; one that breaks is left waiting and does not stop the others."""
    try:
        with transaction.atomic():
            if (row := _locked(pk)) is None:
                return False
            _ask_or_skip(row, now)
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        logger.exception("The due forecast %s could not be asked for; it waits.", pk)
        return False
    return True


def _locked(pk: int) -> DueForecast | None:
    """Return a row that waits and that nobody else is settling."""
    waiting = DueForecast.objects.waiting().select_for_update(of=("self",), skip_locked=True)
    return waiting.select_related("instrument").filter(pk=pk).first()


def _ask_or_skip(row: DueForecast, now: datetime) -> None:
    why_not = _why_gone(row) or _ask(row)
    row.status = DueForecast.Status.SKIPPED if why_not else DueForecast.Status.ASKED
    row.note, row.settled_at = why_not[:NOTE_LENGTH], now
    row.save(update_fields=["status", "note", "settled_at"])


def _ask(row: DueForecast) -> str:
    """Ask in the name of every owner, and ring after the commit; return why that cannot be, if so."""
    owners = list(_owners(row))
    if not owners:
        return NOBODY
    question = Question(row.instrument.symbol, row.horizon, row.method, row.session)
    try:
        forecast = ask_for_all(owners=owners, question=question, origin=ForecastRequest.Origin.SCHEDULE)
    except RequestRefused as refusal:
        if refusal.code == "busy":
            raise  # it may be asked for the next time
        return refusal.message
    transaction.on_commit(partial(bell.ring, forecast.pk))
    return ""


def _why_gone(row: DueForecast) -> str:
    """Return what the source says of an instrument that it has no more; empty if the bar is there."""
    error = row.instrument.fetch_error or {}
    if not is_gone(error) or row.instrument.bars.closed().filter(date=row.session).exists():
        return ""
    return f"Its source has no newer prices: {error.get('message', '')}"


def _owners(row: DueForecast) -> Iterable[User]:
    """Return everyone whose schedule asks for a row, locked: nobody's account is deleted meanwhile."""
    asking = Schedule.objects.asking(row.instrument.calendar, row.session).filter(
        method=row.method, horizon=row.horizon, watchlist__entries__instrument=row.instrument_id
    )
    owners = get_user_model().objects.filter(pk__in=asking.values("watchlist__owner"))
    return owners.order_by("pk").select_for_update(no_key=True)
