"""From a price history to what the network sees: causal, free of units, clipped, never NaN.

Returns are in units of the EWMA volatility at their own row, variances are log ratios to it, so nothing is
fitted on the data and nothing changes when a price doubles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_engine.earnings import EARNINGS_FEATURES, earnings_features
from ml_engine.market import MARKET_FEATURES, market_features
from ml_engine.moving import change, ewma, lag
from ml_engine.quantiles import AnyFloats, FloatArray
from ml_engine.volatility import FLOOR, Moves, ewma_volatility, moves, volatility_before

VARIANCE_DECAYS = (0.8, 0.985, 0.997, 0.999)  # against the .94 of the scale
RANGE_DECAYS = (0.5, 0.8, 0.94, 0.985, 0.997, 0.999)
DOWNSIDE_DECAYS = (0.94, 0.985)
ABSOLUTE_DECAYS = (0.94, 0.985, 0.997)
JUMP_DECAYS = (0.94, 0.985)
JUMP = 2.5  # in units of the volatility before it: what is more counts as a jump
TREND_SESSIONS = (5, 21, 126)
LARGEST = 5.0  # features are clipped to ± this
USUAL_RANGE = 1.6  # high to low, in units of volatility
USUAL_RESTLESSNESS = 0.15
RATIO_SCALE = 3.0  # log ratios vary by about a third: this brings them to the size of the others


@dataclass(frozen=True)
class Features:
    """What is known at each row, and what turns the network's output back into prices."""

    matrix: AnyFloats  # (row, feature)
    volatility: FloatArray  # (row,) per session
    log_close: FloatArray  # (row,)


def build_features(bars: pd.DataFrame, market: pd.Series[float] | None = None) -> Features:
    """Features of every row of valid `bars`; each row depends on itself and earlier ones only."""
    parts = moves(bars)
    volatility = ewma_volatility(parts.total)
    volume = np.log1p(bars["volume"].to_numpy(np.float64))
    named = (
        _returns(parts, volatility)
        | _variances(parts, volatility)
        | _jumps(parts, volatility)
        | _volumes(volume)
        | _trends(parts.close, volatility)
        | earnings_features(parts, volatility, volume)
        | market_features(pd.DatetimeIndex(bars.index), parts.total, volatility, market)
    )
    matrix = np.stack([named[name] for name in FEATURES], axis=1)
    return Features(np.clip(matrix, -LARGEST, LARGEST, out=matrix), volatility, parts.close)


def _returns(parts: Moves, volatility: FloatArray) -> dict[str, FloatArray]:
    return {
        "overnight": parts.overnight / volatility,
        "intraday": parts.intraday / volatility,
        "return": parts.total / volatility,
    }


def _variances(parts: Moves, volatility: FloatArray) -> dict[str, FloatArray]:
    named = {
        f"variance_{decay}": RATIO_SCALE * np.log(ewma_volatility(parts.total, decay) / volatility)
        for decay in VARIANCE_DECAYS
    }
    ranged = {decay: np.sqrt(ewma(parts.range_variance, decay) + FLOOR**2) for decay in RANGE_DECAYS}
    for decay, one in ranged.items():
        named[f"range_{decay}"] = RATIO_SCALE * np.log(one / volatility)
    named["range_today"] = RATIO_SCALE / 2 * np.log((parts.high_low + FLOOR) / (USUAL_RANGE * volatility))
    restless = np.sqrt(ewma(change(np.log(ranged[0.8]), 1) ** 2, 0.97))
    named["range_restless"] = 2 * RATIO_SCALE * (restless - USUAL_RESTLESSNESS)
    for decay in DOWNSIDE_DECAYS:
        down = ewma(np.minimum(parts.total, 0.0) ** 2, decay)
        named[f"downside_{decay}"] = _share(down, ewma(parts.total**2, decay))
    named["overnight_share"] = _share(ewma(parts.overnight**2, 0.985), ewma(parts.range_variance, 0.985))
    return named


def _jumps(parts: Moves, volatility: FloatArray) -> dict[str, FloatArray]:
    """How much of the volatility came from single jumps, after which it falls back sooner.

    Mean absolute return (1 for a normal law), bipower variation (Barndorff-Nielsen and Shephard, 2004) and
    volatility without what was beyond `JUMP`, each against the plain EWMA.
    """
    size = np.abs(parts.total)
    named = {
        f"absolute_{decay}": RATIO_SCALE
        * np.log(np.sqrt(np.pi / 2) * (ewma(size, decay) + FLOOR) / ewma_volatility(parts.total, decay))
        for decay in ABSOLUTE_DECAYS
    }
    before = volatility_before(volatility)
    capped = np.clip(parts.total, -JUMP * before, JUMP * before)
    for decay in JUMP_DECAYS:
        bipower = np.sqrt(np.pi / 2 * ewma(size * lag(size, 1), decay) + FLOOR**2)
        named[f"bipower_{decay}"] = RATIO_SCALE * np.log(bipower / volatility)
        named[f"capped_{decay}"] = RATIO_SCALE * np.log(ewma_volatility(capped, decay) / volatility)
    return named


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """`part` over `whole` minus a half, scaled; zero where nothing moved."""
    return RATIO_SCALE * ((part + FLOOR**2 / 2) / (whole + FLOOR**2) - 0.5)


def _volumes(volume: FloatArray) -> dict[str, FloatArray]:
    usual = ewma(volume, 0.985)
    return {"volume": volume - usual, "volume_week": ewma(volume, 0.8) - usual}


def _trends(log_close: FloatArray, volatility: FloatArray) -> dict[str, FloatArray]:
    return {
        f"trend_{sessions}": change(log_close, sessions) / (volatility * np.sqrt(sessions))
        for sessions in TREND_SESSIONS
    }


FEATURES: tuple[str, ...] = (
    "overnight",
    "intraday",
    "return",
    *(f"variance_{decay}" for decay in VARIANCE_DECAYS),
    *(f"range_{decay}" for decay in RANGE_DECAYS),
    *(f"downside_{decay}" for decay in DOWNSIDE_DECAYS),
    "overnight_share",
    "range_today",
    "range_restless",
    *(f"absolute_{decay}" for decay in ABSOLUTE_DECAYS),
    *(f"bipower_{decay}" for decay in JUMP_DECAYS),
    *(f"capped_{decay}" for decay in JUMP_DECAYS),
    "volume",
    "volume_week",
    *(f"trend_{sessions}" for sessions in TREND_SESSIONS),
    *EARNINGS_FEATURES,
    *MARKET_FEATURES,
)
MARKET_COLUMNS = tuple(FEATURES.index(name) for name in MARKET_FEATURES)
