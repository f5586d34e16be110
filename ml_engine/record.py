"""A track record's figures, in plain JSON, from a tally of scored points. None: nothing can be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_engine.backtesting import POOLED_STEPS, REFERENCE, STEPS
from ml_engine.events import MOVES
from ml_engine.metrics import BANDS, PIT_BINS
from ml_engine.significance import benjamini_hochberg, diebold_mariano
from ml_engine.tally import (
    CHANCE_BINS,
    GROUP_ENDS,
    LATEST,
    NAIVE,
    Table,
    Tally,
    rows_of,
    stacked,
    sums,
)

Figures = dict[str, Any]
ALL = "all"
UNTOLD: Figures = {"origins": 0, "days": 0, "crps_skill": None, "p_value": None}
REGIMES = ("calm", "normal", "wild", "")


def figures(tally: Tally) -> Figures:
    """Work out everything that a track record shows of its points.

    `spread` says how many points, origins and sessions there are; `groups` are by steps ahead, `ALL` first;
    `skill` is at single steps and, with step null, pooled.
    """
    return {"spread": _spread(tally), "groups": list(_groups(tally)), "skill": list(skill_rows(tally))}


def group_name(place: int) -> str:
    """Name a group of steps: 1, 2-5, …"""
    first = GROUP_ENDS[place - 1] + 1 if place else 1
    return str(first) if first == GROUP_ENDS[place] else f"{first}-{GROUP_ENDS[place]}"


def skill_rows(tally: Tally) -> Iterator[Figures]:
    """Yield how much lower the model's CRPS was than that of every other series, the naive cone first.

    At single steps 1 - ΣCRPS / ΣCRPS of the other. Pooled, over the origins whose steps 1, 5, 10 and 20 are
    all known, each step weighs the same: its differences are divided by the other's mean.
    """
    losses = tally.losses
    names = np.unique(losses["series"]).tolist()
    for name in sorted(names, key=lambda name: (name != REFERENCE, name)):
        its = losses["series"] == name
        single, pooled = (rows_of(losses, its & (losses["is_pooled"] == flag)) for flag in (False, True))
        for step in STEPS:
            if step in single["step"]:
                yield {"reference": name, "step": step, **_skill(single, [step])}
        if len(pooled["step"]):
            yield {"reference": name, "step": None, **_skill(pooled, POOLED_STEPS)}


def pooled_skill(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the pooled row of `skill_rows` beside the naive cone; without one, one that tells nothing."""
    wanted = (row for row in rows if row["step"] is None and row["reference"] == REFERENCE)
    return next(wanted, UNTOLD)


def discoveries(p_values: Sequence[float | None]) -> list[bool]:
    """Which of the tests of many instruments to believe: Benjamini and Hochberg at 5 %."""
    return [bool(found) for found in benjamini_hochberg(p_values)]


def _spread(tally: Tally) -> Figures:
    anchors, sessions = tally.anchors["anchor"], tally.sessions["date"]
    return {
        "points": int(tally.sessions["points"].sum()),
        "origins": int(tally.anchors["origins"].sum()),
        "origin_days": len(anchors),
        "repeats": int(tally.anchors["repeats"].sum()),
        "sessions": len(sessions),
        "first_anchor": _iso(anchors[:1]),
        "last_anchor": _iso(anchors[-1:]),
        "last_session": _iso(sessions[-1:]),
    }


def _iso(days: NDArray[np.int64]) -> str | None:
    """Write the only day there is, if one."""
    return str(np.datetime64(int(days[0]), "D")) if len(days) else None


def _groups(tally: Tally) -> Iterator[Figures]:
    """Yield all points together, and each group of steps that has any."""
    tables = (tally.coverage, tally.laws, tally.chances)
    yield {"group": ALL, **_group(*tables)}
    for place in range(len(GROUP_ENDS)):
        parts = [rows_of(table, table["group"] == place) for table in tables]
        if len(parts[0]["group"]):
            yield {"group": group_name(place), **_group(*parts)}


