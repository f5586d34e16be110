"""Asking what a method would have said on each of the last sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from forecasts import bell, vintages
from forecasts.errors import RequestRefused
from forecasts.models import Forecast, Instrument, Replay
from forecasts.services.forecasts import settings_hash
from forecasts.services.instruments import find_instrument

if TYPE_CHECKING:
    from datetime import date

    from accounts.models import User

# Of one person's: each is a pass over hundreds of origins.
MOST_UNDER_WAY = 10


def request_replay(*, owner: User | None, symbol: str, method: str, as_of: date | None = None) -> Replay:
    """Ask for a replay up to `as_of`, or to the last final session stored, and ring for a worker.

    The same question is the replay there is, whoever asked. Nothing is fetched: it is of the prices that are
    stored. Raises RequestRefused, with `field`, for what can't be.
    """
    checked = _check_method(method)
    instrument = find_instrument(user=owner, symbol=symbol)
    day = _last_session(instrument, as_of)
    _check_history(instrument, checked, day)
    with transaction.atomic():
        replay = _same_question(instrument, checked, day, owner)
        if not replay.is_finished:
            transaction.on_commit(lambda: bell.ring_replay(replay.pk))
    return replay


def _check_method(method: object) -> Forecast.Method:
    if method not in Replay.METHODS:
        names = " or ".join(name.value for name in Replay.METHODS)
        raise RequestRefused(f"A replay is by {names}, not by {method!r}.", field="method")
    return Forecast.Method(str(method))


def _last_session(instrument: Instrument, as_of: date | None) -> date:
    bar = instrument.bars.final().up_to(as_of).order_by("-date").first()
    if bar is not None:
        return bar.date
    if as_of is None:
        message = f"No prices of {instrument} are stored yet. Ask for a forecast first: it fetches them."
        raise RequestRefused(message, code="no_prices", field="symbol")
    raise RequestRefused(
        f"as_of is {as_of}, before the first stored session of {instrument}. Choose a later day.",
        field="as_of",
    )


def _check_history(instrument: Instrument, method: Forecast.Method, day: date) -> None:
    needed = Replay.SESSIONS_NEEDED[method]
    bars = instrument.bars.final().up_to(day).count()
    if bars < needed:
        remedy = (
            "The house method works with fewer."
            if bars >= Replay.SESSIONS_NEEDED[Forecast.Method.HOUSE]
            else "No method works with fewer than 250."
        )
        raise RequestRefused(
            f"A replay by the {method.value} method needs {needed} sessions; {instrument} has {bars} up to "
            f"{day}. {remedy}",
            code="too_short",
            field="method",
        )


def _same_question(instrument: Instrument, method: Forecast.Method, day: date, owner: User | None) -> Replay:
    question = {
        "instrument": instrument,
        "data_revision": instrument.data_revision,
        "as_of": day,
        "method": method.value,
        "model_hash": vintages.release_hash(),
        "settings_hash": settings_hash(Replay.SETTINGS),
    }
    for _ in range(3):
        found = Replay.objects.filter(**question).exclude(status=Replay.Status.FAILED).first()
        if found is not None:
            return found
        _check_patience(owner)
        try:
            with transaction.atomic():
                return Replay.objects.create(**question, asked_by=owner)
        except IntegrityError:
            continue  # somebody asked the same at this moment; take theirs
    raise RequestRefused("Too many people ask for this at once. Try again in a moment.", code="busy")


def _check_patience(owner: User | None) -> None:
    under_way = Replay.objects.filter(asked_by=owner, status__in=("queued", "running"))
    if owner is not None and under_way.count() >= MOST_UNDER_WAY:
        raise RequestRefused(
            f"{MOST_UNDER_WAY} replays of yours are under way. Wait until one has ended.", code="busy"
        )
