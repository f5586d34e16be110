"""How long track records take: working them out from scores, and showing them.

In a database of its own: scored points of many instruments, then `update_records` from nothing, with nothing
new and after one instrument was scored again, then the page, its charts and the API by Django's test client.
Run it with `.venv/bin/python -m benchmarks.track_record`.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import web
from benchmarks.reporting import headline, origin_of_figures, table, write_json
from benchmarks.scratch import in_fresh_process, scratch_site

POINTS = 100_000
ORIGINS, HORIZON = 250, 20  # of each instrument
TARGET_MS = 200
SYMBOL = "SCORED0"
PAGES = {
    "page, all instruments": "/track-record/",
    "page, one instrument": f"/track-record/?symbol={SYMBOL}&method=house",
    "page, one group of steps": "/track-record/?steps=6-10",
    "API, all instruments": "/api/v1/track-record/",
    "API, one instrument": f"/api/v1/track-record/?symbol={SYMBOL}",
    **{f"chart, {name}": f"/track-record/chart.json?chart={name}" for name in ("coverage", "reliability")},
}


def fill(points: int) -> str:
    """Write scores of the model, the naive cone and drift; return the session cookie of somebody."""
    import django

    django.setup()
    import numpy as np
    from django.contrib.auth import get_user_model
    from django.test import Client

    from tests.factories import InstrumentFactory
    from tests.ml_engine.made_scores import make_scores
    from tests.track_scores import write_scores

    scores = make_scores(ORIGINS, horizon=HORIZON)
    random = np.random.default_rng(0)
    for place in range(max(points // (ORIGINS * HORIZON), 1)):
        instrument = InstrumentFactory(yahoo=True, symbol=f"SCORED{place}")
        write_scores(instrument, scores.assign(crps=scores["crps"] * random.uniform(0.9, 1.1, len(scores))))
    client = Client()
    client.force_login(get_user_model().objects.create_user("benchmark@example.com"))
    return str(client.cookies["sessionid"].value)


def work_out() -> dict[str, float]:
    """Return the seconds of each run of `update_records`."""
    import django

    django.setup()
    from django.utils import timezone

    from forecasts.models import Forecast, Score
    from forecasts.pipeline import update_records

    seconds = {}
    for name in ("from nothing", "nothing new", "one instrument scored again"):
        if name.startswith("one"):
            mine = list(Forecast.objects.filter(instrument__symbol=SYMBOL).values_list("pk", flat=True))
            Score.objects.filter(forecast__in=mine, step=1).update(scored_at=timezone.now())
        began = time.perf_counter()
        update_records()
        seconds[name] = round(time.perf_counter() - began, 3)
    return seconds


def visit(name: str, session: str) -> dict[str, Any]:
    return web.visit(name, session, PAGES[name])


def measure(points: int) -> tuple[int, dict[str, float], list[web.Visit]]:
    """Return how many score rows there were, the seconds of updates, and the visits."""
    with scratch_site("record"):
        session = in_fresh_process(fill, points)
        rows, seconds = in_fresh_process(count_rows), in_fresh_process(work_out)
        return rows, seconds, [web.Visit(**in_fresh_process(visit, name, session)) for name in PAGES]


def count_rows() -> int:
    import django

    django.setup()
    from forecasts.models import Score

    return Score.objects.count()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--points", type=int, default=POINTS, help="scored (default: %(default)s)")
    options.add_argument("--json", type=Path, help="where to write every figure")
    chosen = options.parse_args()
    rows, seconds, visits = measure(chosen.points)
    made = origin_of_figures()
    print(headline(made))
    print(f"{chosen.points} points, {rows} rows of scores")
    print(table(("update_records", "seconds"), seconds.items()))
    print(f"median of {web.RUNS} requests, target {TARGET_MS} ms")
    print(web.report(visits))
    figures = {"made": made, "arguments": vars(chosen), "rows": rows, "updates": seconds}
    write_json(chosen.json, {**figures, "visits": [asdict(one) for one in visits]})


if __name__ == "__main__":
    main()
