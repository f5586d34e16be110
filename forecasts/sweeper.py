"""Un-sticks rows: nothing trusts the broker, or that a worker lives."""

from __future__ import annotations

import logging

from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from forecasts import bell, ledger
from forecasts.models import Evaluation, Forecast, Replay, UploadDraft

logger = logging.getLogger(__name__)

WORKER_DIED = {
    "code": "worker_died",
    "message": "The worker stopped in the middle of this forecast, each time it was tried.",
    "remedy": "Ask again; if it happens again, tell whoever runs this site.",
}
REPLAYER_DIED = WORKER_DIED | {
    "message": "The worker stopped in the middle of this replay, each time it was tried."
}


def sweep() -> None:
    """Stop what nobody wants, free what a dead worker held, enter what ended, and ring for what waits."""
    Forecast.objects.cancel_unwanted()
    free_silent()
    ledger.enter_endings()
    _ring_again()
    _heal_replays()
    if settings.SLOW_BASELINES:
        _extend_evidence()
    UploadDraft.objects.expired().delete()


def free_silent() -> None:
    """Queue again what a dead worker held, or fail it after its last attempt."""
    rows = Forecast.objects
    rows.silent().filter(attempt__gte=settings.FORECAST_ATTEMPTS).update(
        status="failed", error=WORKER_DIED, lease_until=None, finished_at=timezone.now()
    )
    freed = rows.silent().update(status="queued", stage="waiting", lease_until=None, rung_at=None)
    if freed:
        logger.warning("%d forecasts were freed from workers that fell silent.", freed)


def _ring_again() -> None:
    """Ring for unanswered rows of each queue that holds fewer messages than there are rows waiting for it."""
    waiting: dict[str, list[Forecast]] = {}
    for forecast in Forecast.objects.filter(status="queued").order_by("created_at"):
        waiting.setdefault(forecast.queue, []).append(forecast)
    unanswered = set(Forecast.objects.unanswered().values_list("pk", flat=True))
    for queue, forecasts in waiting.items():
        try:
            heard = bell.messages_waiting(queue)
        except OperationalError as error:
            logger.warning("The broker cannot be reached (%s); %d forecasts wait.", error, len(forecasts))
            return
        for forecast in forecasts[: max(0, len(forecasts) - heard)]:
            if forecast.pk in unanswered:
                bell.ring(forecast.pk)


def _heal_replays() -> None:
    """Free replays from dead workers, or fail them after their last attempt; ring for those unanswered."""
    rows = Replay.objects
    rows.silent().filter(attempt__gte=settings.FORECAST_ATTEMPTS).update(
        status="failed", error=REPLAYER_DIED, lease_until=None, finished_at=timezone.now()
    )
    rows.silent().update(status="queued", lease_until=None, rung_at=None)
    unanswered = list(rows.unanswered().order_by("created_at").values_list("pk", flat=True))
    if not unanswered:
        return
    try:
        heard = bell.messages_waiting(bell.EVIDENCE)
    except OperationalError as error:
        logger.warning("The broker cannot be reached (%s); %d replays wait.", error, len(unanswered))
        return
    for replay_id in unanswered[: max(0, rows.filter(status="queued").count() - heard)]:
        bell.ring_replay(replay_id)


def _extend_evidence() -> None:
    """Ask for the slow baselines of the newest evaluation without them, one at a time.

    The newest first: somebody may be looking at it.
    """
    Evaluation.objects.give_up()
    evaluation = Evaluation.objects.to_extend().order_by("-created_at").first()
    if evaluation is None:
        return
    try:
        if not bell.messages_waiting(bell.EVIDENCE):
            bell.ring_evidence(evaluation.pk)
    except OperationalError as error:
        logger.warning("The broker cannot be reached (%s); evaluation %s waits.", error, evaluation.pk)
