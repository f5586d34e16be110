"""Rows → figures."""

import os
import subprocess
import sys
from datetime import date, timedelta

import plotly.graph_objects as go
import pytest

from forecasts import charts
from forecasts.models import Evaluation, Forecast, Instrument, PriceBar
from forecasts.presentation import Point
from tests.factories import ForecastRequestFactory, bars, metric_row

ANCHOR = date(2013, 3, 1)
DAYS = [date(2013, 3, 4), date(2013, 3, 5)]


def point(step: int, spread: float, actual: float | None = None) -> Point:
    """Quantiles at 17 levels, evenly spread about 100."""
    prices = [100 + spread * (place - 8) for place in range(17)]
    return Point(step, DAYS[step - 1], prices, 100.0, actual)


def bar(day: date, close: float = 100.0, volume: float = 5.0) -> PriceBar:
    return PriceBar(date=day, open=99.0, high=102.0, low=98.0, close=close, adj_close=close, volume=volume)


def draw(shown: str = "model", actual: float | None = None) -> go.Figure:
    forecast = Forecast(instrument=Instrument(symbol="SAMPLE:T", currency="USD"), shown=shown)
    history = [bar(ANCHOR - timedelta(days=1)), bar(ANCHOR)]
    points = [point(1, 1, actual), point(2, 2)]
    return charts.fan_chart(forecast, history, points, [point(1, 3), point(2, 4)])


def named(figure: go.Figure, name: str) -> go.Scatter:
    (trace,) = [trace for trace in figure.data if trace.name == name]
    return trace


def test_fan_chart_has_candles_bands_median_and_the_naive_outline() -> None:
    names = [trace.name for trace in draw().data if trace.showlegend is not False]

    assert names == ["History", "Model 95 %", "Model 80 %", "Model 50 %", "Model median", "Naive 80 %"]


def test_fan_chart_begins_every_line_at_the_anchors_close() -> None:
    figure = draw()

    assert {(trace.x[0], trace.y[0]) for trace in figure.data[1:]} == {("2013-03-01", 100.0)}


def test_fan_chart_draws_bands_at_their_levels() -> None:
    figure = draw()

    assert list(named(figure, "Model 80 % low").y) == [100.0, 95.0, 90.0]
    assert list(named(figure, "Model 80 %").y) == [100.0, 105.0, 110.0]
    assert list(named(figure, "Model 95 %").y) == [100.0, 107.0, 114.0]
    assert list(named(figure, "Model 50 %").y) == [100.0, 103.0, 106.0]


def test_fan_chart_fills_the_naive_cone_where_that_is_shown() -> None:
    figure = draw(shown="naive")

    assert list(named(figure, "Naive 80 %").y) == [100.0, 115.0, 120.0]
    assert named(figure, "Naive 80 %").fill == "tonexty"
    assert named(figure, "Model 80 %").fill is None


def test_fan_chart_draws_what_happened_as_far_as_it_is_known() -> None:
    line = named(draw(actual=103.0), "What happened")

    assert (list(line.x), list(line.y)) == (["2013-03-01", "2013-03-04"], [100.0, 103.0])


def test_fan_chart_leaves_out_days_without_a_session() -> None:
    assert [list(pause.bounds) for pause in draw().layout.xaxis.rangebreaks] == [["sat", "mon"]]


@pytest.mark.django_db
def test_forecast_chart_draws_what_is_stored() -> None:
    forecast = ForecastRequestFactory(forecast__succeeded=True).forecast
    bars(forecast.instrument, 200)

    figure = charts.forecast_chart(forecast)

    assert (len(figure.data[0].x), figure.data[0].x[-1]) == (70, "2013-03-01")
    assert named(figure, "Model median").x[-1] == "2013-04-01"


@pytest.mark.parametrize(("volume", "traces"), [(5.0, ["SAMPLE:T", "Volume"]), (0.0, ["SAMPLE:T"])])
def test_price_chart_has_candles_and_volume_where_it_is_known(volume: float, traces: list[str]) -> None:
    history = [bar(day, volume=volume) for day in DAYS]

    figure = charts.price_chart(Instrument(symbol="SAMPLE:T", currency="USD"), history)

    assert [trace.name for trace in figure.data] == traces
    assert figure.layout.yaxis.title.text == "Price (USD)"


def test_price_chart_of_no_history_is_empty() -> None:
    figure = charts.price_chart(Instrument(symbol="SAMPLE:T"), [])

    assert [len(trace.x) for trace in figure.data] == [0]


def test_calibration_chart_sets_what_was_held_against_what_was_promised() -> None:
    rows = [metric_row("model", 1), metric_row("model", 20), metric_row("random-walk", 1)]

    figure = charts.calibration_chart(Evaluation(metrics=rows))

    assert [trace.name for trace in figure.data] == ["As promised", "1 session", "20 sessions"]
    assert list(figure.data[1].x) == [50, 80, 90, 95]
    assert list(figure.data[1].y) == pytest.approx([51, 81, 90, 95])


def test_loss_chart_draws_both_losses() -> None:
    history = [{"epoch": 1, "train": 0.4, "validation": 0.5}, {"epoch": 2, "train": 0.3, "validation": 0.45}]

    figure = charts.loss_chart(history)

    assert [(trace.name, list(trace.y)) for trace in figure.data] == [
        ("Training", [0.4, 0.3]),
        ("Validation", [0.5, 0.45]),
    ]


def test_loss_chart_leaves_out_a_loss_that_was_not_kept() -> None:
    figure = charts.loss_chart([{"epoch": 1, "train": 0.4, "validation": None}])

    assert [trace.name for trace in figure.data] == ["Training"]


@pytest.mark.parametrize(
    ("days", "left_out"),
    [
        ([], []),
        ([date(2013, 3, 1), date(2013, 3, 4)], [{"bounds": ["sat", "mon"]}]),
        (
            [date(2013, 3, 1), date(2013, 3, 5)],
            [{"bounds": ["sat", "mon"]}, {"values": ["2013-03-04"]}],
        ),
        ([date(2013, 3, 2), date(2013, 3, 3)], []),
        ([date(2013, 3, 2), date(2013, 3, 4)], [{"values": ["2013-03-03"]}]),
    ],
)
def test_rangebreaks_are_the_days_on_which_nothing_traded(
    days: list[date], left_out: list[dict[str, list[str]]]
) -> None:
    assert charts.rangebreaks(days) == left_out


@pytest.mark.parametrize(("price", "decimals"), [(430.47, 2), (26000.0, 2), (1.0812, 4), (0.00001234, 8)])
def test_price_decimals_suit_the_size(price: float, decimals: int) -> None:
    assert charts.price_decimals(price) == decimals


def test_a_chart_brings_nothing_heavy_into_a_web_process() -> None:
    program = """
import django, json, sys
django.setup()
from forecasts import charts
json.dumps(charts.loss_chart([{"epoch": 1, "train": 0.4, "validation": 0.5}]).to_plotly_json())
print([name for name in ("torch", "sklearn", "scipy", "yfinance", "pandas") if name in sys.modules])
"""
    environment = {"DJANGO_SETTINGS_MODULE": "stockcast_site.settings", **os.environ}

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
