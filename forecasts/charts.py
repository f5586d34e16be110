"""Stored rows → Plotly figures.

Each trace names its ink in `meta`, so that a page can recolour it for light or dark (static/js/chart.js); the
colours set here are the light ones, for whoever takes a figure as it is. Importing Plotly takes its time,
so that happens in the functions.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from forecasts.models import LEVELS, Forecast, ForecastPoint
from forecasts.presentation import points_of_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from forecasts.models import Evaluation, Instrument, PriceBar
    from forecasts.presentation import Point

INKS = {
    "model": "13, 92, 99",
    "naive": "166, 95, 12",
    "actual": "155, 35, 86",
    "up": "44, 122, 100",
    "down": "181, 66, 58",
    "volume": "112, 126, 138",
    "reference": "112, 126, 138",
}
CONES = {ForecastPoint.MODEL: ("model", "Model"), ForecastPoint.NAIVE: ("naive", "Naive")}
# Widest first, so that the narrower ones are drawn upon it: per cent, lower and upper level, opacity.
BANDS = ((95, 0.025, 0.975, 0.14), (80, 0.1, 0.9, 0.2), (50, 0.25, 0.75, 0.28))
CALIBRATION_STEPS = {1: "solid", 5: "dash", 10: "dashdot", 20: "dot"}
PROMISED = (50, 80, 90, 95)
# Five years of days; more are neither seen apart nor drawn fast.
MAX_CANDLES = 2000


def price_decimals(price: float) -> int:
    """Return how many decimals show a price well: a share's cents, an exchange rate's pips."""
    size = abs(price)
    return 2 if size >= 10 else 4 if size >= 0.1 else 8


def forecast_chart(forecast: Forecast) -> go.Figure:
    """Load what a forecast that succeeded is drawn from, in five queries, and draw it."""
    sessions = 30 + 2 * forecast.horizon
    newest = forecast.instrument.bars.closed().up_to(forecast.data_as_of).order_by("-date")[:sessions]
    series = points_of_series(forecast, [ForecastPoint.MODEL, ForecastPoint.NAIVE])
    return fan_chart(forecast, list(newest)[::-1], series[ForecastPoint.MODEL], series[ForecastPoint.NAIVE])


def fan_chart(
    forecast: Forecast, history: Sequence[PriceBar], points: Sequence[Point], naive_points: Sequence[Point]
) -> go.Figure:
    """Candles up to the anchor, then the shown cone as bands and a median, the other as an outline.

    `history` ends with the anchor's bar. Where sessions have passed since, what the price did is drawn too.
    """
    import plotly.graph_objects as go

    cones = [(ForecastPoint.MODEL, points), (ForecastPoint.NAIVE, naive_points)]
    if forecast.shown == Forecast.Shown.NAIVE:
        cones.reverse()
    (main, main_points), (other, other_points) = cones
    traces = [_candles(history, "History")] if history else []
    traces += _bands(main, history, main_points) + _outline(other, history, other_points)
    traces += _actual(history, points)
    days = [bar.date for bar in history] + [point.date for point in points]
    figure = go.Figure(traces, _layout(days, forecast.instrument, [point.median for point in points]))
    if history:
        figure.add_vline(
            x=history[-1].date.isoformat(), line={"width": 1, "dash": "dot", "color": _rgba("reference")}
        )
    return figure


class Candle(NamedTuple):
    """What is drawn of a session, or of several: `date` is the first one's."""

    date: date
    open: float
    high: float
    low: float
    close: float
    volume: float


def price_chart(instrument: Instrument, history: Sequence[Candle | PriceBar]) -> go.Figure:
    """Candles above and, where any is known, volume below; `history` is oldest first.

    A history longer than MAX_CANDLES is drawn by the week, which the axis says.
    """
    import plotly.graph_objects as go

    is_weekly = len(history) > MAX_CANDLES
    candles = weekly(history) if is_weekly else history
    days = [] if is_weekly else [bar.date for bar in candles]  # between weeks nothing is left out
    layout = _layout(days, instrument, [bar.close for bar in candles])
    layout["showlegend"] = False
    if is_weekly:
        layout["xaxis"] |= _axis("One candle a week") | {"hoverformat": "Week of %-d %b %Y"}
    traces = [_candles(candles, instrument.symbol)]
    if any(bar.volume for bar in candles):
        traces.append(_volume(candles))
        layout["yaxis"]["domain"] = [0.24, 1]
        layout["yaxis2"] = _axis("Volume") | {
            "domain": [0, 0.18],
            "side": "right",
            "nticks": 3,
            "tickformat": "~s",
        }
        layout["xaxis"]["anchor"] = "y2"
    return go.Figure(traces, layout)


