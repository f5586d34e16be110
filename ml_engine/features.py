"""From a price history to what the network sees: causal, free of units, clipped, never NaN.

Returns are in units of the EWMA volatility at their own row, variances are log ratios to it, so nothing is
fitted on the data and nothing changes when a price doubles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_engine.market import MARKET_FEATURES, market_features
from ml_engine.moving import change, ewma, lag, maximum_over_lags
from ml_engine.quantiles import FloatArray
from ml_engine.volatility import FLOOR, Moves, ewma_volatility, moves

VARIANCE_DECAYS = (0.8, 0.985, 0.997)  # against the .94 of the scale
RANGE_DECAYS = (0.8, 0.94, 0.985, 0.997)
DOWNSIDE_DECAYS = (0.94, 0.985)
TREND_SESSIONS = (5, 21, 126)
# Companies report every ~63 sessions: one feature per lag near 63, maxima over the ranges around it, half a
# year and a year ago. A jump 60 sessions ago says that another may be three sessions ahead.
REPORT_LAGS = tuple(range(57, 69))
REPORT_RANGES = ((45, 56), (57, 68), (110, 128), (244, 254))
LARGEST = 5.0  # features are clipped to ± this
RATIO_SCALE = 3.0  # log ratios vary by about a third: this brings them to the size of the others


@dataclass(frozen=True)
class Features:
    """What is known at each row, and what turns the network's output back into prices."""

    matrix: FloatArray  # (row, feature)
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
        | _volumes(volume)
        | _trends(parts.close, volatility)
        | _reports(parts, volatility, volume)
        | market_features(pd.DatetimeIndex(bars.index), volatility, market)
    )
    matrix = np.stack([named[name] for name in FEATURES], axis=1)
    return Features(np.clip(matrix, -LARGEST, LARGEST), volatility, parts.close)


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
    for decay in RANGE_DECAYS:
        ranged = np.sqrt(ewma(parts.range_variance, decay) + FLOOR**2)
        named[f"range_{decay}"] = RATIO_SCALE * np.log(ranged / volatility)
    for decay in DOWNSIDE_DECAYS:
        down = ewma(np.minimum(parts.total, 0.0) ** 2, decay)
        named[f"downside_{decay}"] = _share(down, ewma(parts.total**2, decay))
    named["overnight_share"] = _share(ewma(parts.overnight**2, 0.985), ewma(parts.range_variance, 0.985))
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


def _reports(parts: Moves, volatility: FloatArray, volume: FloatArray) -> dict[str, FloatArray]:
    """The earnings cycle: how much the sessions a quarter, half a year and a year ago stood out."""
    before = np.maximum(lag(volatility, 1), FLOOR)
    before[0] = volatility[0]
    usual = ewma(volume, 0.985)
    events = {
        "gap": np.minimum(np.abs(parts.overnight) / before, 8.0) / 2,
        "move": np.minimum(np.abs(parts.total) / before, 8.0) / 2,
        "volume": np.clip(volume - np.concatenate([volume[:1], usual[:-1]]), 0.0, 3.0),
    }
    combined = (events["gap"] + events["move"]) / 2 + events["volume"]
    named = {f"report_{sessions}": lag(combined, sessions) for sessions in REPORT_LAGS}
    for nearest, farthest in REPORT_RANGES:
        for event, size in events.items():
            named[f"report_{event}_{nearest}_{farthest}"] = maximum_over_lags(size, nearest, farthest)
    return named


FEATURES: tuple[str, ...] = (
    "overnight",
    "intraday",
    "return",
    *(f"variance_{decay}" for decay in VARIANCE_DECAYS),
    *(f"range_{decay}" for decay in RANGE_DECAYS),
    *(f"downside_{decay}" for decay in DOWNSIDE_DECAYS),
    "overnight_share",
    "volume",
    "volume_week",
    *(f"trend_{sessions}" for sessions in TREND_SESSIONS),
    *(f"report_{sessions}" for sessions in REPORT_LAGS),
    *(
        f"report_{event}_{nearest}_{farthest}"
        for nearest, farthest in REPORT_RANGES
        for event in ("gap", "move", "volume")
    ),
    *MARKET_FEATURES,
)
MARKET_COLUMNS = tuple(FEATURES.index(name) for name in MARKET_FEATURES)