def _group(coverage: Table, laws: Table, chances: Table) -> Figures:
    total = {name: float(values.sum()) for name, values in laws.items()}
    count = total["points"]
    regimes = {str(row["regime"]): row for row in _by(coverage, "regime")}
    return {
        "points": int(count),
        "coverage": _bands({name: values.sum() for name, values in coverage.items() if name in _COUNTED}),
        "months": [
            {"month": f"{row['month'] // 100}-{row['month'] % 100:02}", **_bands(row)}
            for row in _by(coverage, "month")
        ],
        "regimes": [{"regime": name, **_bands(regimes[name])} for name in REGIMES if name in regimes],
        "pit": [int(total[f"pit_{place}"]) for place in range(PIT_BINS)],
        "median": {
            "rmse": _root(_share(total["square"], count)),
            "naive_rmse": _root(_share(total["naive_square"], count)),
            "rmse_ratio": _root(_share(total["square"], total["naive_square"])),
            "told": int(total["told"]),
            "direction_accuracy": _share(total["right"], total["told"]),
            "up_rate": _share(total["rises"], count),
        },
        "scores": {
            name: _share(total[name], count) for name in ("crps", "naive_crps", "pinball", "naive_pinball")
        },
        "events": [_event(event, total, chances) for event in range(len(MOVES))],
    }


_OWNERS = (("held_", ""), ("naive_held_", NAIVE))
_COUNTED = {"points", *(f"{prefix}inside_{band}" for _, prefix in _OWNERS for band in BANDS)}


def _by(table: Table, key: str) -> Iterator[dict[str, Any]]:
    """Yield sums of what is counted, by a column."""
    found = sums({name: values for name, values in table.items() if name == key or name in _COUNTED}, [key])
    for place in range(len(found[key])):
        yield {name: values[place] for name, values in found.items()}


def _bands(counts: Mapping[str, Any]) -> Figures:
    """How many points there are, and what share each band held, the model's and the naive cone's."""
    points = int(counts["points"])
    columns = [(f"{owner}{band}", f"{prefix}inside_{band}") for owner, prefix in _OWNERS for band in BANDS]
    return {"points": points, **{name: _share(counts[column], points) for name, column in columns}}


def _event(event: int, total: Mapping[str, float], chances: Table) -> Figures:
    """How the chances stated of one event did: Brier scores, and what came by tenth of the chance."""
    mine = rows_of(chances, chances["event"] == event)
    columns = ("points", "stated", "happened")
    count, stated, happened = (np.bincount(mine["bin"], mine[name], CHANCE_BINS) for name in columns)
    return {
        "moves": float(MOVES[event]),
        "brier": _share(total[f"brier_{event}"], total["points"]),
        "naive_brier": _share(total[f"naive_brier_{event}"], total["points"]),
        "happened": _share(happened.sum(), total["points"]),
        "bins": [
            {
                "points": int(count[place]),
                "stated": _share(stated[place], count[place]),
                "happened": _share(happened[place], count[place]),
            }
            for place in range(CHANCE_BINS)
        ],
    }


def _share(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole > 0 else None


def _root(value: float | None) -> float | None:
    return None if value is None else value**0.5


def _by_day(rows: Table, steps: Sequence[int]) -> Table | None:
    """Differences of CRPS in units of the other's mean, by the anchor's day; None where the other's is zero.

    `gap`, a sum over origins, and how many `points` of all steps, by `anchor`; and the latest target's day.
    """
    parts = []
    for step in steps:
        one = rows_of(rows, rows["step"] == step)
        scale = _share(one["other"].sum(), one["points"].sum())
        if not scale:
            return None
        gap = (one["own"] - one["other"]) / scale / len(steps)
        parts.append({"gap": gap, **{name: one[name] for name in ("anchor", "points", LATEST)}})
    return sums(stacked(parts), ["anchor"])


def _skill(rows: Table, steps: Sequence[int]) -> Figures:
    """Skill and its test, in which a day counts once: what moves one instrument moves others that day."""
    days = _by_day(rows, steps)
    if days is None:
        return dict(UNTOLD)
    origins = days["points"] / len(steps)
    return {
        "origins": round(origins.sum()),
        "days": len(origins),
        "crps_skill": -float(days["gap"].sum() / origins.sum()),
        "p_value": diebold_mariano(days["gap"] / origins, overlap_of_days(days["anchor"], days[LATEST])),
    }


def overlap_of_days(anchors: NDArray[np.int64], targets: NDArray[np.int64]) -> int:
    """How many successive anchors (day,), by rising day, lie before the target (day,) of the first of them.

    With an origin after every session and targets `step` sessions later that is `step`. The densest stretch
    of irregular origins decides, which is on the safe side.
    """
    reached = np.searchsorted(anchors, targets, side="left")
    return max(1, int((reached - np.arange(len(anchors))).max(initial=1)))
