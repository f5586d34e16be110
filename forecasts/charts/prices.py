"""Candles and volume, by the session or the week."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from forecasts.charts.layout import axis, dated_layout, rgba

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from forecasts.models import Instrument, PriceBar

# Five years of days; more are neither seen apart nor drawn fast.
MAX_CANDLES = 2000


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
    layout = dated_layout(days, instrument, [bar.close for bar in candles])
    layout["showlegend"] = False
    if is_weekly:
        layout["xaxis"] |= axis("One candle a week") | {"hoverformat": "Week of %-d %b %Y"}
    traces = [candles_trace(candles, instrument.symbol)]
    if any(bar.volume for bar in candles):
        traces.append(_volume(candles))
        layout["yaxis"]["domain"] = [0.24, 1]
        layout["yaxis2"] = axis("Volume") | {
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


def candles_trace(history: Sequence[Candle | PriceBar], name: str) -> Any:
    import plotly.graph_objects as go

    columns = {
        column: [getattr(bar, column) for bar in history] for column in ("open", "high", "low", "close")
    }
    return go.Candlestick(
        x=[bar.date.isoformat() for bar in history],
        **columns,
        name=name,
        increasing={"line": {"color": rgba("up"), "width": 1}, "fillcolor": rgba("up", 0.55)},
        decreasing={"line": {"color": rgba("down"), "width": 1}, "fillcolor": rgba("down", 0.55)},
        meta={"ink": "candles"},
    )


def _volume(history: Sequence[Candle | PriceBar]) -> Any:
    import plotly.graph_objects as go

    return go.Bar(
        x=[bar.date.isoformat() for bar in history],
        y=[bar.volume for bar in history],
        name="Volume",
        yaxis="y2",
        marker={"color": rgba("volume", 0.5), "line": {"width": 0}},
        meta={"ink": "volume", "fill": 0.5},
        hovertemplate="%{y:,.3s}",
    )
