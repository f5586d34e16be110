"""Mending errors of a source that no market can have printed; what might be a crash or a jump is left alone.

Each needs two things that agree: a price a hundred times off and back within days, or a split that the source
itself tells and a gap of that very size on its day. What is mended is marked and logged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from forecasts.market_data.cleaning import PRICES, report

if TYPE_CHECKING:
    import pandas as pd

    from forecasts.market_data.base import Action, History

UNIT = math.log(100)
# As logs: how far a price may move besides while its unit changes.
UNIT_TOLERANCE = math.log(1.25)
LONGEST_MIX_UP = 10
# Currencies that are quoted in hundredths on some days and whole on others.
MIXED_CURRENCIES = {"GBP", "GBp", "GBX", "ZAR", "ZAc", "ZAC", "ILS", "ILA"}
# Cheaper things move by ticks that are large beside them, up a hundredfold and back.
CHEAP = 0.05
# Splits this large are told from units by nothing but their announcement.
LARGE_SPLIT = math.log(20)

# Smaller splits leave no gap that could be told from a day's news.
SMALL_SPLIT = math.log(1.25)
GAP_TOLERANCE = 0.25  # of the split's log, and at most this
UNUSUAL = 6.0  # the gap, in usual moves
AROUND_SESSIONS = 30
# Volume is told to be unadjusted by the medians of these many sessions, for large splits only.
VOLUME_SESSIONS, VOLUME_SPLIT, VOLUME_TOLERANCE = 20, math.log(4), 0.35


def mended(symbol: str, history: History, before: pd.DataFrame | None = None) -> History:
    """Return the history put right; `before` are bars of earlier sessions that show what was usual."""
    import pandas as pd

    given = history.bars
    marks = given["repaired"].astype(bool) if "repaired" in given else pd.Series(False, index=given.index)
    bars = given.drop(columns="repaired", errors="ignore")
    if before is not None and len(before):
        bars = pd.concat([before[before.index < bars.index[0]], bars])
    splits = [action for action in history.actions if action.kind == "split"]
    repaired = _in_one_unit(symbol, bars, splits, str(history.about.get("currency", "")))
    for split in sorted(splits, key=lambda split: split.date, reverse=True):
        repaired = _adjusted(symbol, repaired, split)
    kept = repaired.loc[given.index]
    touched = (kept != bars.loc[given.index]).any(axis=1)
    return replace(history, bars=kept.assign(repaired=marks | touched))


# Units --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """Rows from `start` up to `end` whose prices are `factor` times what they should be."""

    start: int
    end: int
    factor: float


def _in_one_unit(symbol: str, bars: pd.DataFrame, splits: list[Action], currency: str) -> pd.DataFrame:
    """Put right up to ten sessions in a row whose prices are a hundred times too high or too low."""
    if any(abs(math.log(split.value)) > LARGE_SPLIT for split in splits):
        return bars
    runs = _mix_ups(bars["close"].to_list(), is_mixed=currency in MIXED_CURRENCIES)
    for run in runs:
        rows = bars.index[run.start : run.end]
        bars = bars.copy()
        bars.loc[rows, PRICES] = bars.loc[rows, PRICES] / run.factor
        report(symbol, rows, "repaired: their prices were in another unit of the currency")
    return bars


def _mix_ups(closes: list[float], *, is_mixed: bool) -> list[_Run]:
    """Find the runs; one that has not ended yet counts only for currencies that are known for them."""
    steps = [math.log(close / last) for last, close in pairwise(closes)]
    jumps = [row for row, step in enumerate(steps, 1) if abs(abs(step) - UNIT) < UNIT_TOLERANCE]
    runs: list[_Run] = []
    for row in jumps:
        if runs and row <= runs[-1].end:
            continue  # the way back
        up = steps[row - 1] > 0
        back = [other for other in jumps if other > row and (steps[other - 1] > 0) != up]
        end = back[0] if back else len(closes) if is_mixed else None
        cheapest = CHEAP / 100 if is_mixed else CHEAP
        if end and end - row <= LONGEST_MIX_UP and min(closes[row - 1], closes[row]) >= cheapest:
            runs.append(_Run(row, end, 100.0 if up else 0.01))
    return runs


# Splits -------------------------------------------------------------------------------------------------


def _adjusted(symbol: str, bars: pd.DataFrame, split: Action) -> pd.DataFrame:
    """Adjust for a split what lies before it and was not, prices or volume alone."""
    row = int(bars.index.searchsorted(_stamp(split.date)))
    if not 0 < row < len(bars) or abs(math.log(split.value)) < SMALL_SPLIT:
        return bars
    if _has_gap(bars, row, split.value):
        start = _where_it_begins(bars, row, split.value)
        rows = bars.index[start:row]
        bars = bars.copy()
        bars.loc[rows, PRICES] = bars.loc[rows, PRICES] / split.value
        if not _volume_is_adjusted(bars[start:], row - start, split.value):
            bars.loc[rows, "volume"] = bars.loc[rows, "volume"] * split.value
        report(symbol, rows, f"repaired: adjusted for the split of {split.date}")
    elif _has_volume_gap(bars, row, split.value):
        rows = bars.index[:row]
        bars = bars.copy()
        bars.loc[rows, "volume"] = bars.loc[rows, "volume"] * split.value
        report(symbol, rows, f"repaired: volume adjusted for the split of {split.date}")
    return bars


def _stamp(day: date) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(day)


def _has_gap(bars: pd.DataFrame, row: int, ratio: float) -> bool:
    """Whether open and close of the split's day lie where an unadjusted past would have them."""
    before = bars["close"].iloc[row - 1]
    gaps = [math.log(bars[name].iloc[row] / before) for name in ("open", "close")]
    size = abs(math.log(ratio))
    fits = all(abs(gap + math.log(ratio)) < GAP_TOLERANCE * min(size, 1.0) for gap in gaps)
    return fits and size > UNUSUAL * _usual_move(bars, row)


