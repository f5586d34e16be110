"""What a model has learned from, and whether an instrument is of that sort: kind, exchange, volatility."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ml_engine.quantiles import MIN_HISTORY, FloatArray
from ml_engine.volatility import ewma_volatility, moves

# What the shipped models have learned from: US stocks and funds, on the calendar of New York.
KINDS, EXCHANGES = ("equity", "etf"), ("XNYS",)
# Of the volatilities seen in training: outside these a model has next to nothing to go by.
LOWEST, HIGHEST = 0.005, 0.995
# Sessions that a volatility is set beside, and how few of them say nothing.
REGIME_SESSIONS, REGIME_FEWEST = 1000, 250

Regime = Literal["", "calm", "normal", "wild"]


def volatility_of(bars: pd.DataFrame) -> FloatArray:
    """EWMA volatility (row,) of a session's log return, as known after each session of valid `bars`."""
    return ewma_volatility(moves(bars).total)


def domain_of(
    histories: Iterable[pd.DataFrame], kinds: Sequence[str] = KINDS, exchanges: Sequence[str] = EXCHANGES
) -> dict[str, Any]:
    """A card's domain: kinds, exchanges (calendar names), and the range of volatility seen in training.

    The range holds 99 % of the rows from which a model learns to forecast, those with 250 rows of history, of
    all valid `histories` together.
    """
    seen = np.concatenate([volatility_of(bars)[MIN_HISTORY - 1 :] for bars in histories])
    low, high = np.quantile(seen, (LOWEST, HIGHEST))
    return {
        "kinds": list(kinds),
        "exchanges": list(exchanges),
        "volatility": [round(float(low), 6), round(float(high), 6)],
    }


def covers(domain: dict[str, Any] | None, *, kind: str, exchange: str, volatility: float) -> bool:
    """Whether an instrument at a moment is of the sort that a model has learned from.

    A card of before domains were kept names none, and covers nothing.
    """
    if domain is None:
        return False
    low, high = domain["volatility"]
    known = kind in domain["kinds"] and exchange in domain["exchanges"]
    return bool(known and low <= volatility <= high)


def regime_of(volatility: FloatArray) -> Regime:
    """Third of its own past that the last of `volatility` (row,) lies in; empty where the past is short.

    The past is up to 1,000 sessions before the last, so it is causal; ties count half.
    """
    past = volatility[-1 - REGIME_SESSIONS : -1]
    if len(past) < REGIME_FEWEST:
        return ""
    rank = float(np.mean(past < volatility[-1]) + np.mean(past == volatility[-1]) / 2)
    return "calm" if rank < 1 / 3 else "wild" if rank > 2 / 3 else "normal"
