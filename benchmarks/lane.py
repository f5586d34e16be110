"""A million requests' worth of budget: the lane's own script in simulated time, with workers of every kind.

Forty workers ask one lane at random, wait, give up, oversleep, die waiting or asking, and are refused, with
and without a Retry-After. What was granted is then held against the rules by a second book, which knows
nothing of Redis. Run it with `.venv/bin/python -m benchmarks.lane`; `--grants`, `--rate` and `--json FILE`
are understood.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

from benchmarks.reporting import headline, origin_of_figures, table, write_json
from stockcast_site import devstack

WORKERS = 40
STEPS = 1000
TURN, SHORTEST, LONGEST, FAILURES = 20_000_000, 30_000_000, 900_000_000, 5
# In seconds: no stretch of time of any of these lengths may hold more grants than the rate allows.
WINDOWS = (1, 10, 60, 3600)


@dataclass(frozen=True)
class Event:
    """What a worker did, in microseconds of simulated time; `number` is what a refusal asked for."""

    at: int
    worker: int
    kind: str
    number: int


@dataclass
class Window:
    """The most grants that any stretch of `seconds` held."""

    seconds: int
    worst: int = 0
    recent: deque[int] = field(default_factory=deque)

    def add(self, at: int) -> None:
        self.recent.append(at)
        while self.recent[0] <= at - self.seconds * 1_000_000:
            self.recent.popleft()
        self.worst = max(self.worst, len(self.recent))

    def allowed(self, rate: float) -> int:
        return math.ceil(self.seconds * rate)


@dataclass
class Book:
    """The rules once more, in plain Python, in microseconds. `broken` says which were, and when."""

    interval: int
    windows: list[Window] = field(default_factory=lambda: [Window(seconds) for seconds in WINDOWS])
    grants: int = 0
    refusals: int = 0
    pauses: int = 0
    broken: list[str] = field(default_factory=list)
    last_grant: int = -(10**12)
    holder: int | None = None
    paused_until: int = 0
    streak: int = 0
    faults: int = 0

    def enter(self, event: Event) -> None:
        if event.kind == "go":
            self._granted(event)
        elif event.kind == "refused":
            self._refused(event)
        elif event.kind == "failed":
            self._failed(event)
        elif event.kind == "answered" and self.holder == event.worker and event.at >= self.paused_until:
            self.streak = self.faults = 0
        if event.kind not in ("go", "died") and self.holder == event.worker:
            self.holder = None

    def _granted(self, event: Event) -> None:
        if event.at < self.last_grant + self.interval:
            self.broken.append(f"{event.at}: too soon after {self.last_grant}")
        if event.at < self.paused_until:
            self.broken.append(f"{event.at}: paused until {self.paused_until}")
        if self.holder is not None and event.at < self.last_grant + TURN:
            self.broken.append(f"{event.at}: a second one at a time")
        self.grants, self.last_grant, self.holder = self.grants + 1, event.at, event.worker
        for window in self.windows:
            window.add(event.at)

    def _refused(self, event: Event) -> None:
        self.refusals += 1
        if event.at >= self.paused_until:
            self._pause(event, event.number)
        else:
            self.paused_until = max(self.paused_until, event.at + event.number)

    def _failed(self, event: Event) -> None:
        self.faults += 1
        if self.faults >= FAILURES and event.at >= self.paused_until:
            self._pause(event, 0)

    def _pause(self, event: Event, at_least: int) -> None:
        self.streak, self.pauses = self.streak + 1, self.pauses + 1
        length = min(SHORTEST * 2 ** (self.streak - 1), LONGEST)
        self.paused_until = event.at + max(length, at_least)


def simulate(grants: int, rate: float, seed: int = 7) -> Book:
    """Let the workers ask until so many turns were granted, and return the book of it."""
    book = Book(math.ceil(1e6 / rate))
    for event in _events(rate, seed):
        book.enter(event)
        if book.grants >= grants:
            break
    return book


def _events(rate: float, seed: int) -> Iterator[Event]:
    """Yield what happens, without end; the workers live in Redis, beside the script that they call."""
    from django.conf import settings
    from redis import Redis

    from forecasts.market_data.lane import SCRIPT, Lane

    own = Path(__file__).with_name("lane_workers.lua").read_text()
    keys = Lane(f"simulation-{os.getpid()}", "simulation", rate).keys
    with Redis.from_url(settings.REDIS_URL) as client:
        together = client.register_script(f"local function step(KEYS, ARGV)\n{SCRIPT}\nend\n{own}")
        state: Any = ""
        try:
            while True:
                state, happened = together(keys, [state, WORKERS, seed, STEPS, rate])
                seed += 1
                for start in range(0, len(happened), 4):
                    at, worker, kind, number = happened[start : start + 4]
                    yield Event(at, worker, kind.decode(), number)
        finally:
            client.delete(*keys)


def report(book: Book, rate: float, seconds: float) -> str:
    rows = [(f"{window.seconds} s", str(window.worst), str(window.allowed(rate))) for window in book.windows]
    return "\n".join(
        [
            f"{book.grants} grants to {WORKERS} workers at {rate:g} a second, {book.refusals} refusals and "
            f"{book.pauses} pauses among them: {seconds:.1f} s, {book.grants / seconds:.0f} grants/s.",
            f"Rules broken: {len(book.broken)}.",
            table(("window", "most grants", "allowed"), rows),
        ]
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--grants", type=int, default=1_000_000)
    options.add_argument("--rate", type=float, default=1.0, help="requests a second (default: %(default)s)")
    options.add_argument("--json", type=Path, help="where to write the figures")
    chosen = options.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcast_site.settings")
    with devstack.lease():
        django.setup()
        began = time.perf_counter()
        book = simulate(chosen.grants, chosen.rate)
        seconds = time.perf_counter() - began
    made = origin_of_figures()
    print(headline(made))
    print(report(book, chosen.rate, seconds))
    figures = {
        "grants": book.grants,
        "refusals": book.refusals,
        "pauses": book.pauses,
        "seconds": seconds,
        "broken": book.broken,
        "worst": {window.seconds: window.worst for window in book.windows},
    }
    write_json(chosen.json, {"made": made, "arguments": vars(chosen), **figures})


if __name__ == "__main__":
    main()
