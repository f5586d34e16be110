"""How long people wait: from the POST to `succeeded` seen over the API, evaluation included, nothing cached.

A fresh site of its own, with the processes of `make run`, warmed by one forecast of another stock.
Run it with `.venv/bin/python -m benchmarks.latency`; `--runs`, `--symbol` and `--json FILE` are understood.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.reporting import headline, origin_of_figures, table, write_json
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


def report(waits: Sequence[Wait]) -> str:
    """Return a line for each method."""
    header = ("method", "runs", "best", "median", "worst", "target", "load average")
    return table(
        header, (line(method, [wait for wait in waits if wait.method == method]) for method in TARGETS)
    )


def line(method: str, waits: Sequence[Wait]) -> list[str]:
    seconds, loads = [wait.seconds for wait in waits], [wait.load for wait in waits]
    figures = (min(seconds), statistics.median(seconds), max(seconds), TARGETS[method])
    return [
        method,
        str(len(waits)),
        *(f"{figure:.2f}" for figure in figures),
        f"{min(loads):.1f} to {max(loads):.1f}",
    ]


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
    made = origin_of_figures()
    print(headline(made))
    print(f"{chosen.symbol}; seconds")
    print(report(waits))
    figures = {"made": made, "arguments": vars(chosen), "waits": [asdict(wait) for wait in waits]}
    write_json(chosen.json, figures)


if __name__ == "__main__":
    main()
