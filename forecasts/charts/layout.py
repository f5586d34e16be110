"""What all charts share: inks, axes, layouts, lines, and the days that an axis leaves out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasts.models import Instrument

INKS = {
    "model": "13, 92, 99",
    "naive": "166, 95, 12",
    "actual": "155, 35, 86",
    "up": "44, 122, 100",
    "down": "181, 66, 58",
    "volume": "112, 126, 138",
    "reference": "112, 126, 138",
}


def rgba(ink: str, opacity: float = 1) -> str:
    return f"rgba({INKS[ink]}, {opacity})"


def price_decimals(price: float) -> int:
    """Return how many decimals show a price well: a share's cents, an exchange rate's pips."""
    size = abs(price)
    return 2 if size >= 10 else 4 if size >= 0.1 else 8


def range_format(price: float) -> str:
    """How the upper bound of a band tells both; the lower one is in its `customdata`."""
    decimals = price_decimals(price)
    return f"%{{customdata:,.{decimals}f}} – %{{y:,.{decimals}f}}"


def line(
    x: Sequence[Any], y: Sequence[float], name: str, ink: str, dash: str = "solid", marks: bool = False
) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=list(x),
        y=list(y),
        name=name,
        mode="lines+markers" if marks else "lines",
        line={"color": rgba(ink), "width": 2, "dash": dash},
        meta={"ink": ink},
    )


def axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "standoff": 8},
        "automargin": True,
        "gridcolor": rgba("reference", 0.2),
        "zeroline": False,
    }


def plain_layout(x_title: str, y_title: str) -> dict[str, Any]:
    import plotly.graph_objects as go

    return {
        "template": go.layout.Template(),  # an empty one: Plotly's own would be 6 kB of unused colours
        "autosize": True,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "hovermode": "x unified",
        "legend": {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        "xaxis": axis(x_title),
        "yaxis": axis(y_title),
    }


def dated_layout(days: Sequence[date], instrument: Instrument, prices: Sequence[float]) -> dict[str, Any]:
    layout = plain_layout("", f"Price ({instrument.currency})" if instrument.currency else "Price")
    layout["xaxis"] |= {
        "type": "date",
        "rangebreaks": rangebreaks(days),
        "rangeslider": {"visible": False},
        "hoverformat": "%a %-d %b %Y",
    }
    decimals = price_decimals(prices[-1]) if prices else 2
    layout["yaxis"] |= {"side": "right", "hoverformat": f",.{decimals}f", "separatethousands": True}
    return layout


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
