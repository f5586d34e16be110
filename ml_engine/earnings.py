"""The earnings cycle: how much the sessions a quarter, half a year, … ago stood out.

Companies report every ~63 sessions, and the same quarter of the year before within a day or two of the same
place. A session that stood out 60 or 250 sessions ago says that another may be three sessions ahead. It is
the largest thing that volatility models miss.
"""

from __future__ import annotations

import numpy as np

from ml_engine.moving import ewma, lag, maximum_over_lags
from ml_engine.quantiles import FloatArray
from ml_engine.volatility import Moves, volatility_before

QUARTER, YEAR = 63, 252  # sessions
QUARTER_LAGS = tuple(range(57, 69))  # one feature each, maxima over the ranges around them
QUARTER_RANGES = ((45, 56), (57, 68), (110, 128), (244, 254))
YEAR_AHEAD = tuple(range(14))  # sessions until a report, if it comes when last year's did
HALF_RANGES = ((106, 112), (113, 118), (119, 122), (123, 125), (126, 130), (131, 136))
THREE_QUARTER_RANGES = ((168, 175), (176, 181), (182, 185), (186, 188), (189, 192), (193, 198))
# Sessions ahead, and how exactly the quarter's and the year's report must agree on them.
AGREED = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (9, 12), (13, 16), (17, 20))
NEAR = 5  # up to here each session ahead has a feature of its own
EVENTS = ("gap", "move", "volume")

EARNINGS_FEATURES: tuple[str, ...] = (
    *(f"report_{sessions}" for sessions in QUARTER_LAGS),
    *(f"report_{event}_{nearest}_{farthest}" for nearest, farthest in QUARTER_RANGES for event in EVENTS),
    *(f"report_year_{ahead}" for ahead in YEAR_AHEAD),
    *(f"report_{nearest}_{farthest}" for nearest, farthest in HALF_RANGES + THREE_QUARTER_RANGES),
    *(f"report_agreed_{first}_{last}" for first, last in AGREED),
)


def earnings_features(parts: Moves, volatility: FloatArray, volume: FloatArray) -> dict[str, FloatArray]:
    """Features (row,) of the cycle; `volatility` and log `volume` are (row,)."""
    events = _events(parts, volatility, volume)
    combined = (events["gap"] + events["move"]) / 2 + events["volume"]
    named = {f"report_{sessions}": lag(combined, sessions) for sessions in QUARTER_LAGS}
    for nearest, farthest in QUARTER_RANGES:
        for event, size in events.items():
            named[f"report_{event}_{nearest}_{farthest}"] = maximum_over_lags(size, nearest, farthest)
    for nearest, farthest in HALF_RANGES + THREE_QUARTER_RANGES:
        named[f"report_{nearest}_{farthest}"] = maximum_over_lags(combined, nearest, farthest)
    for ahead in YEAR_AHEAD:
        named[f"report_year_{ahead}"] = _a_year_ago(combined, YEAR - ahead)
    for first, last in AGREED:
        named[f"report_agreed_{first}_{last}"] = _agreed(combined, first, last)
    return named


def _events(parts: Moves, volatility: FloatArray, volume: FloatArray) -> dict[str, FloatArray]:
    """How much each session stood out (row,), by what it was seen in; none is negative."""
    before = volatility_before(volatility)
    usual = ewma(volume, 0.985)
    return {
        "gap": np.minimum(np.abs(parts.overnight) / before, 8.0) / 2,
        "move": np.minimum(np.abs(parts.total) / before, 8.0) / 2,
        "volume": np.clip(volume - np.concatenate([volume[:1], usual[:-1]]), 0.0, 3.0),
    }


def _a_year_ago(events: FloatArray, sessions: int) -> FloatArray:
    """The event (row,) of `sessions` ago, or of the day before or after at less than full size."""
    beside = np.maximum(lag(events, sessions - 1), lag(events, sessions + 1))
    return 0.6 * lag(events, sessions) + 0.4 * beside


def _agreed(events: FloatArray, first: int, last: int) -> FloatArray:
    """Large where both last quarter and last year point to a report `first` … `last` sessions ahead."""
    quarter_slack, year_slack = (3, 2) if last <= NEAR else (2, 1)
    quarter = maximum_over_lags(events, QUARTER - last - quarter_slack, QUARTER - first + quarter_slack)
    year = maximum_over_lags(events, YEAR - last - year_slack, YEAR - first + year_slack)
    return np.sqrt(quarter * year)