def _usual_move(bars: pd.DataFrame, row: int) -> float:
    """Return the median absolute log return around a row, without its own."""
    import numpy as np

    moves = np.abs(np.diff(np.log(bars["close"].to_numpy())))
    around = np.delete(moves, row - 1)[max(row - AROUND_SESSIONS, 0) : row + AROUND_SESSIONS]
    return float(np.median(around)) if len(around) else 0.0


def _where_it_begins(bars: pd.DataFrame, row: int, ratio: float) -> int:
    """Return the first row that was not adjusted: sources may leave out the last days before a split only."""
    closes = bars["close"].to_list()
    for start in range(row - 1, max(row - AROUND_SESSIONS, 0), -1):
        step = math.log(closes[start] / closes[start - 1])
        if abs(step - math.log(ratio)) < GAP_TOLERANCE * min(abs(math.log(ratio)), 1.0):
            return start
    return 0


def _volume_step(bars: pd.DataFrame, row: int) -> float | None:
    """Return the log of the usual volume from a row on over that before; None where there is too little."""
    before = bars["volume"].iloc[max(row - VOLUME_SESSIONS, 0) : row]
    after = bars["volume"].iloc[row : row + VOLUME_SESSIONS]
    usual = (float(before.median()), float(after.median())) if len(before) and len(after) else (0.0, 0.0)
    return math.log(usual[1] / usual[0]) if min(usual) > 0 else None


def _volume_is_adjusted(bars: pd.DataFrame, row: int, ratio: float) -> bool:
    """Whether volume is clearly smoother across the split's day as it is than multiplied."""
    step, size = _volume_step(bars, row), math.log(ratio)
    return step is not None and abs(step) + abs(size) / 2 < abs(step - size)


def _has_volume_gap(bars: pd.DataFrame, row: int, ratio: float) -> bool:
    step, size = _volume_step(bars, row), math.log(ratio)
    enough = min(row, len(bars) - row) >= VOLUME_SESSIONS
    return enough and step is not None and abs(size) >= VOLUME_SPLIT and abs(step - size) < VOLUME_TOLERANCE
