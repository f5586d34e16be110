"""What a price history must be: checked, adjusted for dividends, fingerprinted."""

from __future__ import annotations

import hashlib
import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_engine.errors import InvalidBars, InvalidRequest, NotEnoughHistory, UnadjustedSplitWarning

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
# Adjusting rounds prices: a close may lie this far (relative) outside low … high without being wrong.
ROUNDING = 1e-3
# Splits happen at simple ratios; an overnight move within 3 % of one of these deserves a warning.
SPLIT_RATIOS = np.array([2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 50.0])
SPLIT_TOLERANCE = 0.03


def validate(bars: pd.DataFrame, *, up_to: pd.Timestamp | None = None, minimum: int = 1) -> pd.DataFrame:
    """Return the rows up to and including `up_to` as five float64 columns, or raise `InvalidBars`.

    Rows after `up_to` are never looked at: a forecast must not depend on them, not even by failing. Fewer
    than `minimum` rows raise `NotEnoughHistory`, an unknown `up_to` `InvalidRequest`; a jump that looks
    like an unadjusted split warns.
    """
    past = _rows_up_to(bars, up_to)
    _check_index(past)
    checked = _as_floats(past)
    if len(checked) < minimum:
        raise NotEnoughHistory(minimum, len(checked))
    _check_values(checked)
    _warn_of_splits(checked)
    return checked


def _rows_up_to(bars: pd.DataFrame, up_to: pd.Timestamp | None) -> pd.DataFrame:
    if not isinstance(bars.index, pd.DatetimeIndex):
        raise InvalidBars("The price history has no dates.", "Index it by date: a pandas DatetimeIndex.")
    if bars.index.tz is not None:
        raise InvalidBars("The dates carry a time zone.", "Remove it: index.tz_localize(None).")
    if up_to is None:
        return bars
    positions = np.flatnonzero(bars.index == up_to)
    if positions.size == 0:
        raise InvalidRequest(f"There is no row for {_day(up_to)}.", "Ask for a date of the history.")
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
        raise InvalidBars(f"{_day(row)} appears twice.", "Keep one row for each date.", row=row)
    raise InvalidBars(
        f"Dates are not in order: {_day(row)} follows {_day(before)}.", "Sort the rows by date.", row=row
    )


def _as_floats(bars: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in COLUMNS if name not in bars.columns]
    if missing:
        raise InvalidBars(
            f"The history lacks the column {missing[0]}.", f"Give it the columns {', '.join(COLUMNS)}."
        )
    try:
        return bars[list(COLUMNS)].astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidBars(f"Some value is not a number: {error}.", "Give every cell a number.") from error


def _check_values(bars: pd.DataFrame) -> None:
    for name in COLUMNS:
        _refuse(
            bars,
            ~np.isfinite(_column(bars, name)),
            f"{name} is missing or not finite",
            "Fill in the value or remove the row.",
        )
    for name in PRICES:
        _refuse(
            bars,
            _column(bars, name) <= 0,
            f"{name} is not positive",
            "Prices must be above zero: correct or remove the row.",
        )
    _refuse(bars, _column(bars, "volume") < 0, "volume is negative", "Use zero where nothing was traded.")
    low, high = _column(bars, "low"), _column(bars, "high")
    _refuse(bars, high < low, "high is below low", "Swap or correct the two values.")
    for name in ("open", "close"):
        price = _column(bars, name)
        outside = (price < low * (1 - ROUNDING)) | (price > high * (1 + ROUNDING))
        _refuse(
            bars,
            outside,
            f"{name} is outside low … high",
            "Adjust all four prices of a row by the same factor, or correct the row.",
        )


def _refuse(bars: pd.DataFrame, wrong: NDArray[np.bool_], problem: str, remedy: str) -> None:
    """Raise for the first row where `wrong` (row,) holds."""
    if wrong.any():
        row = pd.DatetimeIndex(bars.index)[int(np.argmax(wrong))]
        raise InvalidBars(f"On {_day(row)} {problem}.", remedy, row=row)


def _warn_of_splits(bars: pd.DataFrame) -> None:
    close, opened = _column(bars, "close"), _column(bars, "open")
    jump = np.exp(np.abs(np.log(opened[1:] / close[:-1])))
    near = np.abs(jump[:, None] / SPLIT_RATIOS - 1).min(axis=1, initial=np.inf) < SPLIT_TOLERANCE
    if near.any():
        first = int(np.argmax(near))
        day = _day(pd.DatetimeIndex(bars.index)[first + 1])
        warnings.warn(
            f"The price changed {jump[first]:.1f}-fold into {day}: was it adjusted for a split?",
            UnadjustedSplitWarning,
            stacklevel=3,
        )


def _column(bars: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return bars[name].to_numpy(dtype=np.float64)


def _day(date: pd.Timestamp) -> str:
    return f"{date:%Y-%m-%d}"


def adjust_for_dividends(bars: pd.DataFrame) -> pd.DataFrame:
    """Multiply split-adjusted OHLC by adj_close/close; volume stays. Needs the column `adj_close`."""
    factor = bars["adj_close"] / bars["close"]
    adjusted = bars[list(PRICES)].mul(factor, axis=0)
    return adjusted.assign(volume=bars["volume"].astype(np.float64))


def content_hash(bars: pd.DataFrame) -> str:
    """sha256 of the dates (nanoseconds) and the five columns (float64, little-endian), as hex."""
    dates = pd.DatetimeIndex(bars.index).as_unit("ns").asi8.astype("<i8")
    values = bars[list(COLUMNS)].to_numpy(dtype="<f8")
    return hashlib.sha256(dates.tobytes() + np.ascontiguousarray(values).tobytes()).hexdigest()
