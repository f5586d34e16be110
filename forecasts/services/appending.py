"""What appending a file to an upload adds: newer sessions, where the two agree on those they share."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from forecasts.errors import RequestRefused
from forecasts.ingest.restating import TOLERANCE
from forecasts.market_data.base import History
from forecasts.models import CorporateAction

if TYPE_CHECKING:
    import pandas as pd

    from forecasts.market_data.base import Action
    from forecasts.market_data.upload import Reading
    from forecasts.models import Instrument

# Volume is left out: exchanges count it up for days.
PRICES = ["open", "high", "low", "close", "adj_close"]
DAYS_NAMED = 3


def count_of(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def newer_part(instrument: Instrument, reading: Reading) -> History:
    """Return what lies after the stored history; refused (not_appended) where the two disagree."""
    stored = instrument.bars.all().as_frame()
    last = stored.index[-1]
    common = reading.bars.index.intersection(stored.index)
    if common.empty:
        raise _not_appended(
            f"Cannot append: this file shares no session with {instrument.symbol}, so nothing shows that "
            f"both are of one kind. Include the last stored session, {last:%Y-%m-%d}, or replace the history."
        )
    _refuse_disagreement(instrument, stored.loc[common], reading.bars.loc[common])
    bars = reading.bars[reading.bars.index > last]
    if bars.empty:
        raise _not_appended(
            f"This file has nothing after {last:%Y-%m-%d}, the last session of {instrument.symbol}."
        )
    actions = [action for action in reading.actions if action.date > last.date()]
    _refuse_rebasing(instrument, actions)
    return History(bars, actions)


def _not_appended(message: str) -> RequestRefused:
    return RequestRefused(message, code="not_appended", field="mode")


def _refuse_disagreement(instrument: Instrument, stored: pd.DataFrame, given: pd.DataFrame) -> None:
    differs = ((given[PRICES] / stored[PRICES] - 1).abs() > TOLERANCE).any(axis=1)
    here, there = stored.loc[differs, PRICES], given.loc[differs, PRICES]
    if len(here):
        rows = zip(here.index, here.to_numpy().tolist(), there.to_numpy().tolist(), strict=True)
        named = "; ".join(_difference(day, old, new) for day, old, new in islice(rows, DAYS_NAMED))
        raise _not_appended(
            f"Cannot append: on {count_of(len(here), 'day')} this file's prices are not those of "
            f"{instrument.symbol} ({named}). Replace the history if the file is right."
        )


def _difference(day: pd.Timestamp, old: list[float], new: list[float]) -> str:
    columns = zip(PRICES, old, new, strict=True)
    name, was, now = next(row for row in columns if abs(row[2] / row[1] - 1) > TOLERANCE)
    return f"{day:%Y-%m-%d}: {name} {now:.10g}, here {was:.10g}"


def _refuse_rebasing(instrument: Instrument, actions: list[Action]) -> None:
    """A split among the new sessions rescales the old ones, which appending leaves alone.

    A dividend does so too, but then the shared sessions have told.
    """
    if any(action.kind == CorporateAction.Kind.SPLIT for action in actions):
        raise _not_appended(
            f"Cannot append: a split among the new sessions changes the earlier prices of "
            f"{instrument.symbol}. Upload the whole history and replace it."
        )
