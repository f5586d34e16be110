"""Ringing for workers. The row is the truth: a bell that is not heard is rung again by the sweeper."""

from __future__ import annotations

import logging
from typing import Any

from django.utils import timezone
from kombu import Queue
from kombu.exceptions import OperationalError

from forecasts.models import Forecast
from stockcast_site.celery import app

logger = logging.getLogger(__name__)

# Work that nobody waits for has a queue, and a worker, of its own.
EXTEND, EVIDENCE = "forecasts.extend_evaluation", "evidence"
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


def messages_waiting(queue: str) -> int:
    """Return how many messages lie in a queue; raises kombu's OperationalError when the broker is down."""
    with app.connection_for_read() as connection:
        declared: Any = Queue(queue, channel=connection.default_channel).queue_declare()
        return int(declared.message_count)