def weekly(history: Sequence[Candle | PriceBar]) -> list[Candle]:
    """Join sessions, oldest first, to weeks from Monday to Sunday."""
    weeks = groupby(history, key=lambda bar: (bar.date.toordinal() - 1) // 7)
    return [_joined(list(sessions)) for _, sessions in weeks]


def _joined(sessions: Sequence[Candle | PriceBar]) -> Candle:
    return Candle(
        date=sessions[0].date,
        open=sessions[0].open,
        high=max(bar.high for bar in sessions),
        low=min(bar.low for bar in sessions),
        close=sessions[-1].close,
        volume=sum(bar.volume for bar in sessions),
    )


def calibration_chart(evaluation: Evaluation) -> go.Figure:
    """What share of outcomes each band held, against the share that it promised, by step."""
    import plotly.graph_objects as go

    ends = [PROMISED[0], PROMISED[-1]]
    ideal = _line(ends, ends, "As promised", "reference", dash="dot")
    traces = [ideal]
    for row in evaluation.metrics:
        if row["method"] == ForecastPoint.MODEL and row["step"] in CALIBRATION_STEPS:
            held = [100 * row[f"coverage_{promised}"] for promised in PROMISED]
            name = f"{row['step']} session{'' if row['step'] == 1 else 's'}"
            traces.append(_line(list(PROMISED), held, name, "model", CALIBRATION_STEPS[row["step"]], True))
    layout = _plain_layout("Promised %", "Held %")
    layout["xaxis"] |= {"tickvals": list(PROMISED)}
    layout["yaxis"] |= {"hoverformat": ".1f"}
    return go.Figure(traces, layout)


def loss_chart(loss_history: Sequence[dict[str, Any]]) -> go.Figure:
    """Training and validation loss by epoch."""
    import plotly.graph_objects as go

    epochs = [row["epoch"] for row in loss_history]
    traces = [
        _line(epochs, losses, name, ink, marks=True)
        for key, name, ink in (("train", "Training", "naive"), ("validation", "Validation", "model"))
        if None not in (losses := [row[key] for row in loss_history])
    ]
    layout = _plain_layout("Epoch", "Pinball loss")
    layout["xaxis"] |= {"tickformat": "d"} | ({"dtick": 1} if len(epochs) <= 10 else {})
    layout["yaxis"] |= {"hoverformat": ".5f"}
    return go.Figure(traces, layout)


def rangebreaks(days: Sequence[date]) -> list[dict[str, Any]]:
    """Return the days between the first and the last that the axis leaves out, for nothing traded on them."""
    if not days:
        return []
    present = set(days)
    span = (days[0] + timedelta(days=count) for count in range((days[-1] - days[0]).days))
    missing = [day for day in span if day not in present]
    if any(day.weekday() >= 5 for day in present):
        return [{"values": [day.isoformat() for day in missing]}] if missing else []
    holidays = [day.isoformat() for day in missing if day.weekday() < 5]
    weekends = {"bounds": ["sat", "mon"]}
    return [weekends, {"values": holidays}] if holidays else [weekends]


def _rgba(ink: str, opacity: float = 1) -> str:
    return f"rgba({INKS[ink]}, {opacity})"


def _candles(history: Sequence[Candle | PriceBar], name: str) -> Any:
    import plotly.graph_objects as go

    columns = {
        column: [getattr(bar, column) for bar in history] for column in ("open", "high", "low", "close")
    }
    return go.Candlestick(
        x=[bar.date.isoformat() for bar in history],
        **columns,
        name=name,
        increasing={"line": {"color": _rgba("up"), "width": 1}, "fillcolor": _rgba("up", 0.55)},
        decreasing={"line": {"color": _rgba("down"), "width": 1}, "fillcolor": _rgba("down", 0.55)},
        meta={"ink": "candles"},
    )


def _volume(history: Sequence[Candle | PriceBar]) -> Any:
    import plotly.graph_objects as go

    return go.Bar(
        x=[bar.date.isoformat() for bar in history],
        y=[bar.volume for bar in history],
        name="Volume",
        yaxis="y2",
        marker={"color": _rgba("volume", 0.5), "line": {"width": 0}},
        meta={"ink": "volume", "fill": 0.5},
        hovertemplate="%{y:,.3s}",
    )


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


def _range_format(points: Sequence[Point]) -> str:
    decimals = price_decimals(points[0].median)
    return f"%{{customdata:,.{decimals}f}} – %{{y:,.{decimals}f}}"


def _line(
    x: Sequence[Any], y: Sequence[float], name: str, ink: str, dash: str = "solid", marks: bool = False
) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=list(x),
        y=list(y),
        name=name,
        mode="lines+markers" if marks else "lines",
        line={"color": _rgba(ink), "width": 2, "dash": dash},
        meta={"ink": ink},
    )


