"""What shall be stored, out of a source's answer and what is stored already."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from forecasts import calendars
from forecasts.ingest.finality import settles_at
from forecasts.ingest.restating import PRICES, QUOTES
from forecasts.models import PriceBar

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from forecasts.models import Instrument

State = PriceBar.State


def merged(instrument: Instrument, stored: pd.DataFrame, answer: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Return the answer and those stored bars that it says nothing about; all have a column `state`.

    A provisional bar that the source forgot is kept as repaired once its time is over; one of a session that
    was not over goes then, for nobody knows how the session ended.
    """
    rest = stored.loc[stored.index.difference(answer.index)]
    if rest.empty or not instrument.is_live:
        return _joined(answer, rest)
    open_still = rest["state"].isin((State.UNFINISHED, State.PROVISIONAL))
    days_and_states = zip(rest.index, rest["state"], strict=True)
    rest = rest.assign(state=[_later(instrument, day, state, at) for day, state in days_and_states])
    return _joined(answer, rest[~open_still | (rest["state"] != "")])


def _later(instrument: Instrument, day: pd.Timestamp, state: str, at: datetime) -> str:
    """Return the state at `at` of a bar that was not fetched again; empty if it is of no use any more."""
    session = day.date()
    if state == State.UNFINISHED:
        return "" if calendars.closes_at(instrument.calendar, session) <= at else state
    if state == State.PROVISIONAL and settles_at(instrument.calendar, session) <= at:
        return State.REPAIRED.value
    return state


def replaced(
    instrument: Instrument, stored: pd.DataFrame, answer: pd.DataFrame, at: datetime
) -> pd.DataFrame:
    """Return a whole history, with those sessions that only we have: the source had them and forgot them.

    They are put on the answer's basis, by their nearest neighbour in both, and marked as repaired.
    """
    common = stored.index.intersection(answer.index)
    forgotten = merged(instrument, stored.loc[stored.index.difference(answer.index)], answer[:0], at)
    forgotten = forgotten[
        [
            state != State.UNFINISHED and calendars.is_session(instrument.calendar, day.date())
            for day, state in zip(forgotten.index, forgotten["state"], strict=True)
        ]
    ]
    if forgotten.empty or common.empty:
        return answer
    return _joined(answer, _on_the_basis_of(answer, stored, common, forgotten))


def _on_the_basis_of(
    answer: pd.DataFrame, stored: pd.DataFrame, common: pd.Index[pd.Timestamp], forgotten: pd.DataFrame
) -> pd.DataFrame:
    ratios = answer.loc[common, PRICES] / stored.loc[common, PRICES]
    nearest = ratios.reindex([_neighbour(stored, common, day) for day in forgotten.index])
    rescaled = forgotten.copy()
    for name in QUOTES:
        rescaled[name] *= nearest["close"].to_numpy()
    rescaled["adj_close"] *= nearest["adj_close"].to_numpy()
    settled = rescaled["state"] != State.PROVISIONAL
    return rescaled.assign(state=rescaled["state"].where(~settled, State.REPAIRED.value))


def _neighbour(stored: pd.DataFrame, common: pd.Index[pd.Timestamp], day: pd.Timestamp) -> pd.Timestamp:
    """Return the session before or after `day` from which its stored price differs less.

    Across a split that was stored late the two are on different bases.
    """
    place = int(common.searchsorted(day))
    sides = [common[i] for i in (place - 1, place) if 0 <= i < len(common)]
    closes: dict[Any, float] = stored["close"].reindex([day, *sides]).to_dict()
    return min(sides, key=lambda side: abs(math.log(closes[day] / closes[side])))


def _joined(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return one if other.empty else pd.concat([one, other]).sort_index()
