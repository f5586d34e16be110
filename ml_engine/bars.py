"""What a price history must be: checked, adjusted for dividends, fingerprinted."""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_engine.errors import InvalidBars, InvalidRequest, NotEnoughHistory, UnadjustedSplitWarning
from ml_engine.splits import likely_split

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
# Adjusting rounds prices: a close may lie this far (relative) outside low … high without being wrong.
ROUNDING = 1e-3
# No price of anything lies beyond these, and within them nothing overflows.
SMALLEST_PRICE, LARGEST_PRICE = 1e-100, 1e100
NANOSECONDS = (pd.Timestamp("1678-01-01"), pd.Timestamp("2262-01-01"))


def validate(bars: pd.DataFrame, *, up_to: pd.Timestamp | None = None, minimum: int = 1) -> pd.DataFrame:
    """Return the rows up to and including `up_to` as five float64 columns, or raise `InvalidBars`.

    Rows after `up_to` are never looked at: a forecast must not depend on them, not even by failing. Fewer
    than `minimum` rows raise `NotEnoughHistory`, an unknown `up_to` `InvalidRequest`; a jump that looks
    like an unadjusted split warns.
    """
    past = _rows_up_to(_table(bars), up_to)
    _check_index(past)
    checked = _as_floats(past)
    if len(checked) < minimum:
        raise NotEnoughHistory(minimum, len(checked))
    _check_values(checked)
    if split := likely_split(checked):
        warnings.warn(split, UnadjustedSplitWarning, stacklevel=2)
    return checked


def _table(bars: object) -> pd.DataFrame:
    """`bars` if it is a table with every column once; raises `InvalidBars`."""
    needed = ", ".join(COLUMNS)
    if not isinstance(bars, pd.DataFrame):
        raise InvalidBars("The price history is not a table.", f"Give a pandas DataFrame: {needed} by date.")
    if bars.columns.nlevels > 1:
        raise InvalidBars(
            "The columns have several levels.", "Select one symbol: bars.xs(symbol, axis=1, level=0 or 1)."
        )
    for name in COLUMNS:
        found = int((bars.columns == name).sum())
        if found == 0:
            raise InvalidBars(f"The history lacks the column {name}.", f"Give it the columns {needed}.")
        if found > 1:
            raise InvalidBars(f"The column {name} appears {found} times.", "Keep one of them.")
    return bars


def _rows_up_to(bars: pd.DataFrame, up_to: pd.Timestamp | None) -> pd.DataFrame:
    if not isinstance(bars.index, pd.DatetimeIndex):
        raise InvalidBars("The price history has no dates.", "Index it by date: a pandas DatetimeIndex.")
    if bars.index.tz is not None:
        raise InvalidBars("The dates carry a time zone.", "Remove it: index.tz_localize(None).")
    if up_to is None:
        return bars
    positions = np.flatnonzero(bars.index == up_to)
    if positions.size == 0:
        raise InvalidRequest(f"There is no row for {day(up_to)}.", "Ask for a date of the history.")
    return bars.iloc[: int(positions[-1]) + 1]


def _check_index(bars: pd.DataFrame) -> None:
    dates = pd.DatetimeIndex(bars.index)
    unknown = np.asarray(dates.isna())
    if unknown.any():
        number = int(np.argmax(unknown)) + 1
        raise InvalidBars(f"Row {number} has no date.", "Give every row its date, or remove it.")
    backward = np.flatnonzero(np.diff(dates.to_numpy()) <= np.timedelta64(0))
    if backward.size == 0:
        return
    before, row = dates[backward[0]], dates[backward[0] + 1]
    if row == before:
        raise InvalidBars(f"{day(row)} appears twice.", "Keep one row for each date.", row=row)
    raise InvalidBars(
        f"Dates are not in order: {day(row)} follows {day(before)}.", "Sort the rows by date.", row=row
    )


def _as_floats(bars: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: numbers(bars[name]) for name in COLUMNS}, index=bars.index)


def numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Values (row,) of a column indexed by date, NaN where missing; `InvalidBars` for what is no number."""
    try:
        if not pd.api.types.is_complex_dtype(column):
            with np.errstate(over="ignore"):  # what overflows is refused as not finite
                return np.asarray(column.astype(np.float64), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        pass  # the row is looked for below
    bad = next((place for place, value in enumerate(column) if not _is_number(value)), 0)
    row = pd.DatetimeIndex(column.index)[bad]
    raise InvalidBars(
        f"On {day(row)} {column.name} is not a number: {column.iloc[bad]!r}.",
        "Give every cell a number.",
        row=row,
    )


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _check_values(bars: pd.DataFrame) -> None:
    fill = "Fill in the value or remove the row."
    for name in COLUMNS:
        _refuse(bars, ~np.isfinite(_column(bars, name)), f"{name} is missing or not finite", fill)
    for name in PRICES:
        _check_size(bars, name)
    _refuse(bars, _column(bars, "volume") < 0, "volume is negative", "Use zero where nothing was traded.")
    low, high = _column(bars, "low"), _column(bars, "high")
    _refuse(bars, high < low, "high is below low", "Swap or correct the two values.")
    factor = "Adjust all four prices of a row by the same factor, or correct the row."
    for name in ("open", "close"):
        price = _column(bars, name)
        outside = (price < low * (1 - ROUNDING)) | (price > high * (1 + ROUNDING))
        _refuse(bars, outside, f"{name} is outside low … high", factor)


def _check_size(bars: pd.DataFrame, name: str) -> None:
    price = _column(bars, name)
    remedy = "Prices must be above zero: correct or remove the row."
    _refuse(bars, price <= 0, f"{name} is not positive", remedy)
    absurd = (price < SMALLEST_PRICE) | (price > LARGEST_PRICE)
    problem = f"{name} is outside {SMALLEST_PRICE:g} … {LARGEST_PRICE:g}"
    _refuse(bars, absurd, problem, "Give all prices in another unit, or correct the row.")


def positive(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Values (row,) of a column indexed by date; `InvalidBars` where one is missing or not above zero."""
    values = numbers(column)
    wrong = ~(np.isfinite(values) & (values > 0))
    _refuse(
        column, wrong, f"{column.name} is missing or not positive", "Fill in the value or remove the row."
    )
    return values


def _refuse(bars: pd.DataFrame | pd.Series[Any], wrong: NDArray[np.bool_], problem: str, remedy: str) -> None:
    """Raise for the first row where `wrong` (row,) holds."""
    if wrong.any():
        row = pd.DatetimeIndex(bars.index)[int(np.argmax(wrong))]
        raise InvalidBars(f"On {day(row)} {problem}.", remedy, row=row)


def _column(bars: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return bars[name].to_numpy(dtype=np.float64)


def day(date: pd.Timestamp) -> str:
    """The date, with the time of day where there is one."""
    return f"{date:%Y-%m-%d}" if date == date.normalize() else f"{date:%Y-%m-%d %H:%M:%S}"


def adjust_for_dividends(bars: pd.DataFrame) -> pd.DataFrame:
    """Multiply split-adjusted OHLC by adj_close/close; volume stays. Needs the column `adj_close`."""
    factor = bars["adj_close"] / bars["close"]
    adjusted = bars[list(PRICES)].mul(factor, axis=0)
    return adjusted.assign(volume=bars["volume"].astype(np.float64))


def content_hash(bars: pd.DataFrame) -> str:
    """sha256 of the dates (nanoseconds) and the five columns (float64, little-endian), as hex."""
    dates = pd.DatetimeIndex(bars.index)
    # Nanoseconds reach from 1677 to 2262; a history beyond, a made-up one, is told by its microseconds.
    representable = len(dates) == 0 or (dates.min() >= NANOSECONDS[0] and dates.max() <= NANOSECONDS[1])
    moments = dates.as_unit("ns" if representable else "us").asi8.astype("<i8")
    values = bars[list(COLUMNS)].to_numpy(dtype="<f8")
    return hashlib.sha256(moments.tobytes() + np.ascontiguousarray(values).tobytes()).hexdigest()
