"""Where a forecast starts from: how much the price moves there, and whether its model knows the like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_engine.domain import covers, regime_of, volatility_of

if TYPE_CHECKING:
    import pandas as pd

    from forecasts.models import Instrument
    from ml_engine.forecaster import Card


@dataclass(frozen=True)
class Anchor:
    """At the last bar: volatility of a session's log return, its third of the instrument's own past."""

    volatility: float
    regime: str
    in_domain: bool


def anchor_of(instrument: Instrument, bars: pd.DataFrame, card: Card) -> Anchor:
    """Look at the last of `bars` as the engine gets them.

    A model from scratch has learned from this very instrument, so it is at home there.
    """
    volatility = volatility_of(bars)
    now = float(volatility[-1])
    alone = card.name == "from-scratch"
    known = covers(card.domain, kind=instrument.kind, exchange=instrument.calendar, volatility=now)
    return Anchor(now, regime_of(volatility), alone or known)
