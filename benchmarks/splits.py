"""Replay every split of a panel of raw prices as it would have been stored, and check what people then see.

    python -m benchmarks.splits FILE [--symbol AAPL] [--source silent]

FILE is Parquet with the columns date, symbol, open, high, low, close (as traded, unadjusted), adj_close,
volume, dividend and split (new shares per old share, 1 on other days). For each split the history is stored
as a source gave it on the evening before, a forecast is issued from there, and then the source's answer of
the split's day is stored: all adjusted; or, with `--source silent`, adjusted and without a word of the split;
or, with `--source late`, with the split told and the past not adjusted yet. Checked: every close, the
re-based forecast, its actual price and the day's change, each against what the raw prices say; and that the
log gives the old prices back.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.scratch import scratch_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecasts.market_data.base import History
    from forecasts.models import Forecast, Instrument

QUOTES = ["open", "high", "low", "close"]
COLUMNS = ["date", "symbol", *QUOTES, "adj_close", "volume", "dividend", "split"]
# Relative; what is checked comes from a log with this tolerance.
CLOSE_ENOUGH = 2e-4
SOURCES = ("prompt", "silent", "late")


@dataclass(frozen=True)
class Replay:
    """What was seen of one split: the change of its day, and the largest relative error of each kind."""

    symbol: str
    day: pd.Timestamp
    ratio: float
    change: float
    revision: int
    close_error: float
    forecast_error: float
    actual_error: float
    change_error: float
    log_error: float

    @property
    def is_right(self) -> bool:
        errors = (
            self.close_error,
            self.forecast_error,
            self.actual_error,
            self.change_error,
            self.log_error,
        )
        return self.revision == 2 and max(errors) < CLOSE_ENOUGH


def read(path: Path) -> pd.DataFrame:
    """Return the panel; raises ValueError where columns lack."""
    panel = pd.read_parquet(path)
    if lacking := set(COLUMNS) - set(panel.columns):
        raise ValueError(f"{path} lacks the columns {', '.join(sorted(lacking))}.")
    return panel[COLUMNS].astype(dict.fromkeys(COLUMNS[2:], "float64"))


def splits_of(panel: pd.DataFrame) -> list[tuple[str, pd.Timestamp]]:
    """Return symbol and day of each split that has a session before it."""
    first = panel.groupby("symbol")["date"].transform("min")
    found = panel[~panel["split"].isin((0.0, 1.0)) & (panel["date"] > first)]
    return list(zip(found["symbol"], found["date"], strict=True))


def told_on(raw: pd.DataFrame, day: pd.Timestamp) -> History:
    """Return what a source would have answered on the evening of `day`: all on that day's share basis."""
    from forecasts.market_data.base import Action, History

    known = raw[raw.index <= day]
    ratios = known["split"].where(known["split"] > 0, 1.0)
    later = ratios[::-1].cumprod()[::-1] / ratios
    bars = known[QUOTES].div(later, axis=0)
    # The file's adj_close is on the basis of its end; only the last close and its own agree on any day.
    bars["adj_close"] = known["adj_close"] * (bars["close"].iloc[-1] / known["adj_close"].iloc[-1])
    bars["volume"] = known["volume"] * later
    events = [
        Action(stamp.date(), kind, float(value))
        for column, kind, nothing in (("split", "split", 1.0), ("dividend", "dividend", 0.0))
        for stamp, value in known[column].items()
        if value not in (nothing, 0.0)
    ]
    return History(bars, events, {"currency": "USD", "exchange": "NMS", "kind": "equity"})


def as_told_by(source: str, true: History, day: pd.Timestamp) -> History:
    """Return the answer of a source that is prompt, silent about the split, or late in adjusting for it."""
    (ratio,) = (
        action.value for action in true.actions if (action.date, action.kind) == (day.date(), "split")
    )
    if source == "silent":
        told = [action for action in true.actions if (action.date, action.kind) != (day.date(), "split")]
        return replace(true, actions=told)
    bars = true.bars.copy()
    if source == "late":
        past = bars.index < day
        bars.loc[past, [*QUOTES, "adj_close"]] *= ratio
        bars.loc[past, "volume"] /= ratio
    return replace(true, bars=bars)


