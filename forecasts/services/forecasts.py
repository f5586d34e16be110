"""Asking for forecasts, withdrawing them, and ringing for the workers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from forecasts import bell, calendars, ingest
from forecasts.errors import RequestRefused
from forecasts.models import MAX_HORIZON, Forecast, ForecastRequest, HouseModel, Instrument, why_too_short
from forecasts.services.instruments import find_or_register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User

FORECAST_DEFAULT_HORIZON = 20
FORECAST_DEFAULT_METHOD = Forecast.Method.FINE_TUNED.value

# Everything that the numbers depend on beside data and weights; a change here makes new forecasts.
SETTINGS = {"version": 2, "seed": 7, "evaluation_origins": 250}


def settings_hash(settings: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Question:
    """What a person wants to know; `as_of` None is the last session that closed."""

    symbol: str
    horizon: int = FORECAST_DEFAULT_HORIZON
    method: str = FORECAST_DEFAULT_METHOD
    as_of: date | None = None

    @property
    def hash(self) -> str:
        """Tells whether an Idempotency-Key stands for this question."""
        parts = (str(self.symbol).strip().upper(), self.horizon, self.method, self.as_of)
        return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


def request_forecast(
    *,
    owner: User | None,
    question: Question,
    idempotency_key: str | None = None,
    origin: str = ForecastRequest.Origin.ASKED,
) -> ForecastRequest:
    """Ask for a forecast and ring for a worker; the request is returned at once.

    As `ask_forecast`, which see. With no broker the row waits for the sweeper's next bell.
    """
    with transaction.atomic():
        request = ask_forecast(owner=owner, question=question, idempotency_key=idempotency_key, origin=origin)
        if not request.is_finished:
            transaction.on_commit(lambda: bell.ring(request.forecast_id))
    return request


def ask_forecast(
    *,
    owner: User | None,
    question: Question,
    idempotency_key: str | None = None,
    origin: str = ForecastRequest.Origin.ASKED,
) -> ForecastRequest:
    """Write down a wish for a forecast without ringing for a worker.

    The same question by the same person is the request there is; by another person it shares the work.
    What a schedule has asked, and the person then asks too, counts as asked by the person.
    Raises RequestRefused, with `field`, for what can't be, and then nothing stays.
    """
    if idempotency_key and (earlier := _earlier(owner, idempotency_key, question.hash)):
        return earlier
    check_horizon(question.horizon)
    method = _check_method(question.method)
    with transaction.atomic():
        instrument = find_or_register(user=owner, symbol=question.symbol)
        day = _resolve_as_of(instrument, question.as_of)
        _check_history(instrument, method, day)
        forecast = _same_question(instrument, method, question.horizon, day)
        found = _live_request(owner, forecast, idempotency_key, question.hash)
        if found is None:
            return _new_request(owner, forecast, idempotency_key, question.hash, origin)
        if origin == ForecastRequest.Origin.ASKED != found.origin:
            found.origin = origin
            found.save(update_fields=["origin"])
        return found


def ask_for_all(*, owners: Sequence[User], question: Question, origin: str) -> Forecast:
    """Write down the same wish of several people, at least one, without ringing for a worker.

    Of a public instrument: what may be asked of it does not depend on who asks, so it is checked once, as by
    `ask_forecast`. Who has a request of the forecast keeps it as it is.
    """
    first, *others = owners
    forecast = ask_forecast(owner=first, question=question, origin=origin).forecast
    wishes = [ForecastRequest(owner=owner, forecast=forecast, origin=origin) for owner in others]
    ForecastRequest.objects.bulk_create(wishes, ignore_conflicts=True)
    return forecast


def _earlier(owner: User | None, key: str, question: str) -> ForecastRequest | None:
    earlier = ForecastRequest.objects.for_user(owner).filter(idempotency_key=key).with_forecast().first()
    if earlier is not None and earlier.idempotency_hash != question:
        raise _key_reused()
    return earlier


def _key_reused() -> RequestRefused:
    return RequestRefused(
        "This Idempotency-Key was used for a different request. Use a new key for each new request.",
        code="idempotency_key_reused",
        field="idempotency_key",
    )


def check_horizon(horizon: object) -> None:
    """Refuse what is no whole number of sessions that can be forecast."""
    if not isinstance(horizon, int) or isinstance(horizon, bool) or not 1 <= horizon <= MAX_HORIZON:
        raise RequestRefused(
            f"The horizon is a whole number of sessions from 1 to {MAX_HORIZON}, not {horizon!r}.",
            field="horizon",
        )


def _check_method(method: object) -> Forecast.Method:
    if method not in Forecast.Method.values:
        raise RequestRefused(
            f"There is no method {method!r}. Choose one of {', '.join(Forecast.Method.values)}.",
            field="method",
        )
    return Forecast.Method(str(method))


def _refuse_as_of(message: str) -> RequestRefused:
    return RequestRefused(message, field="as_of")


def _resolve_as_of(instrument: Instrument, as_of: date | None) -> date:
    """Return the session that a wished day stands for; final histories know their own sessions."""
    if isinstance(as_of, datetime) or (as_of is not None and not isinstance(as_of, date)):
        raise _refuse_as_of("Give as_of as a date, such as 2012-06-29.")
    last = _last_session(instrument)
    if as_of is not None and as_of > last:
        raise _refuse_as_of(
            f"as_of is {as_of}, after the last closed session of {instrument.symbol}, {last}. "
            "Choose that day or an earlier one, or give none."
        )
    return last if as_of is None else _session_before(instrument, as_of)


def _last_session(instrument: Instrument) -> date:
    if instrument.is_live:
        return calendars.last_closed_session(instrument.calendar, timezone.now())
    bar = instrument.last_bar()
    if bar is None:
        raise RequestRefused(f"{instrument.symbol} has no prices.", code="no_prices", field="symbol")
    return bar.date


def _session_before(instrument: Instrument, as_of: date) -> date:
    if instrument.is_live:
        return calendars.session_at_or_before(instrument.calendar, as_of)
    bar = instrument.bars.final().up_to(as_of).order_by("-date").first()
    if bar is None:
        first = instrument.bars.order_by("date").values_list("date", flat=True).first()
        raise _refuse_as_of(
            f"as_of is {as_of}, but {instrument.symbol} begins on {first}. Choose a later day."
        )
    return bar.date


def _check_history(instrument: Instrument, method: Forecast.Method, day: date) -> None:
    """Refuse a history known to be too short; what a source may still have is for the worker to find out."""
    if instrument.is_live and not _is_fully_known(instrument, day):
        return
    bars = ingest.sessions_known(instrument, method, day)
    if reason := why_too_short(instrument.symbol, method, day, bars):
        raise RequestRefused(" ".join(reason), code="too_short", field="method")


def _is_fully_known(instrument: Instrument, day: date) -> bool:
    """Whether stored bars reach back to the source's beginning and up to `day`."""
    last = instrument.last_bar()
    return instrument.fetched_at is not None and last is not None and last.date >= day


