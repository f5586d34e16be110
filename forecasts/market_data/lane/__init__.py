"""One queue for all that a source is asked, by every process of this site: its state is in Redis.

One request is on its way at a time, and never more begin than the source's rate allows. So a refusal stops
everybody before the next request, and after a pause exactly one finds out whether it is over.

    lane = lane_of("yahoo")
    lane.take_turn()          # sleeps until it is our turn; raises ProviderError if it will not be
    …one request…
    lane.answered()           # or refused(retry_after), failed(), give_back(): ends the turn
"""

from __future__ import annotations

import logging
import math
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.utils import timezone
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from forecasts.market_data import sources
from forecasts.market_data.base import SAMPLE_REMEDY, ProviderError, RateLimited, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

# Seconds that a caller waits for its turn.
PATIENCE = 30.0
# A turn ends by itself so long after it began: who took it is dead. Longer than any request takes.
TURN_SECONDS = 20.0
# One who waits looks again at least so often, and is taken for dead if it comes so much later.
NAP_SECONDS, GRACE_SECONDS = 1.0, 5.0
# The first pause; each further one is twice as long, up to the longest.
SHORTEST_PAUSE, LONGEST_PAUSE = 30.0, 900.0
# What a source may ask for itself.
LONGEST_RETRY_AFTER = 3600.0
# So many failures in a row are more than bad luck.
FAILURES = 5

SCRIPT = Path(__file__).with_name("lane.lua").read_text()

# What the present thread's turns are called, by source.
_turns = threading.local()


@dataclass(frozen=True)
class Manner:
    """How long a caller waits for its turn (seconds), and whether it lets all others go first."""

    patience: float = PATIENCE
    background: bool = False


_manner: ContextVar[Manner | None] = ContextVar("manner", default=None)


@contextmanager
def waiting(patience: float = PATIENCE, *, background: bool = False) -> Iterator[None]:
    """Take all turns inside so; `background` work goes only when nobody else waits."""
    token = _manner.set(Manner(patience, background))
    try:
        yield
    finally:
        _manner.reset(token)


@dataclass(frozen=True)
class LaneStatus:
    """What people who run the site want to know of a lane. `reason` is "", "refused" or "failing".

    `rate` is the requests a second that are allowed; `streak` counts the pauses since the last answer.
    """

    source: str
    rate: float
    paused_until: datetime | None
    reason: str
    streak: int
    requests_last_hour: int
    refusals_last_day: int
    waiting: int


def lane_of(source_key: str) -> Lane:
    """Return the lane of a source that has a rate; without the setting of that name it is one a second."""
    source = sources()[source_key]
    return Lane(source_key, source.name, getattr(settings, source.rate, 1.0))


