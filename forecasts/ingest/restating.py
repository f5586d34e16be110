"""What changed of prices that were stored as closed, told so that they can be had back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from forecasts.models import BAR_COLUMNS, Instrument, Restatement

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from forecasts.models.bars import Restatement as Row

# Relative; sources round to a few digits, and restatements are larger.
TOLERANCE = 1e-4
QUOTES = ["open", "high", "low", "close"]
PRICES = [*QUOTES, "adj_close"]


@dataclass(frozen=True)
class Change:
    """As a Restatement has it: see there."""

    first_session: date
    last_session: date
    sessions: int
    price_factor: float
    adjusted_factor: float
    before: list[list[Any]]


def changed(old: pd.DataFrame, new: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the rows (row,) of two frames with the same index whose prices differ by more than TOLERANCE."""
    differ = abs(new[PRICES].to_numpy() / old[PRICES].to_numpy() - 1) > TOLERANCE
    marked: NDArray[np.bool_] = differ.any(axis=1)
    return marked


def change_of(old: pd.DataFrame, new: pd.DataFrame) -> Change | None:
    """Return what became of the closed bars `old` in `new`: restated, or gone; None if nothing did."""
    common = old.index.intersection(new.index)
    differing = common[changed(old.loc[common], new.loc[common])]
    gone = old.index.difference(new.index)
    touched = differing.union(gone)
    if touched.empty:
        return None
    span = common[(common >= touched[0]) & (common <= touched[-1])]
    ratios = new.loc[span, PRICES] / old.loc[span, PRICES]
    factor, adjusted = _factor(ratios["close"]), _factor(ratios["adj_close"])
    expected = old.loc[span, PRICES] * [*[factor] * len(QUOTES), adjusted]
    off = span[changed(expected, new.loc[span])].union(gone)
    return Change(
        first_session=touched[0].date(),
        last_session=touched[-1].date(),
        sessions=len(touched),
        price_factor=factor,
        adjusted_factor=adjusted,
        before=[
            [f"{day:%Y-%m-%d}", *row]
            for day, row in zip(off, old.loc[off, list(BAR_COLUMNS)].to_numpy().tolist(), strict=True)
        ],
    )


def _factor(ratios: pd.Series[float]) -> float:
    factor = float(ratios.quantile(0.5, interpolation="lower")) if len(ratios) else 1.0
    return factor if abs(factor - 1) > TOLERANCE else 1.0


def log(instrument: Instrument, reason: str, change: Change) -> None:
    """Write down why an instrument's `data_revision` has risen to what it is."""
    Restatement.objects.create(
        instrument=instrument, revision=instrument.data_revision, reason=reason, **asdict(change)
    )


def restored(bars: pd.DataFrame, restatement: Row) -> pd.DataFrame:
    """Return the prices of before a restatement from those of its revision, within TOLERANCE.

    Both are as `as_frame` returns them; only sessions from the first to the last that changed are returned.
    Sessions that it added cannot be told from the others, and volumes are as they are now.
    """
    import pandas as pd

    span = bars.loc[f"{restatement.first_session}" : f"{restatement.last_session}", list(BAR_COLUMNS)].copy()
    span[QUOTES] /= restatement.price_factor
    span["adj_close"] /= restatement.adjusted_factor
    for day, *values in restatement.before:
        span.loc[pd.Timestamp(day)] = values
    return span.sort_index()
