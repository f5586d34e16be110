"""Ringing for workers. The row is the truth: a bell that is not heard is rung again by the sweeper."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.utils import timezone
from kombu import Queue
from kombu.exceptions import OperationalError

from forecasts.models import Forecast, Replay
from stockcast_site.celery import app

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)

# Work that nobody waits for has a queue, and a worker, of its own.
EXTEND, REPLAY, EVIDENCE = "forecasts.extend_evaluation", "forecasts.replay", "evidence"
REFRESH, REFRESH_LATER, PRICES = "forecasts.refresh", "forecasts.refresh_in_background", "prices"
SEARCH = "forecasts.search_symbols"
# Whoever asks again within this time is taken to mean the message that is under way.
HEARD_WITHIN_SECONDS = {REFRESH: 120, REFRESH_LATER: 600}
# One more try for a connection that went stale; a broker that is down must not hold up a person's request.
RETRY = {"max_retries": 1, "interval_start": 0}


def ring(forecast_id: int) -> bool:
    """Send a queued forecast's next step to its queue; False if there is none or the broker is down."""
    forecast = Forecast.objects.filter(pk=forecast_id, status=Forecast.Status.QUEUED).first()
    if forecast is None:
        return False
    step = "forecasts.compute" if forecast.prices_ready else "forecasts.prepare"
    try:
        app.send_task(step, args=[forecast_id], queue=forecast.queue, retry_policy=RETRY)
    except OperationalError as error:
        logger.warning(
            "The broker cannot be reached (%s); forecast %s waits for the sweeper.", error, forecast_id
        )
        return False
    Forecast.objects.filter(pk=forecast_id).update(rung_at=timezone.now())
    return True


def ring_evidence(evaluation_id: int) -> None:
    """Ask for the slow baselines of an evaluation; raises kombu's OperationalError if the broker is down."""
    app.send_task(EXTEND, args=[evaluation_id], queue=EVIDENCE, retry_policy=RETRY)


def ring_replay(replay_id: UUID) -> bool:
    """Send a queued replay to its queue; False if there is none or the broker is down."""
    waiting = Replay.objects.filter(pk=replay_id, status=Replay.Status.QUEUED)
    if not waiting.exists():
        return False
    try:
        app.send_task(REPLAY, args=[str(replay_id)], queue=EVIDENCE, retry_policy=RETRY)
    except OperationalError as error:
        logger.warning("The broker cannot be reached (%s); replay %s waits.", error, replay_id)
        return False
    waiting.update(rung_at=timezone.now())
    return True


def ring_for_prices(instrument_id: int, *, waited_for: bool = True) -> bool:
    """Ask for a look at the source, once until it is answered; False if the broker is down.

    What somebody waits for goes to the queue `io`, the rest to `prices`.
    """
    step, queue = (REFRESH, "io") if waited_for else (REFRESH_LATER, PRICES)
    if not cache.add(_asked(step, instrument_id), timezone.now(), HEARD_WITHIN_SECONDS[step]):
        return True
    try:
        app.send_task(step, args=[instrument_id], queue=queue, retry_policy=RETRY)
    except OperationalError as error:
        logger.warning(
            "The broker cannot be reached (%s); prices of instrument %s wait.", error, instrument_id
        )
        answered_for_prices(instrument_id)
        return False
    return True


def rung_for_prices(instrument_id: int) -> datetime | None:
    """Since when somebody waits for a look at the source; None when nobody does."""
    asked: datetime | None = cache.get(_asked(REFRESH, instrument_id))
    return asked


def rung_in_background(instrument_ids: Sequence[int]) -> set[int]:
    """Return for whom a bell that nobody waits for is under way."""
    keys = {_asked(REFRESH_LATER, pk): pk for pk in instrument_ids}
    return {keys[key] for key in cache.get_many(list(keys))}


def answered_for_prices(instrument_id: int) -> None:
    """Note that a worker has looked: from now on a bell is rung again."""
    for step in HEARD_WITHIN_SECONDS:
        cache.delete(_asked(step, instrument_id))


def _asked(step: str, instrument_id: int) -> str:
    return f"prices:asked:{step}:{instrument_id}"


def ring_for_symbols(text: str, within_seconds: float) -> bool:
    """Ask which symbols fit a text; what no worker took in time is dropped. False if the broker is down."""
    try:
        app.send_task(SEARCH, args=[text], queue="io", expires=within_seconds, retry_policy=RETRY)
    except OperationalError as error:
        logger.warning("The broker cannot be reached (%s); nobody looks for %r.", error, text)
        return False
    return True


def ring_for_due() -> None:
    """Look now for what is due, not in a minute; raises kombu's OperationalError if the broker is down."""
    app.send_task("forecasts.refresh_due", queue="io", retry_policy=RETRY)


def ring_for_deliveries() -> None:
    """Deliver now what is due; where the broker is down, it is delivered with the next round."""
    try:
        app.send_task("forecasts.deliver_due", queue="io", retry_policy=RETRY)
    except OperationalError as error:
        logger.warning("The broker cannot be reached (%s); deliveries wait.", error)


def messages_waiting(queue: str) -> int:
    """Return how many messages lie in a queue; raises kombu's OperationalError when the broker is down."""
    with app.connection_for_read() as connection:
        declared: Any = Queue(queue, channel=connection.default_channel).queue_declare()
        return int(declared.message_count)
