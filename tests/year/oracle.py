"""The track record once more, in pandas, from what was said and what happened: no score, no tally is read."""

from __future__ import annotations

import math
from bisect import bisect_left
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from django.db import connection
from scipy import stats

from forecasts import calendars
from forecasts.models import LEVELS, PriceBar

SAID = """
SELECT point.forecast_id, point.series, point.step, point.date, point.quantiles, forecast.instrument_id,
       forecast.data_as_of AS anchor, forecast.volatility, forecast.regime, entry.number, entry.entered_at
FROM forecasts_forecastpoint AS point
JOIN forecasts_forecast AS forecast ON forecast.id = point.forecast_id
JOIN forecasts_ledgerentry AS entry ON entry.number = forecast.entry_id AND entry.kind = 'issued'
"""
FINAL, CLOSED = ["final", "repaired"], ["final", "repaired", "provisional"]
POINT = ["instrument_id", "anchor", "step"]
THIRTEEN = [place for place, level in enumerate(LEVELS) if level not in (0.01, 0.25, 0.75, 0.99)]
MEDIAN = LEVELS.index(0.5)
BANDS = {
    band: (LEVELS.index(low), LEVELS.index(high))
    for band, low, high in ((50, 0.25, 0.75), (80, 0.1, 0.9), (90, 0.05, 0.95), (95, 0.025, 0.975))
}
GROUPS = {
    "1": (1, 1),
    "2-5": (2, 5),
    "6-10": (6, 10),
    "11-20": (11, 20),
    "21-40": (21, 40),
    "41-60": (41, 60),
}
SINGLE, POOLED = (1, 5, 10, 20, 40, 60), (1, 5, 10, 20)
NORMAL = NormalDist()
Z = [NORMAL.inv_cdf(level) for level in LEVELS]


def scored() -> pd.DataFrame:
    """Return a row for each step and series that counts: what was said, what came, and how it scores."""
    said = _with_outcomes(_read(SAID), FINAL)
    first = said.groupby(POINT)["number"].transform("min")
    said = said[said["number"] == first]
    return said.join(pd.DataFrame([_score(row) for row in said.itertuples()], index=said.index))


def said_before() -> pd.DataFrame:
    """Return what the model said of each session before it began, and what came, provisional or final."""
    said = _with_outcomes(_read(SAID), CLOSED)
    return said[said["series"] == "model"]


def _with_outcomes(said: pd.DataFrame, states: list[str]) -> pd.DataFrame:
    """Keep what was said before its session opened and has come to pass; add the `actual` log return."""
    opens = {day: calendars.opens_at(calendars.NEW_YORK, day) for day in said["date"].unique()}
    said = said[said["entered_at"] < said["date"].map(opens)]
    rows = PriceBar.objects.filter(state__in=states).values("instrument_id", "date", "adj_close")
    closes = pd.DataFrame(rows).set_index(["instrument_id", "date"])["adj_close"]
    target = closes.reindex(pd.MultiIndex.from_frame(said[["instrument_id", "date"]])).to_numpy()
    start = closes.reindex(pd.MultiIndex.from_frame(said[["instrument_id", "anchor"]])).to_numpy()
    return said.assign(actual=np.log(target / start)).dropna(subset="actual")


def _read(statement: str) -> pd.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def _score(row: Any) -> dict[str, Any]:
    quantiles, actual = row.quantiles, row.actual
    misses = [(level - (actual < at)) * (actual - at) for level, at in zip(LEVELS, quantiles, strict=True)]
    usual, median = row.volatility * math.sqrt(row.step), quantiles[MEDIAN]
    chances = {event: 1 - _below(quantiles, event * usual) for event in (-1, 0, 1)}
    return {
        "crps": 2 * sum(misses[place] for place in THIRTEEN) / len(THIRTEEN),
        "pinball": sum(misses) / len(LEVELS),
        "pit": _below(quantiles, actual),
        "square": (actual - median) ** 2,
        "right": None if median == 0 else float((median > 0) == (actual > 0) and actual != 0),
        **{
            f"held_{band}": quantiles[low] <= actual <= quantiles[high] for band, (low, high) in BANDS.items()
        },
        **{f"chance_{event}": chance for event, chance in chances.items()},
        **{f"came_{event}": actual > event * usual for event in chances},
    }


def _below(quantiles: list[float], value: float) -> float:
    """The chance of a lower return: linear between quantiles in the normal score, and beyond them too."""
    place = min(max(bisect_left(quantiles, value) - 1, 0), len(quantiles) - 2)
    low, high = quantiles[place], quantiles[place + 1]
    return NORMAL.cdf(Z[place] + (value - low) / (high - low) * (Z[place + 1] - Z[place]))


