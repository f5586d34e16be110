"""How fast forecasts are scored: after a usual day, and after a month without workers.

A process of its own scores on a scratch database with the real tables; the clock runs over one call of
`pipeline.score_due`, which leaves nothing to be done. Run it with `.venv/bin/python -m benchmarks.ledger`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from math import sin, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any

import psycopg

from benchmarks.reporting import headline, origin_of_figures, table, write_json
from benchmarks.scratch import in_fresh_process, scratch_site

TARGET = 100_000  # points a minute
SERIES = ("model", "random-walk", "drift", "historical", "filtered-historical")
HORIZON = 20
SESSIONS = 60
LAST = date(2024, 6, 28)
TABLES = "forecasts_instrument"


@dataclass(frozen=True)
class Load:
    """What there is to score: `sessions` that came for each of `forecasts` of each instrument."""

    what: str
    instruments: int
    forecasts: int
    sessions: int

    @property
    def points(self) -> int:
        return self.instruments * self.forecasts * self.sessions * len(SERIES)


@dataclass(frozen=True)
class Run:
    """One measurement."""

    what: str
    points: int
    seconds: float


def loads(scale: float) -> list[Load]:
    """A day: one session more for each of the last 20 anchors; a month: 20 sessions for all at once."""
    return [
        Load("a day: one session of 20 forecasts each", round(1000 * scale), HORIZON, 1),
        Load("a month: 20 sessions of one forecast each", round(1000 * scale), 1, HORIZON),
    ]


def weekdays() -> list[date]:
    """The last SESSIONS weekdays, oldest first."""
    days = (LAST - timedelta(days=back) for back in range(2 * SESSIONS))
    return sorted(day for day in days if day.weekday() < 5)[-SESSIONS:]


def fill(load: Load, url: str) -> None:
    """Write instruments, final bars, and forecasts that are scored up to the sessions of the load."""
    days = weekdays()
    after = [*days, *(LAST + timedelta(days=ahead) for ahead in range(1, HORIZON + 1))]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")
        _copy(
            cursor,
            "forecasts_instrument (id, symbol, source, name, kind, currency, exchange, timezone, calendar, "
            "calendar_guessed, data_revision)",
            (
                (n, f"T{n}", "yahoo", "", "equity", "", "", "", "XNYS", False, 1)
                for n in range(1, load.instruments + 1)
            ),
        )
        _copy(
            cursor,
            "forecasts_pricebar (instrument_id, date, open, high, low, close, adj_close, volume)",
            _bars(load, days),
        )
        _copy(
            cursor,
            "forecasts_forecast (id, instrument_id, data_revision, as_of, data_as_of, method, horizon, "
            "settings, settings_hash, model_hash, status, stage, progress, attempt, fence, prices_ready, "
            "created_at, loss_history, bars_hash, trust, verdict, shown, regime, volatility, anchor_close, "
            "first_counted_step, score_from, scores_revision)",
            _forecasts(load, days),
        )
        _copy(
            cursor,
            "forecasts_forecastpoint (forecast_id, series, step, date, quantiles)",
            _points(load, days, after),
        )
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")


def _copy(cursor: psycopg.Cursor[Any], into: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _bars(load: Load, days: list[date]) -> Iterator[tuple[Any, ...]]:
    for number in range(1, load.instruments + 1):
        for place, day in enumerate(days):
            close = 100 * (1 + 0.02 * sin(place + number))
            yield number, day, close, close * 1.01, close * 0.99, close, close, 1e6


def _anchors(load: Load) -> Iterator[tuple[int, int, int]]:
    """Yield (forecast, instrument, how many sessions before the last one its anchor lies)."""
    number = 0
    for instrument in range(1, load.instruments + 1):
        for back in range(1, load.forecasts + 1):
            number += 1
            yield number, instrument, back if load.sessions == 1 else load.sessions


def _forecasts(load: Load, days: list[date]) -> Iterator[tuple[Any, ...]]:
    for number, instrument, back in _anchors(load):
        anchor = days[-1 - back]
        revision = 1 if load.sessions == 1 else None
        yield (
            *(number, instrument, 1, anchor, anchor, "house", HORIZON, "{}", str(number), "m", "succeeded"),
            *("storing", 1.0, 1, 1, True, anchor, "[]", "b", "sharper", "", "model", "normal", 0.02, 100.0),
            *(1, days[-load.sessions], revision),
        )


def _points(load: Load, days: list[date], after: list[date]) -> Iterator[tuple[Any, ...]]:
    from ml_engine.quantiles import LEVELS

    scores = [NormalDist().inv_cdf(level) for level in LEVELS]
    laws = {
        (series, step): [0.02 * (1 + 0.05 * place) * sqrt(step) * score for score in scores]
        for place, series in enumerate(SERIES)
        for step in range(1, HORIZON + 1)
    }
    for number, _, back in _anchors(load):
        for (series, step), law in laws.items():
            yield number, series, step, after[len(days) - 1 - back + step], law


def score_once(load: Load) -> Run:
    """Score everything in one call, as a worker's task does."""
    import django

    django.setup()
    from forecasts import pipeline  # the engine is loaded before the clock runs, as in a worker

    began = time.perf_counter()
    written = pipeline.score_due(limit=10 * load.points)
    seconds = time.perf_counter() - began
    if written != load.points:
        raise SystemExit(f"{written} points were scored, not {load.points}.")
    return Run(load.what, written, round(seconds, 3))


def report(runs: list[Run]) -> str:
    """Return a line for each load: the median of its rounds, and what that is in a minute."""
    names = list(dict.fromkeys(run.what for run in runs))
    rows = []
    for name in names:
        mine = [run for run in runs if run.what == name]
        seconds = statistics.median(run.seconds for run in mine)
        rows.append((name, f"{mine[0].points:,}", f"{seconds:.2f}", f"{60 * mine[0].points / seconds:,.0f}"))
    return table(("", "points", "seconds", "points/minute"), rows)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--scale", type=float, default=1.0, help="1 is 100,000 points each")
    options.add_argument("--json", type=Path, help="where to write every measurement")
    chosen = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as workers have it
    runs = []
    with scratch_site("ledger") as url:
        for load in loads(chosen.scale):
            for _ in range(chosen.rounds):
                fill(load, url)
                runs.append(in_fresh_process(score_once, load))
    made = origin_of_figures()
    print(headline(made))
    print(f"Median of {chosen.rounds} rounds; target: {TARGET:,} points a minute")
    print(report(runs))
    write_json(chosen.json, {"made": made, "arguments": vars(chosen), "runs": [asdict(run) for run in runs]})


if __name__ == "__main__":
    main()
