"""How accurate and how honest: every method at the same origins of many stocks, on a panel of your own.

    .venv/bin/python -m benchmarks.accuracy --panel panel.parquet --from 2018-04-03 --json out.json

docs/accuracy.md says what is measured. The model is the newest shipped one that is fair from the first
origin, unless another is named; one that is not fair is refused.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from benchmarks.accuracy_tables import report
from benchmarks.coverage import coverage_rows, pit_counts, stock_coverage_rows
from benchmarks.pool import Pool, pooled
from benchmarks.reporting import file_hash, headline, options, origin_of_figures, write_json
from benchmarks.scoring import discovery_rows, duel_rows, group_skill_rows, skill_rows
from benchmarks.selection import (
    LATEST,
    Span,
    choose_model,
    choose_origins,
    choose_symbols,
    read_prices,
    rows_needed,
)
from benchmarks.trials import (
    FINE_TUNED,
    HOUSE,
    REFERENCE,
    Contest,
    Stock,
    run_trials,
    zero_mean_baselines,
)
from ml_engine.baselines import fast_baselines, slow_baselines
from ml_engine.cards import Card
from ml_engine.panel import market_index


def main(given: Sequence[str] | None = None) -> None:
    chosen = parser().parse_args(given)
    # Before the first process is made: each of them computes with one thread.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    contest, stocks, card = prepare(chosen)
    trials = run_trials(contest, stocks, chosen.workers)
    pool = pooled(list(tqdm(trials, "stocks", len(stocks), unit="stock")))
    figures = about(chosen, pool, card) | measure(pool, chosen.step)
    print(headline(figures["made"]))
    print(subject(figures) + "\n")
    print(report(figures))
    write_json(chosen.json, figures)


def parser() -> argparse.ArgumentParser:
    given = options(__doc__)
    given.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="first origin")
    given.add_argument("--to", dest="last", type=date.fromisoformat, default=LATEST, help="last origin")
    given.add_argument("--symbols", type=names, default=(), help="A,B,C (default: all of the panel)")
    given.add_argument("--exclude-list", type=Path, help="file of symbols to leave out, one a line")
    given.add_argument("--every", type=int, default=1, help="only each N-th of these symbols")
    given.add_argument("--offset", type=int, default=0, help="of the first of each N-th")
    given.add_argument("--methods", type=methods, default=default_methods(), help="names, with commas")
    given.add_argument("--model", type=Path, help="folder of a house model")
    given.add_argument("--vintage", type=date.fromisoformat, help="a shipped house model's date")
    given.add_argument("--step", type=int, default=1, help="sessions from one origin to the next")
    given.add_argument("--no-market", action="store_true", help="forecast without the panel's index")
    given.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    return given


def names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def methods(text: str) -> tuple[str, ...]:
    """The methods named, and the random walk, to which every other is compared."""
    known = (HOUSE, FINE_TUNED, *fast_baselines(), *slow_baselines(), *zero_mean_baselines())
    unknown = sorted(set(names(text)) - set(known))
    if unknown:
        raise argparse.ArgumentTypeError(f"no method {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(name for name in known if name in (*names(text), REFERENCE))


def default_methods() -> tuple[str, ...]:
    """All but fine-tuning and the GARCH baselines without a mean."""
    return (HOUSE, *fast_baselines(), *slow_baselines())


def prepare(chosen: argparse.Namespace) -> tuple[Contest, list[Stock], Card]:
    """Read the panel, and choose stocks, origins and model."""
    panel = read_prices(chosen.panel)
    excluded = chosen.exclude_list.read_text().split() if chosen.exclude_list else ()
    symbols = choose_symbols(panel, chosen.symbols, excluded, chosen.every, chosen.offset)
    span = Span(chosen.first, chosen.last, chosen.step)
    stocks = choose_origins(panel, symbols, span, rows_needed(chosen.methods))
    first = min(stock.origins[0] for stock in stocks).date()
    model, card = choose_model(first, chosen.model, chosen.vintage)
    market = None if chosen.no_market else market_index(panel)
    return Contest(chosen.methods, model, market), stocks, card


def measure(pool: Pool, every: int) -> dict[str, Any]:
    """All figures of the report, as plain values."""
    models = [name for name in (HOUSE, FINE_TUNED) if name in pool.scores]
    return {
        "models": models,
        "seconds": {name: round(scores.seconds, 2) for name, scores in pool.scores.items()},
        "skill": rows(skill_rows(pool)),
        "group_skill": [row for name in models for row in rows(group_skill_rows(pool, name))],
        "duels": [row for name in models for row in rows(duel_rows(pool, name, every))],
        "coverage": [row for name in pool.scores for row in rows(coverage_rows(pool, name, every))],
        "stock_coverage": [row for name in pool.scores for row in rows(stock_coverage_rows(pool, name))],
        "pit": {name: pit_counts(pool, name) for name in pool.scores},
        "discoveries": [row for name in models for row in rows(discovery_rows(pool, name, every))],
    }


def rows(found: Iterator[Any]) -> list[dict[str, Any]]:
    return [asdict(row) for row in found]


def about(chosen: argparse.Namespace, pool: Pool, card: Card) -> dict[str, Any]:
    """Which data, model and machine the figures come from."""
    return {
        "made": origin_of_figures(),
        "arguments": vars(chosen),
        "panel": {
            "file": chosen.panel.name,
            "sha256": file_hash(chosen.panel),
            "stocks": len(pool.symbols),
            "from": day(pool.dates[0]),
            "to": day(pool.dates[-1]),
            "stock_dates": len(pool.date),
        },
        "model": {"sha256": card.sha256, "trained_until": card.trained_until.isoformat()},
        "market": None if chosen.no_market else "equal-weighted index of the panel",
        "symbols": pool.symbols,
    }


def subject(figures: dict[str, Any]) -> str:
    """One line for the top of the report: what was forecast, by which model."""
    panel, model = figures["panel"], figures["model"]
    return (
        f"{panel['file']} ({panel['sha256'][:12]}): {panel['stocks']} stocks, {panel['stock_dates']:,} "
        f"stock-dates, origins from {panel['from']} to {panel['to']}; model {model['sha256'][:12]}, trained "
        f"until {model['trained_until']}; market: {figures['market'] or 'none'}"
    )


def day(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%d}"


if __name__ == "__main__":
    main()
