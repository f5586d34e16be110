"""What became of the forecasts, by the figures of a track record and a group of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecasts.charts.evidence import PROMISED
from forecasts.charts.layout import line, plain_layout, rgba
from forecasts.models import ForecastPoint

if TYPE_CHECKING:
    import plotly.graph_objects as go

DASHES = {50: "dot", 80: "solid", 90: "dash", 95: "dashdot"}
# Of ml_engine.events: a close above the anchor's less, plus nothing, and plus the usual move.
EVENT_NAMES = ("Above the last close less a usual move", "Above the last close", "Above it plus a usual move")
EVENT_DASHES = ("dash", "solid", "dot")


def coverage_chart(figures: dict[str, Any], steps: str) -> go.Figure:
    """What share of outcomes each band held, by month of the target, against what it promised."""
    import plotly.graph_objects as go

    months = _group(figures, steps).get("months", [])
    names = [row["month"] for row in months]
    traces = []
    for band in PROMISED if months else ():
        held = [100 * row[f"held_{band}"] for row in months]
        traces.append(line(names, held, f"{band} % band", "model", DASHES[band], marks=True))
        ideal = line([names[0], names[-1]], [band, band], f"{band} % promised", "reference", "dot")
        traces.append(ideal.update(showlegend=False, hoverinfo="skip", line={"width": 1}))
    layout = plain_layout("Month of the session forecast", "Held %")
    layout["xaxis"] |= {"type": "category"}
    layout["yaxis"] |= {"hoverformat": ".1f"}
    return go.Figure(traces, layout)


def tenths_chart(figures: dict[str, Any], steps: str) -> go.Figure:
    """Where the outcomes fell in the range forecast: ten parts that promised a tenth each."""
    import plotly.graph_objects as go

    counts = _group(figures, steps).get("pit", [])
    shares = [100 * count / sum(counts) for count in counts] if sum(counts) else []
    places = list(range(1, len(shares) + 1))
    bars = go.Bar(
        x=places,
        y=shares,
        name="Outcomes",
        marker={"color": rgba("model", 0.6), "line": {"width": 0}},
        meta={"ink": "model", "fill": 0.6},
        hovertemplate="%{y:.1f} %",
    )
    ideal = line(places, [10.0] * len(places), "As promised", "reference", "dot")
    layout = plain_layout("Tenth of the range, from the lowest", "Outcomes %")
    layout["xaxis"] |= {"dtick": 1}
    return go.Figure([bars, ideal] if shares else [], layout)


def reliability_chart(figures: dict[str, Any], steps: str) -> go.Figure:
    """How often events happened against the chance stated."""
    import plotly.graph_objects as go

    traces = [line([0, 100], [0, 100], "As stated", "reference", "dot")]
    events = _group(figures, steps).get("events", [])
    for name, dash, event in zip(EVENT_NAMES, EVENT_DASHES, events, strict=False):
        bins = [row for row in event["bins"] if row["points"]]
        stated, happened = ([100 * row[key] for row in bins] for key in ("stated", "happened"))
        trace = line(stated, happened, name, "model", dash, marks=True)
        traces.append(trace.update(customdata=[row["points"] for row in bins], hovertemplate=_HAPPENED))
    layout = plain_layout("Stated chance %", "Happened %")
    layout["hovermode"] = "closest"
    return go.Figure(traces, layout)


_HAPPENED = "stated %{x:.0f} %, happened %{y:.1f} % of %{customdata:,}"


def skill_chart(figures: dict[str, Any], _steps: str) -> go.Figure:
    """By how much the model's CRPS lies below the naive cone's, by step; a star marks significant ones."""
    import plotly.graph_objects as go

    rows = [
        row
        for row in figures["skill"]
        if row["reference"] == ForecastPoint.NAIVE and row["step"] and row["crps_skill"] is not None
    ]
    steps = [str(row["step"]) for row in rows]
    trace = line(steps, [100 * row["crps_skill"] for row in rows], "Skill", "model", marks=True)
    told = [row["p_value"] is not None and row["p_value"] < 0.05 for row in rows]
    trace.update(marker={"size": 10, "symbol": ["star" if one else "circle-open" for one in told]})
    traces = [trace, line(steps, [0.0] * len(steps), "Naive cone", "naive", "dot")] if rows else []
    layout = plain_layout("Sessions ahead", "CRPS below the naive cone’s, %")
    layout["xaxis"] |= {"type": "category"}
    layout["yaxis"] |= {"hoverformat": ".2f"}
    return go.Figure(traces, layout)


def _group(figures: dict[str, Any], steps: str) -> dict[str, Any]:
    """Return the figures of a group of steps; none where nothing is scored."""
    found: dict[str, Any] = next((row for row in figures["groups"] if row["group"] == steps), {})
    return found
