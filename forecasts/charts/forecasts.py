"""The fan chart: history, the cone that is shown, the other's outline, and what happened since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecasts.charts.ghosts import ghost_traces
from forecasts.charts.layout import dated_layout, line, range_format, rgba
from forecasts.charts.prices import candles_trace
from forecasts.hindsight import ghosts_of
from forecasts.models import LEVELS, Forecast, ForecastPoint
from forecasts.presentation import points_of_series, shown_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from forecasts.hindsight import Ghost
    from forecasts.models import PriceBar
    from forecasts.presentation import Point

CONES = {ForecastPoint.MODEL: ("model", "Model"), ForecastPoint.NAIVE: ("naive", "Naive")}
# Widest first, so that the narrower ones are drawn upon it: per cent, lower and upper level, opacity.
BANDS = ((95, 0.025, 0.975, 0.14), (80, 0.1, 0.9, 0.2), (50, 0.25, 0.75, 0.28))


def forecast_chart(forecast: Forecast, *, with_ghosts: bool = True) -> go.Figure:
    """Load what a forecast that succeeded is drawn from, in eleven queries at most, and draw it.

    Five are for the cone, one for whether the model or the naive cone is drawn first, five for ghosts.
    """
    sessions = 30 + 2 * forecast.horizon
    newest = forecast.instrument.bars.closed().up_to(forecast.data_as_of).order_by("-date")[:sessions]
    history = list(newest)[::-1]
    series = points_of_series(forecast, [ForecastPoint.MODEL, ForecastPoint.NAIVE])
    ghosts = ghosts_of(forecast, history) if with_ghosts else []
    return fan_chart(forecast, history, series[ForecastPoint.MODEL], series[ForecastPoint.NAIVE], ghosts)


def fan_chart(
    forecast: Forecast,
    history: Sequence[PriceBar],
    points: Sequence[Point],
    naive_points: Sequence[Point],
    ghosts: Sequence[Ghost] = (),
) -> go.Figure:
    """Candles up to the anchor, then the shown cone as bands and a median, the other as an outline.

    `history` ends with the anchor's bar. Where sessions have passed since, what the price did is drawn too,
    and what was said some sessions earlier lies over the end of the history.
    """
    import plotly.graph_objects as go

    cones = [(ForecastPoint.MODEL, points), (ForecastPoint.NAIVE, naive_points)]
    if shown_series(forecast)[0] == ForecastPoint.NAIVE:
        cones.reverse()
    (main, main_points), (other, other_points) = cones
    traces = [candles_trace(history, "History")] if history else []
    traces += _bands(main, history, main_points) + _outline(other, history, other_points)
    traces += _actual(history, points)
    if points:
        until = points[-1].date.isoformat()
        traces += [trace for ghost in ghosts for trace in ghost_traces(ghost, history, until)]
    days = [bar.date for bar in history] + [point.date for point in points]
    figure = go.Figure(traces, dated_layout(days, forecast.instrument, [point.median for point in points]))
    if history:
        figure.add_vline(
            x=history[-1].date.isoformat(), line={"width": 1, "dash": "dot", "color": rgba("reference")}
        )
    return figure


def _from_anchor(
    history: Sequence[PriceBar], points: Sequence[Point], prices: list[float]
) -> tuple[list[str], list[float]]:
    """Begin a line at the anchor's close, where all quantiles meet."""
    start, price = ([history[-1].date], [history[-1].close]) if history else ([], [])
    return [day.isoformat() for day in [*start, *(point.date for point in points)]], price + prices


def _quantile(
    history: Sequence[PriceBar], points: Sequence[Point], level: float
) -> tuple[list[str], list[float]]:
    place = LEVELS.index(level)
    return _from_anchor(history, points, [point.quantiles[place] for point in points])


def _bands(series: str, history: Sequence[PriceBar], points: Sequence[Point]) -> list[Any]:
    if not points:
        return []
    ink, name = CONES[series]
    traces = []
    for percent, low, high, opacity in BANDS:
        lower = line(*_quantile(history, points, low), f"{name} {percent} % low", ink)
        lower.update(line={"width": 0}, hoverinfo="skip", showlegend=False, legendgroup=f"{series}-{percent}")
        upper = line(*_quantile(history, points, high), f"{name} {percent} %", ink)
        upper.update(
            line={"width": 0},
            fill="tonexty",
            fillcolor=rgba(ink, opacity),
            meta={"ink": ink, "fill": opacity},
            legendgroup=f"{series}-{percent}",
            customdata=lower.y,
            hovertemplate=range_format(points[0].median),
        )
        traces += [lower, upper]
    return [*traces, line(*_quantile(history, points, 0.5), f"{name} median", ink)]


def _outline(series: str, history: Sequence[PriceBar], points: Sequence[Point]) -> list[Any]:
    """The 80 % bounds alone, which the legend switches on and off."""
    if not points:
        return []
    ink, name = CONES[series]
    lower = line(*_quantile(history, points, 0.1), f"{name} 80 % low", ink, "dash")
    lower.update(line={"width": 1.5}, showlegend=False, legendgroup=series, hoverinfo="skip")
    upper = line(*_quantile(history, points, 0.9), f"{name} 80 %", ink, "dash")
    upper.update(
        line={"width": 1.5},
        legendgroup=series,
        customdata=lower.y,
        hovertemplate=range_format(points[0].median),
    )
    return [lower, upper]


def _actual(history: Sequence[PriceBar], points: Sequence[Point]) -> list[Any]:
    known = [point for point in points if point.actual is not None]
    if not known:
        return []
    prices = [point.actual for point in known if point.actual is not None]
    return [line(*_from_anchor(history, known, prices), "What happened", "actual")]
