"""Sums over scored points, from which every figure of a track record follows; sums of parts make the whole.

A point is what was said at one origin of one instrument and method about one step, and what came. An origin
is known by its anchor: the session after whose close was forecast. Tables are columns by name, in NumPy, for
a pandas frame of a few rows takes as long as one of thousands.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_engine.backtesting import POOLED_STEPS, REFERENCE, STEPS
from ml_engine.events import MOVES, events_happened
from ml_engine.metrics import BANDS, PIT_BINS
from ml_engine.quantiles import MAX_HORIZON

Table = dict[str, NDArray[Any]]  # column → (row,)

MODEL = "model"
# The last step of each group of steps: 1, 2-5, 6-10, …
GROUP_ENDS = (1, 5, 10, 20, 40, 60)
CHANCE_BINS = 10
AT_ONCE = 32  # tallies in memory while many are added up
CHANCES = [f"chance_{event}" for event in range(len(MOVES))]
INSIDE = [f"inside_{band}" for band in BANDS]
NAIVE = "naive_"
LATEST = "last_target"
KEYS: dict[str, list[str]] = {
    "coverage": ["group", "month", "regime"],
    "laws": ["group"],
    "chances": ["group", "event", "bin"],
    "losses": ["is_pooled", "step", "series", "anchor"],
    "anchors": ["anchor"],
    "sessions": ["date"],
}
# What `tally` reads. Days are datetime64; `direction_right` is 1, 0, or NaN where no direction was taken.
SCORE_COLUMNS: dict[str, str] = {
    "anchor": "datetime64[D]",
    "date": "datetime64[D]",
    "entry": "int64",
    "step": "int64",
    "series": "U30",
    "regime": "U10",
    **dict.fromkeys(("actual", "crps", "pinball", "pit", "error", "direction_right", "usual"), "float64"),
    **dict.fromkeys(INSIDE, "bool"),
    **dict.fromkeys(CHANCES, "float64"),
}


@dataclass(frozen=True)
class Tally:
    """Tables of sums; `KEYS` says of each by which columns its rows are told apart, and ordered.

    `coverage`: `points`, and how many of them each band of the model and of the naive cone held, by month of
    the target. `laws`: by group of steps, sums of scores, of squared errors of the median, of rises, and the
    PIT histogram. `chances`: of each event and tenth of the stated chance, how many, their sum, how often it
    happened. `losses`: by day of the anchor, CRPS of the model (`own`) and of another series (`other`) on
    `points` that have both, and the latest target's day; with `is_pooled` of those origins alone whose pooled
    steps are all known. `anchors`: how many `origins` a day has, and `repeats`, points told of again by a
    later entry; `sessions`: how many points a target's day has. Days count from 1970.
    """

    coverage: Table
    laws: Table
    chances: Table
    losses: Table
    anchors: Table
    sessions: Table

    @property
    def is_empty(self) -> bool:
        return not len(self.anchors["anchor"])

    @classmethod
    def empty(cls) -> Tally:
        """Sums of nothing."""
        return tally({name: np.empty(0, dtype=kind) for name, kind in SCORE_COLUMNS.items()})

    def to_bytes(self) -> bytes:
        """Write it as NumPy's compressed archive, a column each."""
        columns = {
            f"{field.name}/{column}": values
            for field in fields(self)
            for column, values in getattr(self, field.name).items()
        }
        target = io.BytesIO()
        np.savez_compressed(target, allow_pickle=False, **columns)
        return target.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Tally:
        """Read what `to_bytes` wrote."""
        tables: dict[str, Table] = {field.name: {} for field in fields(cls)}
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            for name in stored.files:
                table, _, column = name.partition("/")
                tables[table][column] = stored[name]
        return cls(**tables)


def tally(scores: Mapping[str, NDArray[Any]]) -> Tally:
    """Add up the scores of one instrument and method, in any order.

    A row for each entry, step and series, with `SCORE_COLUMNS`. Of each origin and step the earliest entry
    counts that has the step, and a point needs the scores of the model and of the naive cone.
    """
    known = {name: np.asarray(scores[name]).astype(kind) for name, kind in SCORE_COLUMNS.items()}
    known |= {day: known[day].astype(np.int64) for day in ("anchor", "date")}
    known["point"] = known["anchor"] * (MAX_HORIZON + 1) + known["step"]
    counted = rows_of(known, _counts(known))
    counted = rows_of(counted, np.lexsort([counted["series"], counted["point"]]))
    points = _points(counted)
    return Tally(
        coverage=_coverage(points),
        laws=_laws(points),
        chances=_chances(points),
        losses=_losses(counted),
        anchors=_anchors(points, known),
        sessions=sums({"date": points["date"], "points": _ones(points)}, KEYS["sessions"]),
    )


def merged(tallies: Iterable[Tally]) -> Tally:
    """Add tallies of different instruments or methods up, a few at a time."""
    rest, total = iter(tallies), Tally.empty()
    while some := list(islice(rest, AT_ONCE)):
        total = _added([total, *some])
    return total


def _added(some: Sequence[Tally]) -> Tally:
    return Tally(**{name: sums(stacked([getattr(one, name) for one in some]), KEYS[name]) for name in KEYS})


def rows_of(table: Table, chosen: NDArray[Any]) -> Table:
    """Take rows by place or by a mask."""
    return {name: values[chosen] for name, values in table.items()}


