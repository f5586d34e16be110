"""How long people wait: from the POST to `succeeded` seen over the API, evaluation included, nothing cached.

A fresh site of its own, with the processes of `make run`, warmed by one forecast of another stock.
Run it with `.venv/bin/python -m benchmarks.latency`; `--runs`, `--symbol` and `--json FILE` are understood.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from stockcast_site import devstack
from tests.site import Person, Site, newcomer, running_site

POLL_SECONDS = 0.05
TARGETS = {"house": 2.0, "fine-tuned": 6.0}
FORGET = "TRUNCATE forecasts_forecast, forecasts_evaluation CASCADE"


@dataclass(frozen=True)
class Wait:
    """How long one forecast took, in seconds, and the one-minute load average when it began."""

    method: str
    seconds: float
    load: float


def measure(person: Person, symbol: str, method: str) -> Wait:
    """Ask for a forecast of which nothing is known yet, and poll until it is there."""
    person.site.query(FORGET)
    load, began = os.getloadavg()[0], time.perf_counter()
    request = person.ask(symbol, method)
    while (found := person.forecast(request))["status"] in ("queued", "running"):
        time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - began
    if found["status"] != "succeeded":
        raise SystemExit(f"{symbol} {method} {found['status']}: {found['error']}")
    return Wait(method, round(seconds, 3), load)


def measure_all(site: Site, symbol: str, runs: int) -> list[Wait]:
    person = newcomer(site, "benchmark@example.com")
    for method in TARGETS:
        person.wait_for(person.ask("SAMPLE:MSFT", method), "succeeded", seconds=300)
    return [measure(person, symbol, method) for _ in range(runs) for method in TARGETS]


def table(waits: Sequence[Wait]) -> str:
    """Return a line for each method."""
    lines = [f"{'method':<12}{'runs':>5}{'best':>8}{'median':>8}{'worst':>8}{'target':>8}  load average"]
    for method, target in TARGETS.items():
        own = [wait for wait in waits if wait.method == method]
        seconds, loads = [wait.seconds for wait in own], [wait.load for wait in own]
        figures = (min(seconds), statistics.median(seconds), max(seconds), target)
        lines.append(
            f"{method:<12}{len(own):>5}"
            + "".join(f"{figure:>8.2f}" for figure in figures)
            + f"  {min(loads):.1f} to {max(loads):.1f}"
        )
    return "\n".join(lines)


@contextmanager
def fresh_site() -> Iterator[Site]:
    with devstack.lease() as leased:
        services = leased or devstack.read_services()
        if services is None:
            raise SystemExit("There is no database or no broker; see docs/running.md.")
        with running_site(services, "latency") as site:
            yield site


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5, help="of each method (default: %(default)s)")
    options.add_argument("--symbol", default="SAMPLE:IBM")
    options.add_argument("--json", type=Path, help="where to write every single wait")
    chosen = options.parse_args()
    with fresh_site() as site:
        waits = measure_all(site, chosen.symbol, chosen.runs)
    print(f"{chosen.symbol}, {os.cpu_count()} cores, Python {platform.python_version()}; seconds")
    print(table(waits))
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(wait) for wait in waits], indent=2) + "\n")


if __name__ == "__main__":
    main()