def _bands(series: str, history: Sequence[PriceBar], points: Sequence[Point]) -> list[Any]:
    if not points:
        return []
    ink, name = CONES[series]
    traces = []
    for percent, low, high, opacity in BANDS:
        lower = _line(*_quantile(history, points, low), f"{name} {percent} % low", ink)
        lower.update(line={"width": 0}, hoverinfo="skip", showlegend=False, legendgroup=f"{series}-{percent}")
        upper = _line(*_quantile(history, points, high), f"{name} {percent} %", ink)
        upper.update(
            line={"width": 0},
            fill="tonexty",
            fillcolor=_rgba(ink, opacity),
            meta={"ink": ink, "fill": opacity},
            legendgroup=f"{series}-{percent}",
            customdata=lower.y,
            hovertemplate=_range_format(points),
        )
        traces += [lower, upper]
    return [*traces, _line(*_quantile(history, points, 0.5), f"{name} median", ink)]


def _outline(series: str, history: Sequence[PriceBar], points: Sequence[Point]) -> list[Any]:
    """The 80 % bounds alone, which the legend switches on and off."""
    if not points:
        return []
    ink, name = CONES[series]
    lower = _line(*_quantile(history, points, 0.1), f"{name} 80 % low", ink, "dash")
    lower.update(line={"width": 1.5}, showlegend=False, legendgroup=series, hoverinfo="skip")
    upper = _line(*_quantile(history, points, 0.9), f"{name} 80 %", ink, "dash")
    upper.update(
        line={"width": 1.5},
        legendgroup=series,
        customdata=lower.y,
        hovertemplate=_range_format(points),
    )
    return [lower, upper]


def _actual(history: Sequence[PriceBar], points: Sequence[Point]) -> list[Any]:
    known = [point for point in points if point.actual is not None]
    if not known:
        return []
    prices = [point.actual for point in known if point.actual is not None]
    return [_line(*_from_anchor(history, known, prices), "What happened", "actual")]


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "standoff": 8},
        "automargin": True,
        "gridcolor": _rgba("reference", 0.2),
        "zeroline": False,
    }


def _plain_layout(x_title: str, y_title: str) -> dict[str, Any]:
    import plotly.graph_objects as go

    return {
        "template": go.layout.Template(),  # an empty one: Plotly's own would be 6 kB of unused colours
        "autosize": True,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "hovermode": "x unified",
        "legend": {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        "xaxis": _axis(x_title),
        "yaxis": _axis(y_title),
    }


def _layout(days: Sequence[date], instrument: Instrument, prices: Sequence[float]) -> dict[str, Any]:
    layout = _plain_layout("", f"Price ({instrument.currency})" if instrument.currency else "Price")
    layout["xaxis"] |= {
        "type": "date",
        "rangebreaks": rangebreaks(days),
        "rangeslider": {"visible": False},
        "hoverformat": "%a %-d %b %Y",
    }
    decimals = price_decimals(prices[-1]) if prices else 2
    layout["yaxis"] |= {"side": "right", "hoverformat": f",.{decimals}f", "separatethousands": True}
    return layout
