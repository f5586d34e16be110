"""Lanes in a time that tests make pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from django.conf import settings
from redis import Redis

from forecasts.market_data.lane import PATIENCE, Lane


@dataclass
class Clock:
    """Whole seconds are easy to read; the script wants microseconds."""

    seconds: float = 1_700_000_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> int:
        return round(self.seconds * 1e6)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@dataclass
class Worker:
    """One of those who wait: asks by hand, so that a test decides when."""

    lane: Lane
    name: str = field(default_factory=lambda: uuid4().hex)

    def ask(self, patience: float = PATIENCE, *, background: bool = False) -> tuple[str, float]:
        """Return what the lane says (go, wait, busy, paused), and for how many seconds."""
        verdict, micros = self.lane.run("take", self.name, *self.lane.terms(background, patience))
        return verdict.decode(), micros / 1e6

    def answered(self) -> None:
        self.lane.run("answered", self.name)


def ask(lane: Lane) -> None:
    """Take a turn and have an answer."""
    lane.take_turn()
    lane.answered()


def redis_client() -> Redis:
    return Redis.from_url(settings.REDIS_URL)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lane(clock: Clock) -> Iterator[Lane]:
    """One request a second."""
    lane = Lane("trial", "The Exchange", 1.0, clock=clock, sleep=clock.sleep)
    client = redis_client()  # of the settings as they are before the test
    yield lane
    client.delete(*lane.keys)
