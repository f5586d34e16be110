"""Broker and workers of the simulated year, in one process: messages in a list, and workers that die."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from forecasts import tasks  # noqa: F401 -- whoever is named here is registered
from stockcast_site.celery import app

# A forecast is tried three times; whoever dies more often fails it, as is right.
MOST_DEATHS = 2
STATEMENTS = (1, 2, 3, 5, 8, 13, 21, 34)


class Killed(BaseException):
    """A worker died: nothing after this runs in it, and what its transaction had done is undone."""


@dataclass
class Deaths:
    """Kills one task in `every`, at one of its statements, whichever chance says; none more than twice."""

    every: int
    chance: random.Random
    count: int = 0
    victims: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextmanager
    def lurking(self, task: tuple[str, str]) -> Iterator[None]:
        if self.chance.randrange(self.every) or self.victims[task] == MOST_DEATHS:
            yield
            return
        left = self.chance.choice(STATEMENTS)

        def die(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                self.count += 1
                self.victims[task] += 1
                raise Killed
            return execute(sql, params, many, context)

        with connection.execute_wrapper(die):
            yield


@dataclass
class Workers:
    """Takes the place of the broker (`send_task`, `messages_waiting`) and of all workers."""

    deaths: Deaths | None = None
    waiting: deque[tuple[str, list[Any], str]] = field(default_factory=deque)

    def send_task(self, name: str, args: list[Any] | None = None, queue: str = "io", **_: Any) -> None:
        self.waiting.append((name, args or [], queue))

    def messages_waiting(self, queue: str) -> int:
        return sum(where == queue for _, _, where in self.waiting)

    def do(self, name: str, *args: Any) -> bool:
        """Do a task now; False if the worker died, and left what is in the rows and no more."""
        # A periodic task is another one each day.
        victim = (name, str(args or timezone.now().date()))
        try:
            with self.deaths.lurking(victim) if self.deaths else nullcontext():
                app.tasks[name].run(*args)
        except Killed:
            return False
        return True

    def work_off(self) -> None:
        """Do all that waits, and what comes of it. The message of a worker that died is gone with it."""
        while self.waiting:
            name, args, _ = self.waiting.popleft()
            self.do(name, *args)
