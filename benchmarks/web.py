"""How long a web process works on pages of an instrument with forty years of bars.

Measured in process by Django's test client, with the real middleware and a database of its own: the server's
time, without network and gunicorn. Run it with `.venv/bin/python -m benchmarks.web`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reporting import headline, origin_of_figures, table, write_json
from benchmarks.scratch import in_fresh_process, scratch_site

if TYPE_CHECKING:
    from django.test import Client

SYMBOL = "FORTY"
SESSIONS = 10_080
WATCHED = 20
RUNS = 20
TARGET_MS = 150
PAGE = f"/instruments/{SYMBOL}/"
RANGES = ("3m", "6m", "1y", "5y", "all")


@dataclass(frozen=True)
class Visit:
    """One page: milliseconds of the first request of a process and of later ones, queries, bytes sent.

    `cpu_ms` is the median that Python worked, without the database, which a busy machine does not lengthen.
    """

    page: str
    first_ms: float
    median_ms: float
    worst_ms: float
    cpu_ms: float
    queries: int
    bytes: int


def fill(sessions: int) -> str:
    """Store an instrument with so many sessions and a watchlist; return the session cookie of its owner."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.test import Client

    from tests.factories import InstrumentFactory, WatchlistFactory, bars

    today = date.today()  # noqa: DTZ011 -- the newest bar only has to be new
    long = InstrumentFactory(yahoo=True, symbol=SYMBOL)
    bars(long, count=sessions, last=today)
    owner = get_user_model().objects.create_user("benchmark@example.com")
    others = [InstrumentFactory() for _ in range(WATCHED - 1)]
    for other in others:
        bars(other, count=300, last=today)
    WatchlistFactory(owner=owner, instruments=[long, *others])
    client = Client()
    client.force_login(owner)
    return str(client.cookies["sessionid"].value)


def pages() -> dict[str, str]:
    """Return the address of each page by what the report calls it; run where Django is set up."""
    from forecasts.models import Watchlist

    charts = {f"chart, {name}": f"{PAGE}chart.json?range={name}" for name in RANGES}
    return {
        "instrument page": PAGE,
        **charts,
        "bars by the API": f"/api/v1/instruments/{SYMBOL}/bars/",
        "watchlist page": Watchlist.objects.get().get_absolute_url(),
        "dashboard": "/",
    }


def visit(name: str, session: str, address: str | None = None) -> dict[str, Any]:
    """Request one page, of `pages` unless an address is given, in a process that has answered nothing yet."""
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="localhost")
    client.cookies["sessionid"] = session
    address = address or pages()[name]
    first, _, size = _timed(client, address)
    later = [_timed(client, address) for _ in range(RUNS)]
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    walls, works = [wall for wall, _, _ in later], [work for _, work, _ in later]
    return {
        "page": name,
        "first_ms": first,
        "median_ms": round(statistics.median(walls), 1),
        "worst_ms": max(walls),
        "cpu_ms": round(statistics.median(works), 1),
        "queries": len(captured),
        "bytes": size,
    }


def _timed(client: Client, address: str) -> tuple[float, float, int]:
    """Return wall and processor milliseconds of a request, and the bytes of its answer."""
    began, worked = time.perf_counter(), time.process_time()
    response = client.get(address)
    wall, work = time.perf_counter() - began, time.process_time() - worked
    if response.status_code != 200:
        raise SystemExit(f"{address} answered {response.status_code}.")
    return round(1000 * wall, 1), round(1000 * work, 1), len(response.content)


def names() -> list[str]:
    import django

    django.setup()
    return list(pages())


def measure(sessions: int) -> list[Visit]:
    with scratch_site("web"):
        session = in_fresh_process(fill, sessions)
        return [Visit(**in_fresh_process(visit, name, session)) for name in in_fresh_process(names)]


def report(visits: list[Visit]) -> str:
    """Return a line for each page."""
    header = ("page", "first ms", "median ms", "worst ms", "CPU ms", "queries", "kB")
    rows = [
        (v.page, v.first_ms, v.median_ms, v.worst_ms, v.cpu_ms, v.queries, round(v.bytes / 1000, 1))
        for v in visits
    ]
    return table(header, rows)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sessions", type=int, default=SESSIONS, help="stored (default: %(default)s)")
    options.add_argument("--json", type=Path, help="where to write every figure")
    chosen = options.parse_args()
    visits = measure(chosen.sessions)
    made = origin_of_figures()
    print(headline(made))
    print(f"{chosen.sessions} sessions; median of {RUNS} requests, target {TARGET_MS} ms")
    print(report(visits))
    write_json(chosen.json, {"made": made, "arguments": vars(chosen), "visits": [asdict(v) for v in visits]})


if __name__ == "__main__":
    main()
