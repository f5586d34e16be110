"""How well the model did: calibration on past origins, and the loss while it was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecasts.charts.layout import line, plain_layout
from forecasts.models import ForecastPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from forecasts.models import Evaluation

CALIBRATION_STEPS = {1: "solid", 5: "dash", 10: "dashdot", 20: "dot"}
PROMISED = (50, 80, 90, 95)


def calibration_chart(evaluation: Evaluation) -> go.Figure:
    """What share of outcomes each band held, against the share that it promised, by step."""
    import plotly.graph_objects as go

    ends = [PROMISED[0], PROMISED[-1]]
    ideal = line(ends, ends, "As promised", "reference", dash="dot")
    traces = [ideal]
    for row in evaluation.metrics:
        if row["method"] == ForecastPoint.MODEL and row["step"] in CALIBRATION_STEPS:
            held = [100 * row[f"coverage_{promised}"] for promised in PROMISED]
            name = f"{row['step']} session{'' if row['step'] == 1 else 's'}"
            traces.append(line(list(PROMISED), held, name, "model", CALIBRATION_STEPS[row["step"]], True))
    layout = plain_layout("Promised %", "Held %")
    layout["xaxis"] |= {"tickvals": list(PROMISED)}
    layout["yaxis"] |= {"hoverformat": ".1f"}
    return go.Figure(traces, layout)


def loss_chart(loss_history: Sequence[dict[str, Any]]) -> go.Figure:
    """Training and validation loss by epoch."""
    import plotly.graph_objects as go

    epochs = [row["epoch"] for row in loss_history]
    traces = [
        line(epochs, losses, name, ink, marks=True)
        for key, name, ink in (("train", "Training", "naive"), ("validation", "Validation", "model"))
        if None not in (losses := [row[key] for row in loss_history])
    ]
    layout = plain_layout("Epoch", "Pinball loss")
    layout["xaxis"] |= {"tickformat": "d"} | ({"dtick": 1} if len(epochs) <= 10 else {})
    layout["yaxis"] |= {"hoverformat": ".5f"}
    return go.Figure(traces, layout)
