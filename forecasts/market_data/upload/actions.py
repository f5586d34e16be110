"""Splits and dividends that a file tells, and prices on the share basis of its last day."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from forecasts.market_data.base import Action
from forecasts.market_data.upload.base import Unreadable
from forecasts.market_data.upload.numbers import number_in

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from forecasts.market_data.upload.base import Decimal

# The lines between the days in a table copied from Yahoo's pages: "0.24 Dividend", "4:1 Stock Splits".
NUMBER = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]+(?:[.,][0-9]+)?)"
)
EVENT = re.compile(
    rf"(?P<value>{NUMBER})(?:\s*[:/]\s*(?P<per>(?=[0.,]*[1-9]){NUMBER}))?\s*(?P<kind>dividend|stock splits?)",
    re.IGNORECASE,
)
PER_SHARE = ("open", "high", "low", "close")
# Splits that move prices less than this in all are lost among the prices' own moves.
TELLING = 0.4


def event_in(cell: str, decimal: Decimal = ".") -> tuple[str, float] | None:
    """Return the kind and value of a line that tells a dividend or a split, None for other cells."""
    told = EVENT.fullmatch(cell)
    if told is None:
        return None
    value = number_in(told["value"], decimal)
    if told["kind"].lower() == "dividend":
        return "dividend", value
    per = number_in(told["per"] or "1", decimal)
    return ("split", value / per) if per > 0 else None


def are_as_traded(bars: pd.DataFrame, splits: list[Action], *, unless_told: bool) -> bool:
    """Whether closes fall on the days of splits by as much as the splits explain.

    `unless_told` is the answer where no split, or none of some size, lies within the bars.
    """
    import numpy as np

    closes = np.log(bars["close"].to_numpy())
    at = bars.index.searchsorted([np.datetime64(split.date) for split in splits])
    ratios = np.log([split.value for split in splits])
    inside = (at > 0) & (at < len(closes))
    falls = closes[at[inside] - 1] - closes[at[inside]]
    if unless_told and np.abs(ratios[inside]).sum() < TELLING:
        return True
    return bool(np.abs(falls - ratios[inside]).sum() < np.abs(falls).sum())


def adjusted_for_splits(bars: pd.DataFrame, splits: list[Action]) -> pd.DataFrame:
    """Put prices and volume as traded on the last day's share basis; a file's adj_close has it already."""
    later = _later(bars.index, splits)
    adjusted = bars.assign(volume=bars["volume"] * later, **{name: bars[name] / later for name in PER_SHARE})
    if not adjusted[[*PER_SHARE, "volume"]].lt(float("inf")).all(axis=None) or adjusted[[*PER_SHARE]].le(
        0
    ).any(axis=None):
        raise Unreadable(
            "The splits in the file multiply to an impossible number. Check its column of splits."
        )
    return adjusted


def as_paid(dividends: list[Action], splits: list[Action]) -> list[Action]:
    """Undo the splits after each dividend, for files that give them on today's share basis."""
    import pandas as pd

    days = pd.DatetimeIndex([dividend.date for dividend in dividends])
    later = _later(days, splits)
    return [
        Action(dividend.date, dividend.kind, dividend.value * float(factor))
        for dividend, factor in zip(dividends, later, strict=True)
    ]


def from_column(days: NDArray[np.datetime64], values: NDArray[np.float64], kind: str) -> list[Action]:
    """Return the events of a column; zero is none, and so is a split of one share into one."""
    import numpy as np

    happened = (values > 0) & (values < np.inf) & ~np.isnat(days) & ~((kind == "split") & (values == 1))
    return [
        Action(day, kind, float(value))
        for day, value in zip(_dates(days[happened]), values[happened], strict=True)
    ]


def _dates(days: NDArray[np.datetime64]) -> list[date]:
    return [date.fromisoformat(str(day)) for day in days]


def _later(days: pd.Index[pd.Timestamp], splits: list[Action]) -> NDArray[np.float64]:
    """Return for each day the product of the splits after it."""
    import numpy as np

    rising = sorted(splits, key=lambda split: split.date)
    from_here_on = np.cumprod([1.0, *(split.value for split in reversed(rising))])[::-1]
    first_later = np.searchsorted(
        np.array([split.date for split in rising], dtype="datetime64[D]"),
        days.to_numpy().astype("datetime64[D]"),
        side="right",
    )
    later: NDArray[np.float64] = from_here_on[first_later].astype("float64")
    return later