def _same_question(instrument: Instrument, method: Forecast.Method, horizon: int, day: date) -> Forecast:
    question = {
        "instrument": instrument,
        "data_revision": instrument.data_revision,
        "as_of": day,
        "method": method.value,
        "horizon": horizon,
        "settings_hash": settings_hash(SETTINGS),
        "model_hash": HouseModel.objects.release_hash(),
    }
    new = {"settings": SETTINGS, "prices_ready": not instrument.is_live}
    for _ in range(3):
        found = (
            Forecast.objects.select_for_update(of=("self",))
            .filter(**question)
            .exclude(status__in=("failed", "cancelled"))
            .first()
        )
        if found is not None:
            return found
        try:
            with transaction.atomic():
                return Forecast.objects.create(**question, **new)
        except IntegrityError:
            continue  # somebody asked the same at this moment; take theirs
    raise RequestRefused("Too many people ask for this at once. Try again in a moment.", code="busy")


def _live_request(
    owner: User | None, forecast: Forecast, key: str | None, question: str
) -> ForecastRequest | None:
    """Return the person's live request of a forecast, whose row is locked: so there is one at most."""
    found = ForecastRequest.objects.live().for_user(owner).filter(forecast=forecast).with_forecast().first()
    if found is not None and key and not found.idempotency_key:
        found.idempotency_key, found.idempotency_hash = key, question
        found.save(update_fields=["idempotency_key", "idempotency_hash"])
    return found


def _new_request(
    owner: User | None, forecast: Forecast, key: str | None, question: str, origin: str
) -> ForecastRequest:
    try:
        with transaction.atomic():
            return ForecastRequest.objects.create(
                owner=owner,
                forecast=forecast,
                origin=origin,
                idempotency_key=key or None,
                idempotency_hash=question if key else "",
            )
    except IntegrityError as error:  # another body with this key is being answered at this moment
        raise _key_reused() from error


def cancel_forecast(*, request: ForecastRequest) -> None:
    """Withdraw a request; the work stops, within two seconds, when nobody else wants it."""
    with transaction.atomic():
        forecast = Forecast.objects.select_for_update().get(pk=request.forecast_id)
        if request.cancelled_at or forecast.is_finished:
            raise RequestRefused(
                f"This forecast has {'been cancelled' if request.cancelled_at else forecast.status} already; "
                "there is nothing to cancel. Delete it to remove it from your list.",
                code="already_finished",
            )
        request.cancelled_at = timezone.now()
        request.cancelled_stage, request.cancelled_progress = forecast.stage, forecast.progress
        request.save(update_fields=["cancelled_at", "cancelled_stage", "cancelled_progress"])
        Forecast.objects.filter(pk=forecast.pk).cancel_unwanted()


def delete_forecast(*, request: ForecastRequest) -> None:
    """Forget a request; others' are untouched, and work that nobody wants any more stops."""
    with transaction.atomic():
        forecast = Forecast.objects.select_for_update().get(pk=request.forecast_id)
        request.delete()
        Forecast.objects.filter(pk=forecast.pk).cancel_unwanted()
