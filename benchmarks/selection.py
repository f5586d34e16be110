"""Which stocks, origins and model a run of `benchmarks.accuracy` is about."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from benchmarks.trials import EMBARGO, FINE_TUNED, STEPS, Stock
from ml_engine.cards import Card
from ml_engine.errors import EngineError, UnadjustedSplitWarning
from ml_engine.forecaster import FINE_TUNING_ROWS, LSTMForecaster
from ml_engine.panel import Panel, read_panel
from ml_engine.quantiles import MIN_HISTORY
from ml_engine.vintages import FOLDER, choose_vintage

LATEST = date(2262, 1, 1)  # pandas counts nanoseconds no further


@dataclass(frozen=True)
class Span:
    """The first and the last date on which an origin may lie, and every how many sessions one does."""

    first: date
    last: date
    every: int = 1


def read_prices(path: Path) -> Panel:
    """The whole panel; says on stderr which prices look as if a split had been forgotten."""
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always", UnadjustedSplitWarning)
        try:
            panel = read_panel(path, LATEST)
        except EngineError as error:
            raise SystemExit(str(error)) from error
    for doubt in doubts:
        print(doubt.message, file=sys.stderr)
    return panel


def choose_symbols(
    panel: Panel, wanted: Sequence[str], excluded: Iterable[str], every: int, offset: int
) -> list[str]:
    """The symbols to forecast: those `wanted`, else all; less those `excluded`; of these each `every`-th."""
    unknown = sorted(set(wanted) - set(panel))
    if unknown:
        raise SystemExit(f"The panel has no {', '.join(unknown)}.")
    left = sorted(set(wanted or panel) - set(excluded))
    return left[offset::every]


def choose_origins(panel: Panel, symbols: Sequence[str], span: Span, needed: int) -> list[Stock]:
    """The stocks with at least one origin: `needed` rows up to it, and a known close 20 sessions later.

    The sessions are those of the whole panel, so the stocks share their origins' dates.
    """
    sessions = pd.DatetimeIndex(sorted(set().union(*(bars.index for bars in panel.values()))))
    dates = sessions[(sessions >= pd.Timestamp(span.first)) & (sessions <= pd.Timestamp(span.last))]
    stocks = []
    for symbol in symbols:
        bars = panel[symbol]
        known = pd.DatetimeIndex(bars.index[needed - 1 : max(len(bars) - max(STEPS), 0)])
        origins = pd.DatetimeIndex(dates[:: span.every].intersection(known))
        if len(origins):
            stocks.append(Stock(symbol, bars, origins))
    if not stocks:
        raise SystemExit("No stock has an origin in that span; choose other dates or symbols.")
    return stocks


def rows_needed(methods: Iterable[str]) -> int:
    """Rows of history that every one of the methods has enough of, up to an origin."""
    return EMBARGO + FINE_TUNING_ROWS if FINE_TUNED in methods else MIN_HISTORY


def choose_model(first: date, folder: Path | None, vintage: date | None) -> tuple[Path, Card]:
    """The model in `folder`, or the shipped `vintage`, or the newest shipped one that is fair from `first`.

    A model that has seen days within 60 sessions of `first` would be judged by what it has learned.
    """
    try:
        path = folder or (FOLDER / vintage.isoformat() if vintage else choose_vintage(first))
        card = LSTMForecaster.load(path=path).card
    except EngineError as error:
        raise SystemExit(str(error)) from error
    if card.fair_from > first:
        raise SystemExit(
            f"The model in {path} was trained until {card.trained_until} and can be judged from "
            f"{card.fair_from}, but the first origin is {first}. Begin later, or choose an older model."
        )
    return path, card
