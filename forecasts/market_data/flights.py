"""One fetch at a time: who wants the same at the same moment waits for the one that is under way.

A turn is a lock in Redis with an owner and an end: a worker that died holds nobody up for long, and one that
was taken for dead cannot give back what is another's by then. It only spares requests, for storing is safe
without: where Redis cannot be reached everybody has the turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import LockError, RedisError
from redis.retry import Retry

# How long somebody waits for another's fetch, and when that one is taken for dead. A slow fetch asks twice,
# each with two retries, and waits for the source's lane before.
PATIENCE_SECONDS, DEAD_SECONDS = 60.0, 150.0
LOOK_EVERY_SECONDS = 0.1


@contextmanager
def turn(name: str, patience: float = PATIENCE_SECONDS) -> Iterator[bool]:
    """Wait for one's turn at `name` and hold it; yields False, without it, when `patience` (seconds) is over.

    Whoever had to wait should look first whether there is anything left to do.
    """
    options = {"socket_connect_timeout": 1, "socket_timeout": 2, "retry": Retry(NoBackoff(), 1)}
    with Redis.from_url(settings.REDIS_URL, **options) as client:
        lock = client.lock(
            f"{settings.KEY_PREFIX}turn:{name}", timeout=DEAD_SECONDS, sleep=LOOK_EVERY_SECONDS
        )
        try:
            mine = lock.acquire(blocking_timeout=patience)
        except RedisError:
            mine = True
        try:
            yield mine
        finally:
            if mine:
                with suppress(LockError, RedisError):  # it ended by itself: somebody else may hold it by now
                    lock.release()