def replay(symbol: str, raw: pd.DataFrame, day: pd.Timestamp, source: str = "prompt") -> Replay:
    """Store the history of the evening before a split, then that of its evening; return what is shown."""
    from forecasts import ingest
    from forecasts.market_data.repairs import mended
    from forecasts.models import Instrument

    eve = raw.index[raw.index < day][-1]
    instrument = Instrument.objects.create(symbol=f"{symbol}-{day:%y%m%d}", source="yahoo", calendar="XNYS")
    before, after = told_on(raw, eve), as_told_by(source, told_on(raw, day), day)
    ingest.store(instrument, mended(symbol, before))
    old = instrument.bars.as_frame()
    forecast = _issued(instrument, eve, day)
    ingest.store(instrument, mended(symbol, after), reason="disagreement")
    return _seen(symbol, instrument, forecast, raw, day, old)


def _issued(instrument: Instrument, anchor: pd.Timestamp, day: pd.Timestamp) -> Forecast:
    """A forecast of one session, `day`, that says nothing but the anchor's close."""
    from forecasts.models import LEVELS, Forecast, ForecastPoint

    origin = instrument.bars.get(date=anchor.date())
    forecast = Forecast.objects.create(
        instrument=instrument,
        data_revision=instrument.data_revision,
        as_of=origin.date,
        data_as_of=origin.date,
        anchor_close=origin.close,
        split_factor=1.0,
        method="house",
        horizon=1,
        settings={},
        settings_hash="0" * 64,
        model_hash="0" * 64,
        status="succeeded",
    )
    ForecastPoint.objects.create(
        forecast=forecast,
        series="model",
        step=1,
        date=day.date(),
        quantiles=[0.0] * len(LEVELS),
    )
    return forecast


def _seen(
    symbol: str,
    instrument: Instrument,
    forecast: Forecast,
    raw: pd.DataFrame,
    day: pd.Timestamp,
    old: pd.DataFrame,
) -> Replay:
    from forecasts import ingest, presentation

    truth = told_on(raw, day).bars
    stored = instrument.bars.as_frame()
    point = presentation.price_points(forecast)[0]
    log = instrument.restatements.first()
    back = ingest.restored(stored, log) if log else stored[:0]
    change = stored["close"].iloc[-1] / stored["close"].iloc[-2] - 1
    eve_close = truth["close"].iloc[-2]
    returned = truth["adj_close"].iloc[-1] / truth["adj_close"].iloc[-2]
    return Replay(
        symbol=symbol,
        day=day,
        ratio=float(raw.loc[day, "split"]),
        change=float(change),
        revision=instrument.data_revision,
        close_error=_largest(stored["close"], truth["close"]),
        forecast_error=abs(point.median / eve_close - 1),
        actual_error=abs((point.actual or inf) / (eve_close * returned) - 1),
        change_error=abs(change - (truth["close"].iloc[-1] / eve_close - 1)),
        log_error=_largest(back["close"], old["close"].reindex(back.index)),
    )


def _largest(found: pd.Series[float], expected: pd.Series[float]) -> float:
    same_days = len(found) and found.index.equals(expected.index)
    return float((found / expected - 1).abs().max()) if same_days else inf


def replays(panel: pd.DataFrame, source: str = "prompt") -> Iterator[Replay]:
    """Replay every split of a panel; nothing stays in the database."""
    from django.db import transaction

    for symbol, day in splits_of(panel):
        raw = panel[panel["symbol"] == symbol].set_index("date").sort_index().drop(columns="symbol")
        with transaction.atomic():
            seen = replay(symbol, raw, day, source)
            transaction.set_rollback(True)
        yield seen


def main() -> None:
    parser = argparse.ArgumentParser(description="Replay every split of a panel of raw prices.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--symbol", help="of this symbol only")
    parser.add_argument("--source", choices=SOURCES, default=SOURCES[0], help="what it tells of the split")
    options = parser.parse_args()
    panel = read(options.file)
    if options.symbol:
        panel = panel[panel["symbol"] == options.symbol]
    with scratch_site("splits"):
        import django

        django.setup()
        wrong = print_table(panel, options.source)
    raise SystemExit(1 if wrong else 0)


def print_table(panel: pd.DataFrame, source: str) -> int:
    """Replay, print what was seen, and return how many splits left something wrong."""
    print("| symbol | day | new per old | change that day | closes | forecast | actual | log |")
    print("|---|---|---|---|---|---|---|---|")
    wrong = total = 0
    for seen in replays(panel, source):
        total, wrong = total + 1, wrong + (not seen.is_right)
        errors = [seen.close_error, seen.forecast_error, seen.actual_error, seen.log_error]
        cells = " | ".join(f"{error:.0e}" for error in errors)
        print(f"| {seen.symbol} | {seen.day:%Y-%m-%d} | {seen.ratio:g} | {seen.change:+.2%} | {cells} |")
    print(f"\n{total - wrong} of {total} splits leave everything right.")
    return wrong


if __name__ == "__main__":
    main()
