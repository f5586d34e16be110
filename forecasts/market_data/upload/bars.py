"""From a sheet's good rows to bars by rising day on one share basis, with splits and dividends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasts.market_data.cleaning import PRICES
from forecasts.market_data.upload import actions
from forecasts.market_data.upload.base import some
from forecasts.market_data.upload.dates import read_dates

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from forecasts.market_data.base import Action
    from forecasts.market_data.upload.sheet import Sheet

# Without splits of its own, a file whose close falls or rises so much in a day may be unadjusted.
SUSPICIOUS = 1.9
# Between two days dividends never move the adjusted close so much against the close, nor in all so far.
LARGEST_STEP = 2
FARTHEST = 1000


def history(
    sheet: Sheet, good: NDArray[np.bool_], *, as_traded: bool
) -> tuple[pd.DataFrame, list[Action], list[str]]:
    """Return bars, actions and notes; `as_traded`: the format's prices are, unless they show otherwise."""
    bars, notes = _bars(sheet, good)
    splits, dividends = _events(sheet, "split"), _events(sheet, "dividend")
    if splits and actions.are_as_traded(bars, splits, unless_told=as_traded):
        bars = actions.adjusted_for_splits(bars, splits)
        notes.append(f"Prices were not adjusted for splits: {_count(splits, 'split')} applied.")
    else:
        dividends = actions.as_paid(dividends, splits)
        notes += [f"Prices are adjusted for {_count(splits, 'split')} already."] if splits else _jumps(bars)
    notes += [f"{_count(dividends, 'dividend')} found."] if dividends else []
    if "adj_close" in bars:
        notes += _departures(bars)
    else:  # after the splits, which the close may not have had
        bars.insert(PRICES.index("adj_close"), "adj_close", bars["close"])
    return bars, sorted([*splits, *dividends], key=lambda action: action.date), notes


def _count(found: list[Action], what: str) -> str:
    return f"{len(found):,} {what}{'s' if len(found) > 1 else ''}"


def _bars(sheet: Sheet, good: NDArray[np.bool_]) -> tuple[pd.DataFrame, list[str]]:
    import pandas as pd

    notes = []
    index = pd.DatetimeIndex(sheet.dates.days[good], name="date").as_unit("us")
    frame = pd.DataFrame(
        {role: sheet.values[role][good] for role in sheet.values if role not in ("split", "dividend")},
        index=index,
    )
    if "adj_close" not in frame:
        notes.append(
            "There is no adjusted close: taken as the close, so that returns do not count dividends."
        )
    if "volume" not in frame:
        frame["volume"] = 0.0
        notes.append("There is no volume: taken as 0.")
    empty = frame["volume"].isna().sum()
    if empty:
        notes.append(f"{empty:,} rows have no volume: taken as 0.")
    if not index.is_monotonic_increasing:
        notes.append(
            "Rows are put in order of their dates."
            if not index.is_monotonic_decreasing
            else "Rows come newest first: turned round."
        )
    order = [name for name in (*PRICES, "volume") if name in frame]
    frame = frame[order].fillna(0.0).sort_index()
    return _widened(frame, notes), notes


def _widened(bars: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Where open or close overshoot slightly, high and low are widened to them, as for other sources."""
    body = bars[["open", "high", "low", "close"]]
    wide = bars.assign(high=body.max(axis=1), low=body.min(axis=1))
    touched = (wide[["high", "low"]] != bars[["high", "low"]]).any(axis=1)
    if touched.any():
        days = some([f"{day:%Y-%m-%d}" for day in bars.index[touched]])
        notes.append(
            f"On {int(touched.sum()):,} days open or close lay slightly outside low to high, "
            f"which are widened: {days}."
        )
    return wide


def _events(sheet: Sheet, kind: str) -> list[Action]:
    """Return the events of the column and of the lines between the days, also on days with bad prices."""
    found = actions.from_column(sheet.dates.days, sheet.values[kind], kind) if kind in sheet.values else []
    lines = [(cell, value) for cell, event, value in sheet.events if event == kind]
    if lines:
        import numpy as np

        days = read_dates([cell for cell, _ in lines], sheet.dates.order).days
        found += actions.from_column(days, np.array([value for _, value in lines]), kind)
    return found


def _departures(bars: pd.DataFrame) -> list[str]:
    """Say where the adjusted close leaves the close as dividends do not make it."""
    import numpy as np

    apart = np.log(bars["adj_close"].to_numpy() / bars["close"].to_numpy())
    wrong = abs(np.diff(apart, prepend=apart[:1])) > np.log(LARGEST_STEP)
    # Early prices may be adjusted by much; the last has few dividends after it.
    wrong[-1] |= abs(apart[-1]) > np.log(FARTHEST)
    if not wrong.any():
        return []
    when = some([f"{day:%Y-%m-%d}" for day in bars.index[wrong]])
    return [
        "The adjusted close is far from the close, or moves against it by half within a day; check the "
        f"file: {when}."
    ]


def _jumps(bars: pd.DataFrame) -> list[str]:
    """Say where the close moves as it would at a split that the file does not tell."""
    ratio = bars["close"] / bars["close"].shift()
    days = ratio.index[(ratio > SUSPICIOUS) | (ratio < 1 / SUSPICIOUS)]
    if days.empty:
        return []
    when = some([f"{day:%Y-%m-%d}" for day in days])
    return [
        f"The close nearly halves or doubles within a day: {when}. If that is a split, upload prices "
        "adjusted for splits."
    ]
