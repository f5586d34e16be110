"""Carries alerts to inboxes and webhooks: at least once, and later again where it fails."""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import DatabaseError

from forecasts.alerts import mail, webhooks
from forecasts.alerts.errors import DeliveryFailed
from forecasts.alerts.settling import ATTEMPTS, Outcome, settle
from forecasts.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

logger = logging.getLogger(__name__)

# Webhooks that are posted to at the same time, so that a slow one holds up few.
TOGETHER = 8
# A round begins nothing new on a channel after so long: the other channel waits, and other work in the queue.
SECONDS = 8.0
# A round at a time, so that slow receivers hold one worker of the queue and never all. One that was killed is
# waited for so long.
ROUND, ROUND_SECONDS = "deliveries:round", 60
FAULT_HERE = "This site could not send it, by a fault of its own."
KILLED_HERE = "The worker was stopped in the middle, each time it was tried."


def deliver_due(limit: int = 100) -> int:
    """Attempt up to `limit` due deliveries on each channel; return how many were taken up.

    None, where another round is under way. What was settled long ago is deleted.
    """
    if not cache.add(ROUND, True, ROUND_SECONDS):
        return 0
    try:
        Delivery.objects.prune()
        return _mail(limit) + _post(limit)
    finally:
        cache.delete(ROUND)


def _mail(limit: int) -> int:
    """Send mail one by one, until the server fails: it would fail the rest too."""
    ends = time.monotonic() + SECONDS
    for sent in range(limit):
        delivery = Delivery.objects.to_inboxes().claim() if time.monotonic() < ends else None
        if delivery is None:
            return sent
        if _is_wanted(delivery) and not _send(delivery):
            return sent + 1
    return limit


def _send(delivery: Delivery) -> bool:
    """Return whether another letter is worth a try."""
    outcome = _attempt(delivery, partial(mail.send_alert, delivery))
    _settle(outcome)
    return outcome.failure is None or outcome.failure.permanent


def _post(limit: int) -> int:
    """Post to several webhooks at a time, and no more in this round to one that failed.

    Where one has answered the next begins, so a slow one holds up no other.
    """
    begun, ends = 0, time.monotonic() + SECONDS
    posts: set[Future[Outcome]] = set()
    failed: set[UUID | None] = set()
    with ThreadPoolExecutor(TOGETHER, thread_name_prefix="webhooks") as pool:
        while True:
            has_room = len(posts) < TOGETHER and begun < limit and time.monotonic() < ends
            if has_room and (delivery := Delivery.objects.to_webhooks(without=failed).claim()):
                begun += 1
                if _is_wanted(delivery):
                    posts.add(_begin(pool, delivery))
            elif posts:
                done, posts = wait(posts, return_when=FIRST_COMPLETED)
                failed |= {post.result().delivery.webhook_id for post in done if post.result().failure}
                for post in done:
                    _settle(post.result())
            else:
                return begun


def _begin(pool: ThreadPoolExecutor, delivery: Delivery) -> Future[Outcome]:
    """Post in one of the pool's threads, which ask the database nothing: the connection is this thread's."""
    try:
        body = webhooks.body_of(delivery)
    except Exception:
        # Or it would end each round that takes it up.
        logger.exception("Delivery %s could not be written.", delivery.pk)
        unwritten: Future[Outcome] = Future()
        unwritten.set_result(Outcome(delivery, 0.0, failure=DeliveryFailed(FAULT_HERE)))
        return unwritten
    return pool.submit(_attempt, delivery, partial(webhooks.post, delivery, body))


def _is_wanted(delivery: Delivery) -> bool:
    """Return whether somebody still wants a delivery, and end it if not."""
    if delivery.owner.is_active and (delivery.webhook is None or delivery.webhook.enabled):
        return True
    Delivery.objects.filter(pk=delivery.pk).drop()
    return False


def _settle(outcome: Outcome) -> None:
    """Write down what came of an attempt. Where that breaks its claim runs out, and it is made again."""
    try:
        settle(outcome)
    except DatabaseError:
        logger.exception("What came of delivery %s could not be written down.", outcome.delivery.pk)


def _attempt(delivery: Delivery, send: Callable[[], int | None]) -> Outcome:
    if delivery.attempts > ATTEMPTS:
        return Outcome(delivery, 0.0, failure=DeliveryFailed(KILLED_HERE, permanent=True))
    began = time.monotonic()
    try:
        code, failure = send(), None
    except DeliveryFailed as error:
        code, failure = error.code, error
    except Exception:
        # One that cannot be sent must not keep the rest of the round from being settled.
        logger.exception("Delivery %s could not be sent.", delivery.pk)
        code, failure = None, DeliveryFailed(FAULT_HERE)
    return Outcome(delivery, time.monotonic() - began, code, failure)
