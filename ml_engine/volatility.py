"""How much a price moves: close-to-close and range-based variances, all causal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_engine.moving import ewma, lag
from ml_engine.quantiles import FloatArray

RISKMETRICS_DECAY = 0.94  # J.P. Morgan, RiskMetrics Technical Document, 1996
# One part in 100,000 a session: a constant price still has a scale to divide by.
FLOOR = 1e-5


@dataclass(frozen=True)
class Moves:
    """The log moves of each session, (row,) each; zero where the first row has no session before it."""

    close: FloatArray  # log of the close
    total: FloatArray  # close to close
    overnight: FloatArray  # close to open
    intraday: FloatArray  # open to close
    range_variance: FloatArray  # overnight² + Garman-Klass
    high_low: FloatArray  # low to high


def moves(bars: pd.DataFrame) -> Moves:
    """Split each session's move in its parts.

    Garman and Klass (Journal of Business, 1980): ½ ln(H/L)² - (2 ln 2 - 1) ln(C/O)².
    """
    logs = {name: np.log(bars[name].to_numpy(np.float64)) for name in ("open", "high", "low", "close")}
    before = np.concatenate([logs["close"][:1], logs["close"][:-1]])
    overnight = logs["open"] - before
    overnight[0] = 0.0
    intraday = logs["close"] - logs["open"]
    high_low = logs["high"] - logs["low"]
    klass = 0.5 * high_low**2 - (2 * np.log(2) - 1) * intraday**2
    return Moves(
        close=logs["close"],
        total=logs["close"] - before,
        overnight=overnight,
        intraday=intraday,
        range_variance=overnight**2 + np.maximum(klass, 0.0),
        high_low=high_low,
    )


def ewma_volatility(returns: FloatArray, decay: float = RISKMETRICS_DECAY) -> FloatArray:
    """Volatility (row,) per session from log returns (row,), as known after each session's close."""
    return np.sqrt(ewma(returns**2, decay) + FLOOR**2)


def volatility_before(volatility: FloatArray) -> FloatArray:
    """`volatility` (row,) as it was known before each session.

    A history's first row has no return, so before the second none is known, and it takes its own: else every
    history would begin with a session that seems to stand out.
    """
    before = lag(volatility, 1)
    before[:2] = volatility[:2]
    return before