def stacked(tables: Sequence[Table]) -> Table:
    """Put tables of the same columns below each other."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def sums(table: Table, keys: Sequence[str]) -> Table:
    """Add up rows that agree in `keys`, in the order of rows; of `LATEST` take the highest."""
    rows = len(table[keys[0]])
    if not rows:
        return table
    ordered = rows_of(table, np.lexsort([table[key] for key in reversed(keys)]))
    begins = np.zeros(rows, dtype=np.bool_)
    for key in keys:
        begins[1:] |= ordered[key][1:] != ordered[key][:-1]
    begins[0] = True
    starts = np.flatnonzero(begins)
    return {
        name: values[starts]
        if name in keys
        else (np.maximum if name == LATEST else np.add).reduceat(values, starts)
        for name, values in ordered.items()
    }


def _counts(known: Table) -> NDArray[np.bool_]:
    """Which rows (row,) are of the earliest entry that has their origin and step."""
    _, places = np.unique(known["point"], return_inverse=True)
    first = np.full(len(places), np.iinfo(np.int64).max)
    np.minimum.at(first, places, known["entry"])
    return np.asarray(known["entry"] == first[places])


def _ones(table: Table) -> NDArray[np.int64]:
    return np.ones(len(table["step"]), dtype=np.int64)


def _points(counted: Table) -> Table:
    """The model's rows with the naive cone's scores beside them."""
    model, naive = (rows_of(counted, counted["series"] == name) for name in (MODEL, REFERENCE))
    _, mine, its = np.intersect1d(model["point"], naive["point"], assume_unique=True, return_indices=True)
    beside = {NAIVE + name: naive[name][its] for name in ("crps", "pinball", "error", *INSIDE, *CHANCES)}
    points = rows_of(model, mine) | beside
    month = points["date"].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    points["month"] = (1970 + month // 12) * 100 + month % 12 + 1
    points["group"] = np.searchsorted(GROUP_ENDS, points["step"])
    points["tenth"] = np.minimum((points["pit"] * PIT_BINS).astype(np.int64), PIT_BINS - 1)
    return points


def _coverage(points: Table) -> Table:
    inside = [*INSIDE, *(NAIVE + name for name in INSIDE)]
    held = {name: points[name].astype(np.int64) for name in inside}
    keys = {name: points[name] for name in KEYS["coverage"]}
    return sums(keys | {"points": _ones(points)} | held, KEYS["coverage"])


def _laws(points: Table) -> Table:
    """Sums by group of steps of whatever has one value a point."""
    happened, right = _happened(points), points["direction_right"]
    columns = {name: points[name] for name in ("group", "crps", "naive_crps", "pinball", "naive_pinball")}
    columns |= {
        "points": _ones(points),
        "square": points["error"] ** 2,
        "naive_square": points["naive_error"] ** 2,
        "told": (~np.isnan(right)).astype(np.int64),
        "right": np.nan_to_num(right).astype(np.int64),
        "rises": (points["actual"] > 0).astype(np.int64),
    }
    columns |= {f"pit_{place}": (points["tenth"] == place).astype(np.int64) for place in range(PIT_BINS)}
    for event, chance in enumerate(CHANCES):
        columns[f"brier_{event}"] = (points[chance] - happened[:, event]) ** 2
        columns[f"naive_brier_{event}"] = (points[NAIVE + chance] - happened[:, event]) ** 2
    return sums(columns, KEYS["laws"])


def _happened(points: Table) -> NDArray[np.float64]:
    return events_happened(points["actual"], points["usual"])


def _chances(points: Table) -> Table:
    happened = _happened(points).astype(np.int64)
    parts: list[Table] = [
        {
            "group": points["group"],
            "event": np.full(len(points["group"]), event),
            "bin": np.minimum((points[chance] * CHANCE_BINS).astype(np.int64), CHANCE_BINS - 1),
            "points": _ones(points),
            "stated": points[chance],
            "happened": happened[:, event],
        }
        for event, chance in enumerate(CHANCES)
    ]
    return sums(stacked(parts), KEYS["chances"])


def _losses(counted: Table) -> Table:
    """CRPS beside every other series by the anchor's day, at `STEPS` and over the origins that are pooled."""
    chosen = rows_of(counted, np.isin(counted["step"], STEPS))
    own = rows_of(chosen, chosen["series"] == MODEL)
    other = rows_of(chosen, (chosen["series"] != MODEL) & np.isin(chosen["point"], own["point"]))
    mine = np.searchsorted(own["point"], other["point"])
    pairs: Table = {name: other[name] for name in ("step", "series", "anchor")}
    pairs |= {"points": _ones(other), "own": own["crps"][mine], "other": other["crps"]}
    pairs[LATEST] = own["date"][mine]
    pooled = rows_of(pairs, _are_whole(pairs))
    flags = np.repeat([False, True], [len(pairs["step"]), len(pooled["step"])])
    return sums({"is_pooled": flags} | stacked([pairs, pooled]), KEYS["losses"])


def _are_whole(pairs: Table) -> NDArray[np.bool_]:
    """Which rows (row,) are of a pooled step, of an origin and series that have all of them."""
    is_pooled = np.isin(pairs["step"], POOLED_STEPS)
    _, series = np.unique(pairs["series"], return_inverse=True)
    _, places = np.unique(pairs["anchor"] * (len(series) + 1) + series, return_inverse=True)
    counts = np.bincount(places, weights=is_pooled)[places]
    return np.asarray(is_pooled & (counts == len(POOLED_STEPS)), dtype=np.bool_)


def _anchors(points: Table, known: Table) -> Table:
    """Origins with a point, and how many of the model's scores, of whatever entry, are beside these."""
    said = known["anchor"][known["series"] == MODEL]
    days, counts = np.unique(points["anchor"], return_counts=True)
    place, found = np.searchsorted(days, said), np.isin(said, days)
    repeats = np.bincount(place[found], minlength=len(days)) - counts
    return {"anchor": days, "origins": np.ones(len(days), dtype=np.int64), "repeats": repeats}
