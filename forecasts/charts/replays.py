"""A replay's chart: the band as it was some sessions before, around what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecasts.charts.layout import dated_layout, line, range_format, rgba
from forecasts.hindsight import said_at
from forecasts.models import LEVELS, ForecastPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from forecasts.hindsight import Said
    from forecasts.models import Instrument, Replay

LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
BAND = 80


def replay_chart(replay: Replay, step: int) -> go.Figure:
    """Load what a replay that succeeded said `step` sessions ahead, in four queries, and draw it."""
    model, naive = said_at(replay, step), said_at(replay, step, ForecastPoint.NAIVE)
    return band_chart(replay.instrument, step, model, naive)


def band_chart(instrument: Instrument, step: int, model: Sequence[Said], naive: Sequence[Said]) -> go.Figure:
    """The model's 80 % band and the naive cone's outline by target date, what happened, and the misses."""
    import plotly.graph_objects as go

    ahead = f"{step} session{'' if step == 1 else 's'} before"
    traces = _bounds(model, f"Model 80 %, {ahead}", "model", fill=0.2)
    traces += _bounds(naive, f"Naive 80 %, {ahead}", "naive")
    known = [one for one in model if one.actual is not None]
    traces.append(_outcomes(known, "What happened", mode="lines"))
    missed = [one for one in known if not one.held(BAND)]
    traces.append(_outcomes(missed, f"Outside the model’s band ({len(missed)} of {len(known)})", "markers"))
    days = [one.date for one in model]
    return go.Figure(traces, dated_layout(days, instrument, [said.quantiles[HIGH] for said in model]))


def _bounds(said: Sequence[Said], name: str, ink: str, fill: float | None = None) -> list[Any]:
    if not said:
        return []
    days = [one.date.isoformat() for one in said]
    lower = line(days, [one.quantiles[LOW] for one in said], f"{name} low", ink, "solid" if fill else "dash")
    upper = line(days, [one.quantiles[HIGH] for one in said], name, ink, "solid" if fill else "dash")
    lower.update(line={"width": 0 if fill else 1}, hoverinfo="skip", showlegend=False, legendgroup=name)
    upper.update(
        line={"width": 0 if fill else 1},
        legendgroup=name,
        customdata=lower.y,
        hovertemplate=range_format(said[-1].quantiles[LOW]),
    )
    if fill:
        upper.update(fill="tonexty", fillcolor=rgba(ink, fill), meta={"ink": ink, "fill": fill})
    return [lower, upper]


def _outcomes(said: Sequence[Said], name: str, mode: str) -> Any:
    days = [one.date.isoformat() for one in said]
    trace = line(days, [one.actual for one in said if one.actual is not None], name, "actual")
    trace.update(mode=mode)
    if mode == "markers":
        trace.update(marker={"symbol": "x", "size": 7}, hoverinfo="skip")
    else:
        trace.update(line={"width": 1.5})
    return trace