class Lane:
    """The queue of one source, that may be asked `rate` times a second.

    `clock` gives the time in microseconds, and `sleep` waits for seconds; without them it is Redis' clock
    that counts, for those of the workers may differ.
    """

    def __init__(
        self,
        source: str,
        name: str,
        rate: float,
        *,
        clock: Callable[[], int] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source, self.name, self.rate = source, name, rate
        self._clock, self._sleep = clock, sleep
        self.keys = [
            f"{settings.KEY_PREFIX}lane:{source}:{part}"
            for part in ("state", "queue", "seen", "requests", "refusals")
        ]

    def take_turn(self, patience: float | None = None, *, background: bool | None = None) -> None:
        """Sleep until it is our turn to ask; without arguments as `waiting` says.

        Raises RateLimited while the lane is paused after a refusal, or where the wait would be longer than
        `patience` seconds; Unreachable while it is paused after failures; ProviderError without Redis.
        """
        manner = _manner.get() or Manner()
        patience = manner.patience if patience is None else patience
        background = manner.background if background is None else background
        if self.source in vars(_turns):
            self.give_back()  # of a request that nobody reported on
        caller, deadline = uuid4().hex, self._seconds() + patience
        try:
            while (pause := self._ask(caller, background, deadline - self._seconds())) > 0:
                self._sleep(pause)
        except RedisError as error:
            raise self._unattended() from error
        except BaseException:
            self._tell("leave", caller)
            raise
        vars(_turns)[self.source] = caller

    def _ask(self, caller: str, background: bool, patience: float) -> float:
        """Return the seconds to sleep before asking again; 0 means that it is our turn."""
        verdict, number = self.run("take", caller, *self.terms(background, patience))
        if verdict == b"paused":
            raise self.why_paused()
        if verdict == b"busy":
            raise self._busy(int(number) / 1e6)
        return int(number) / 1e6

    def _seconds(self) -> float:
        return self._clock() / 1e6 if self._clock else time.monotonic()

    def terms(self, background: bool, patience: float) -> list[int]:
        """Return what the script wants to know of one who takes a turn."""
        interval = math.ceil(1e6 / self.rate)
        return [int(background), interval, *map(_micro, (patience, TURN_SECONDS, NAP_SECONDS, GRACE_SECONDS))]

    def answered(self) -> None:
        """End the turn: the source answers, so whatever was wrong is over."""
        self._tell("answered", self._end_turn())

    def refused(self, retry_after: float | None = None) -> None:
        """End the turn and pause the lane: the source asks for that, perhaps for so many seconds."""
        at_least = min(max(retry_after or 0.0, 0.0), LONGEST_RETRY_AFTER)
        self._tell("refused", self._end_turn(), *map(_micro, (SHORTEST_PAUSE, LONGEST_PAUSE, at_least)))

    def failed(self) -> None:
        """End the turn: no answer, or one of despair. After five in a row the lane is paused."""
        self._tell("failed", self._end_turn(), _micro(SHORTEST_PAUSE), _micro(LONGEST_PAUSE), FAILURES)

    def give_back(self) -> None:
        """End the turn without a word on the source: nothing was learnt of it."""
        self._tell("leave", self._end_turn())

    def reopen(self) -> None:
        """Forget the pause, and what led to it; raises ProviderError without Redis."""
        try:
            self.run("reopen", "")
        except RedisError as error:
            raise self._unattended() from error

    def status(self) -> LaneStatus:
        """Return how the lane is; raises ProviderError without Redis."""
        try:
            until, reason, *counts = self.run("status", "")
        except RedisError as error:
            raise self._unattended() from error
        paused_until = datetime.fromtimestamp(until / 1e6, UTC) if until else None
        return LaneStatus(self.source, self.rate, paused_until, reason.decode(), *counts)

    def run(self, command: str, caller: str, *numbers: int, client: Any = None) -> Any:
        """Let Redis take one step; with a pipeline as `client` later."""
        now = self._clock() if self._clock else ""
        return _script(settings.REDIS_URL)(self.keys, [command, now, caller, *numbers], client)

    def _tell(self, command: str, caller: str, *numbers: int) -> None:
        """Say what came of a turn; without Redis nobody gets another one anyway."""
        try:
            self.run(command, caller, *numbers)
        except RedisError:
            logger.warning("Redis cannot be reached: the queue for %s does not know how it went.", self.name)

    def _end_turn(self) -> str:
        return str(vars(_turns).pop(self.source, ""))

    def why_paused(self) -> ProviderError:
        """Return the error for people who must wait until the pause is over."""
        status = self.status()
        again = f" It is asked again after {status.paused_until:%H:%M:%S} UTC." if status.paused_until else ""
        remedy = f"Try again after that. {SAMPLE_REMEDY}"
        if status.reason == "failing":
            return Unreachable(f"{self.name} failed several times in a row.{again}", remedy)
        return RateLimited(f"{self.name} received too many requests and asks for a pause.{again}", remedy)

    def _busy(self, wait: float) -> RateLimited:
        return RateLimited(
            f"Too many requests wait for {self.name}: the next turn is {math.ceil(wait)} s away.",
            f"Try again in a few minutes. {SAMPLE_REMEDY}",
        )

    def _unattended(self) -> ProviderError:
        return ProviderError(
            f"{self.name} was not asked, because Redis cannot be reached: it keeps the queue of requests.",
            "Start Redis, or tell the people who run this site.",
        )


def retry_after_seconds(header: str | None) -> float | None:
    """Read a Retry-After, which gives seconds or a moment; None where it is neither."""
    if header is None:
        return None
    if header.isdecimal():
        return float(header)
    try:
        return (parsedate_to_datetime(header) - timezone.now()).total_seconds()
    except (ValueError, TypeError):  # TypeError: a moment without a zone
        return None


def _micro(seconds: float) -> int:
    return int(seconds * 1e6)


@lru_cache(maxsize=2)
def _script(url: str) -> Any:
    # Once more at once, for connections grow stale; whoever asks must not wait for a server that is away.
    again = Retry(NoBackoff(), 1)
    client = Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2, retry=again)
    return client.register_script(SCRIPT)
