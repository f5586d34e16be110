"""Ghost cones: what was said some sessions earlier, in thin dots over what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecasts.charts.layout import line, range_format
from forecasts.models import LEVELS, MEDIAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasts.hindsight import Ghost
    from forecasts.models import PriceBar

DASHES = {5: "dot", 20: "dashdot"}
LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


def ghost_traces(ghost: Ghost, history: Sequence[PriceBar], until: str) -> list[Any]:
    """Draw the 80 % bounds and the median up to the day `until`; the legend switches all three at once.

    `history` ends with the bar that the ghost is `sessions_ago` from.
    """
    start = history[-1 - ghost.sessions_ago]
    points = [point for point in ghost.points if point.date.isoformat() <= until]
    days = [start.date.isoformat(), *(point.date.isoformat() for point in points)]
    said = f"{ghost.sessions_ago} sessions ago"
    name = f"{said} (replayed)" if ghost.is_replayed else f"Said {said}"
    group = f"ghost-{ghost.sessions_ago}"
    traces = []
    for level, label in ((LOW, "80 % low"), (MEDIAN, "median"), (HIGH, "")):
        prices = [start.close, *(point.quantiles[level] for point in points)]
        trace = line(days, prices, f"{name} {label}".strip(), "reference", DASHES[ghost.sessions_ago])
        trace.update(line={"width": 1}, legendgroup=group, showlegend=level == HIGH, hoverinfo="skip")
        traces.append(trace)
    lower, _, upper = traces
    upper.update(customdata=lower.y, hoverinfo=None, hovertemplate=range_format(start.close))
    return traces
