"""Stored rows → Plotly figures.

Each trace names its ink in `meta`, so that a page can recolour it for light or dark (static/js/chart.js); the
colours set here are the light ones, for whoever takes a figure as it is. Importing Plotly takes its time,
so that happens in the functions.
"""

from forecasts.charts.evidence import PROMISED, calibration_chart, loss_chart
from forecasts.charts.forecasts import fan_chart, forecast_chart
from forecasts.charts.layout import price_decimals, rangebreaks
from forecasts.charts.prices import MAX_CANDLES, Candle, price_chart, weekly
from forecasts.charts.record import (
    EVENT_NAMES,
    coverage_chart,
    reliability_chart,
    skill_chart,
    tenths_chart,
)
from forecasts.charts.replays import band_chart, replay_chart

__all__ = [
    "EVENT_NAMES",
    "MAX_CANDLES",
    "PROMISED",
    "Candle",
    "band_chart",
    "calibration_chart",
    "coverage_chart",
    "fan_chart",
    "forecast_chart",
    "loss_chart",
    "price_chart",
    "price_decimals",
    "rangebreaks",
    "reliability_chart",
    "replay_chart",
    "skill_chart",
    "tenths_chart",
    "weekly",
]
