"""What the page of a track record says, from the record's figures."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from forecasts.charts import EVENT_NAMES, PROMISED
from forecasts.models import Forecast
from forecasts.services import ALL_STEPS
from forecasts.templatetags.quotes import METHOD_NAMES
from forecasts.trust import FEWEST, SIGNIFICANT

if TYPE_CHECKING:
    from forecasts.models import TrackRecord

REGIMES: dict[str, Any] = {**dict(Forecast.Regime.choices), "": "not known"}
# The page lists no more months than two years; the chart has all.
MONTHS = 24


def record_report(record: TrackRecord, steps: str) -> dict[str, Any]:
    """Return the context of the page, for a group of steps; `group` is None where nothing is scored."""
    figures = record.figures
    groups = {row["group"]: row for row in figures["groups"]}
    group = groups.get(steps) if record.scored else None
    return {
        "record": record,
        "instrument": record.instrument,
        "sentence": sentence(record),
        "tone": tone(record),
        "spread": _dated(figures["spread"]),
        "ledger": figures["ledger"],
        "instruments": figures.get("instruments"),
        "group": group,
        "promised": PROMISED,
        "coverage": _coverage(group) if group else [],
        "months": _rows(group["months"][-MONTHS:], "month") if group else [],
        "regimes": _regimes(group) if group else [],
        "tenths": _tenths(group) if group else [],
        "events": _events(group) if group else [],
        "skill": _skill(figures, steps),
    }


def _dated(spread: dict[str, Any]) -> dict[str, Any]:
    """Read the days that JSON keeps as text."""
    days = {name: spread[name] for name in ("first_anchor", "last_anchor", "last_session")}
    return spread | {name: date.fromisoformat(day) if day else None for name, day in days.items()}


def tone(record: TrackRecord) -> str:
    """Name the record's finding as forecasts' trust is named; empty where there is too little."""
    if record.origins < FEWEST or record.p_value is None or record.p_value >= SIGNIFICANT:
        return ""
    return "sharper" if (record.crps_skill or 0) > 0 else "worse_than_naive"


def sentence(record: TrackRecord) -> str:
    """Say in one or two sentences what a record shows, or that it is too little."""
    if not record.scored:
        return (
            "Nothing has been scored yet. A forecast is scored when the sessions that it speaks of are over "
            "and their prices final, and only those that had not begun when it was made."
        )
    if record.origins < FEWEST or record.p_value is None or record.crps_skill is None:
        return (
            f"There is too little to judge by: of {record.scored} scored forecasts {record.origins} have all "
            f"of the steps 1, 5, 10 and 20 behind them, and at least {FEWEST} are needed."
        )
    return _finding(record, record.crps_skill, record.p_value)


def _finding(record: TrackRecord, skill: float, p_value: float) -> str:
    percent, better = abs(100 * skill), "lower" if skill > 0 else "higher"
    numbers = (
        f"over {record.origins} forecasts its error (CRPS) was {percent:.1f} % {better} than the naive "
        f"cone’s (p {'< 0.001' if p_value < 0.001 else f'= {p_value:.3f}'})"
    )
    if p_value >= SIGNIFICANT:
        return f"No better than the naive cone can be shown: {numbers}."
    start = "Sharper than the naive cone" if skill > 0 else "Worse than the naive cone"
    return f"{start}: {numbers}.{_correction(record)}"


def _correction(record: TrackRecord) -> str:
    """Say whether an instrument's finding outlasts the number of instruments that are tried."""
    if record.instrument_id is None:
        return ""
    if record.is_significant:
        return " It stands after the correction for how many instruments are tried."
    return " Among so many instruments some show as much by chance: it does not stand after that correction."


def _coverage(group: dict[str, Any]) -> list[dict[str, Any]]:
    held = group["coverage"]
    return [
        {"promised": band, "held": held[f"held_{band}"], "naive_held": held[f"naive_held_{band}"]}
        for band in PROMISED
    ]


def _rows(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Give each row the shares held in the order of PROMISED."""
    return [
        {"name": row[name], "points": row["points"], "held": [row[f"held_{band}"] for band in PROMISED]}
        for row in rows
    ]


def _regimes(group: dict[str, Any]) -> list[dict[str, Any]]:
    rows = _rows(group["regimes"], "regime")
    return [row | {"name": REGIMES[row["name"]]} for row in rows]


def _tenths(group: dict[str, Any]) -> list[float]:
    total = sum(group["pit"])
    return [count / total for count in group["pit"]] if total else []


def _events(group: dict[str, Any]) -> list[dict[str, Any]]:
    """Give events their names, and leave out chances that were never stated."""
    return [
        row
        | {
            "name": name,
            "bins": [
                {"low": 10 * place, "high": 10 * place + 10, **one}
                for place, one in enumerate(row["bins"])
                if one["points"]
            ],
        }
        for name, row in zip(EVENT_NAMES, group["events"], strict=True)
    ]


def _skill(figures: dict[str, Any], steps: str) -> list[dict[str, Any]]:
    """Rows of the steps chosen, and the pooled ones, those beside the naive cone first."""
    return [
        row
        | {
            "name": METHOD_NAMES.get(row["reference"], row["reference"]),
            "is_significant": row["p_value"] is not None and row["p_value"] < SIGNIFICANT,
        }
        for row in figures["skill"]
        if steps == ALL_STEPS or row["step"] is None or _within(row["step"], steps)
    ]


def _within(step: int, steps: str) -> bool:
    first, _, last = steps.partition("-")
    return int(first) <= step <= int(last or first)
