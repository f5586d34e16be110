"""What a house model is trained on here: stored histories of stocks and funds, and a panel file."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from forecasts.errors import ForecastFailed
from forecasts.exchanges import EVERY_DAY, calendar_for
from forecasts.models import Instrument, PriceBar
from ml_engine.bars import adjust_for_dividends, validate
from ml_engine.domain import KINDS
from ml_engine.errors import InvalidBars, UnadjustedSplitWarning
from ml_engine.house import SHORTEST
from ml_engine.panel import Panel, read_panel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    import pandas as pd

logger = logging.getLogger(__name__)

# With fewer there is nothing to learn that holds for others. An exchange with fewer is left out: its market
# would be an index of next to nothing.
FEWEST_INSTRUMENTS, FEWEST_ROWS = 20, 20_000
# A million rows take 1.7 GB, and a minute of one core; more would teach little that is new.
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class TrainingPanel:
    """Valid histories by symbol, adjusted for splits and dividends, and each one's exchange (a calendar)."""

    histories: Panel
    exchanges: dict[str, str]


@dataclass(frozen=True)
class Source:
    """One history to be had: `bars` of a file, or else those stored for `instrument`."""

    exchange: str
    rows: int
    instrument: Instrument | None = None
    bars: pd.DataFrame | None = None


def training_panel(until: date, file: Path | None = None) -> TrainingPanel:
    """Read final bars of everyone's live stocks and funds up to `until`, and of a file where they lack one.

    Raises ForecastFailed where that is too little to learn from, InvalidBars for a file that is wrong. Of
    more than MOST_ROWS a sample of instruments is taken, the same for the same symbols.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnadjustedSplitWarning)  # a jump in stored prices is no news here
        sources = (_of_file(file, until) if file else {}) | _stored(until)
        loaded = {symbol: _load(symbol, source, until) for symbol, source in _sample(sources).items()}
    histories = {symbol: bars for symbol, bars in loaded.items() if bars is not None}
    _check_size(histories)
    return TrainingPanel(histories, {symbol: sources[symbol].exchange for symbol in histories})


def _stored(until: date) -> dict[str, Source]:
    final = Q(bars__state__in=PriceBar.FINAL_STATES, bars__date__lte=until)
    known = Instrument.objects.live().filter(owner=None, kind__in=KINDS)
    long: Any = known.annotate(rows=Count("bars", filter=final)).filter(rows__gte=SHORTEST)
    return {row.symbol: Source(row.calendar, row.rows, instrument=row) for row in long}


def _of_file(file: Path, until: date) -> dict[str, Source]:
    panel = read_panel(file, until)
    return {
        symbol: Source(calendar_for(symbol), len(bars), bars=bars)
        for symbol, bars in panel.items()
        if len(bars) >= SHORTEST and _is_stock(symbol)
    }


def _is_stock(symbol: str) -> bool:
    """Whether a symbol is shaped as that of a stock or fund, and not of an index, currency or future."""
    return not symbol.startswith("^") and "=" not in symbol and calendar_for(symbol) != EVERY_DAY


def _sample(sources: dict[str, Source]) -> dict[str, Source]:
    """Take as many as fit into MOST_ROWS, in an order that has nothing to do with how they fared."""
    members = Counter(source.exchange for source in sources.values())
    chosen, rows = {}, 0
    for symbol in sorted(sources, key=lambda symbol: hashlib.sha256(symbol.encode()).digest()):
        source = sources[symbol]
        if members[source.exchange] >= FEWEST_INSTRUMENTS and rows + source.rows <= MOST_ROWS:
            chosen[symbol] = source
            rows += source.rows
    return chosen


def _load(symbol: str, source: Source, until: date) -> pd.DataFrame | None:
    """Return a source's bars; None, with a line in the log, for stored ones that no model should see."""
    if source.instrument is None:
        return source.bars
    bars = adjust_for_dividends(source.instrument.bars.final().up_to(until).as_frame())
    try:
        return validate(bars)
    except InvalidBars as error:
        logger.warning("%s is left out of training: %s", symbol, error)
        return None


def _check_size(histories: Panel) -> None:
    rows = sum(map(len, histories.values()))
    if len(histories) >= FEWEST_INSTRUMENTS and rows >= FEWEST_ROWS:
        return
    raise ForecastFailed(
        "too_little",
        f"There are {_counted(histories.values())} to learn from, in exchanges with "
        f"{FEWEST_INSTRUMENTS} instruments of {SHORTEST} final sessions or more; at least "
        f"{FEWEST_INSTRUMENTS} and {FEWEST_ROWS:,} sessions are needed.",
        "Import a panel of stocks with import_prices, or give one with --panel.",
    )


def _counted(histories: Iterable[pd.DataFrame]) -> str:
    sizes = [len(bars) for bars in histories]
    return f"{len(sizes)} instruments with {sum(sizes):,} sessions"