def groups(scores: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the figures of all points together and of each group of steps, shaped as the record's."""
    points = _beside(scores)
    found = {"all": _group(points)}
    for name, (first, last) in GROUPS.items():
        part = points[points["step"].between(first, last)]
        if len(part):
            found[name] = _group(part)
    return found


def _beside(scores: pd.DataFrame) -> pd.DataFrame:
    mine = scores[scores["series"] == "model"].set_index(POINT)
    cone = scores[scores["series"] == "random-walk"].set_index(POINT)
    return mine.join(cone.add_suffix("_naive")).reset_index()


def _group(points: pd.DataFrame) -> dict[str, Any]:
    months = pd.to_datetime(points["date"]).dt.strftime("%Y-%m")
    tenths = pd.cut(points["pit"], np.linspace(0, 1, 11), right=False, labels=False)
    told = points["right"].dropna()
    return {
        "points": len(points),
        "coverage": _coverage(points),
        "months": [{"month": month, **_coverage(part)} for month, part in points.groupby(months)],
        "regimes": [
            {"regime": name, **_coverage(points[points["regime"] == name])}
            for name in ("calm", "normal", "wild", "")
            if (points["regime"] == name).any()
        ],
        "pit": tenths.value_counts().reindex(range(10), fill_value=0).tolist(),
        "median": {
            "rmse": math.sqrt(points["square"].mean()),
            "naive_rmse": math.sqrt(points["square_naive"].mean()),
            "rmse_ratio": math.sqrt(points["square"].mean() / points["square_naive"].mean()),
            "told": len(told),
            "direction_accuracy": told.astype(float).mean(),
            "up_rate": (points["actual"] > 0).mean(),
        },
        "scores": {
            "crps": points["crps"].mean(),
            "naive_crps": points["crps_naive"].mean(),
            "pinball": points["pinball"].mean(),
            "naive_pinball": points["pinball_naive"].mean(),
        },
        "events": [_event(points, event) for event in (-1, 0, 1)],
    }


def _coverage(points: pd.DataFrame) -> dict[str, Any]:
    shares = {f"held_{band}": points[f"held_{band}"].mean() for band in BANDS}
    naive = {f"naive_held_{band}": points[f"held_{band}_naive"].mean() for band in BANDS}
    return {"points": len(points), **shares, **naive}


def _event(points: pd.DataFrame, event: int) -> dict[str, Any]:
    stated, came = points[f"chance_{event}"], points[f"came_{event}"].astype(float)
    bins = pd.cut(stated, np.linspace(0, 1, 11), right=False, labels=False)
    parts = [(stated[bins == place], came[bins == place]) for place in range(10)]
    return {
        "moves": float(event),
        "brier": ((stated - came) ** 2).mean(),
        "naive_brier": ((points[f"chance_{event}_naive"] - came) ** 2).mean(),
        "happened": came.mean(),
        "bins": [
            {
                "points": len(one),
                "stated": one.mean() if len(one) else None,
                "happened": other.mean() if len(one) else None,
            }
            for one, other in parts
        ],
    }


def skill(scores: pd.DataFrame) -> dict[tuple[str, int | None], dict[str, Any]]:
    """Return skill and its test by reference and step; step None is pooled."""
    losses = scores.pivot_table(index=POINT, columns="series", values="crps")
    days = scores[scores["series"] == "model"].set_index(POINT)["date"]
    found = {}
    for reference in losses.columns.drop("model"):
        both = losses[["model", reference]].dropna()
        for step in SINGLE:
            part = both[both.index.get_level_values("step") == step]
            if len(part):
                found[reference, step] = _compare(part["model"], part[reference], days, [step])
        wide = both[both.index.get_level_values("step").isin(POOLED)].unstack("step").dropna()
        if len(wide) and all((reference, step) in wide.columns for step in POOLED):
            whole = wide.stack("step", future_stack=True)
            found[reference, None] = _compare(whole["model"], whole[reference], days, list(POOLED))
    return found


def _compare(mine: pd.Series, other: pd.Series, days: pd.Series, steps: list[int]) -> dict[str, Any]:
    """Differences of each step in units of the other's mean, averaged by day of the anchor, and tested."""
    scale = other.groupby("step").transform("mean")
    gaps = ((mine - other) / scale).groupby(POINT[:2]).mean()
    daily = gaps.groupby("anchor").mean().sort_index()
    targets = days.loc[mine.index].groupby("anchor").max().sort_index()
    anchors = list(daily.index)
    overlap = max(sum(one < target for one in anchors[place:]) for place, target in enumerate(targets))
    return {
        "origins": len(gaps),
        "days": len(daily),
        "crps_skill": -gaps.mean(),
        "p_value": _diebold_mariano(daily.to_numpy(), max(1, overlap)),
    }


def _diebold_mariano(gaps: np.ndarray, overlap: int) -> float | None:
    count = len(gaps)
    lags = max(2 * overlap, math.ceil(4 * (count / 100) ** (2 / 9)))
    if count < 2 * (lags + 1):
        return None
    centred = gaps - gaps.mean()
    products = [float((centred[lag:] * centred[: count - lag]).sum()) / count for lag in range(lags + 1)]
    variance = products[0] + 2 * sum((1 - lag / (lags + 1)) * products[lag] for lag in range(1, lags + 1))
    if variance <= 0:
        return None
    small = (count + 1 - 2 * overlap + overlap * (overlap - 1) / count) / count
    statistic = gaps.mean() / math.sqrt(variance / count) * math.sqrt(small)
    return float(2 * stats.t.sf(abs(statistic), count / (lags + 1)))
