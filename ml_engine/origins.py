"""Which origins a call asks for, and the valid history behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_engine.bars import day, validate
from ml_engine.errors import InvalidRequest, NotEnoughHistory
from ml_engine.quantiles import MAX_HORIZON, MIN_HISTORY


@dataclass(frozen=True)
class Question:
    """A checked call of `predict`: the history up to its last origin, and where the origins are in it."""

    bars: pd.DataFrame  # valid, ends at the last origin
    dates: pd.DatetimeIndex  # (origin,) in the order asked
    rows: NDArray[np.int64]  # (origin,) positions in `bars`


def check(bars: pd.DataFrame, origins: pd.DatetimeIndex | None, horizon: int) -> Question:
    """Validate `bars` up to the last origin (default: the last row).

    Raises `InvalidBars`, `NotEnoughHistory` (fewer than 250 rows up to an origin) or `InvalidRequest`.
    """
    _check_horizon(horizon)
    if origins is None:
        past = validate(bars, minimum=MIN_HISTORY)
        return Question(past, pd.DatetimeIndex(past.index[-1:]), np.array([len(past) - 1]))
    dates = _dates(origins)
    past = validate(bars, up_to=dates.max())
    rows = np.asarray(past.index.get_indexer(dates), dtype=np.int64)
    if (rows < 0).any():
        missing = dates[int(np.argmax(rows < 0))]
        raise InvalidRequest(f"There is no row for {day(missing)}.", "Ask for a date of the history.")
    if int(rows.min()) + 1 < MIN_HISTORY:
        raise NotEnoughHistory(MIN_HISTORY, int(rows.min()) + 1)
    return Question(past, dates, rows)


def _check_horizon(horizon: object) -> None:
    whole = isinstance(horizon, int | np.integer) and not isinstance(horizon, bool)
    if not whole or horizon not in range(1, MAX_HORIZON + 1):
        remedy = f"Choose one from 1 to {MAX_HORIZON}, a whole number."
        raise InvalidRequest(f"The horizon is {horizon!r} sessions.", remedy)


def _dates(origins: Any) -> pd.DatetimeIndex:
    """The origins as dates; raises `InvalidRequest` where they are none."""
    remedy = "Ask for dates of the history: a pandas DatetimeIndex without time zone."
    try:
        dates = pd.DatetimeIndex(origins)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidRequest(f"The origins are not dates: {error}.", remedy) from error
    if dates.tz is not None:
        raise InvalidRequest("The origins carry a time zone.", remedy)
    if len(dates) == 0 or dates.hasnans:
        raise InvalidRequest("No origin was given, or one without a date.", remedy)
    return dates
