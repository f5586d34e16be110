"""The fan chart."""

from datetime import date, timedelta

import plotly.graph_objects as go
import pytest

from forecasts import charts
from forecasts.hindsight import Ghost
from forecasts.models import Forecast, Instrument, PriceBar, Trust
from forecasts.presentation import Point
from tests.factories import ForecastRequestFactory, bars

ANCHOR = date(2013, 3, 1)
DAYS = [date(2013, 3, 4), date(2013, 3, 5)]


def point(step: int, spread: float, actual: float | None = None) -> Point:
    """Quantiles at 17 levels, evenly spread about 100."""
    prices = [100 + spread * (place - 8) for place in range(17)]
    return Point(step, DAYS[step - 1], prices, 100.0, actual)


def bar(day: date, close: float = 100.0, volume: float = 5.0) -> PriceBar:
    return PriceBar(date=day, open=99.0, high=102.0, low=98.0, close=close, adj_close=close, volume=volume)


def draw(shown: str = "model", actual: float | None = None) -> go.Figure:
    trust = Trust.WORSE_THAN_NAIVE if shown == "naive" else Trust.SHARPER
    forecast = Forecast(instrument=Instrument(symbol="SAMPLE:T", currency="USD"), trust=trust)
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


def haunted(until_step: int = 2) -> go.Figure:
    """With a ghost of the session before the anchor, five sessions by its name."""
    history = [bar(ANCHOR - timedelta(days=back), close=90.0 + back) for back in range(6)][::-1]
    ghost = Ghost(5, False, "model", [point(1, 3), point(2, 4)])
    forecast = Forecast(instrument=Instrument(symbol="SAMPLE:T", currency="USD"))
    points = [point(step, 1) for step in range(1, until_step + 1)]
    return charts.fan_chart(forecast, history, points, [], [ghost])


def test_fan_chart_draws_a_ghost_from_its_own_anchor() -> None:
    upper = named(haunted(), "Said 5 sessions ago")

    assert (upper.x[0], upper.y[0]) == ("2013-02-24", 95.0)
    assert list(upper.y)[1:] == [115.0, 120.0]
    assert list(named(haunted(), "Said 5 sessions ago 80 % low").y)[1:] == [85.0, 80.0]
    assert {trace.legendgroup for trace in haunted().data[-3:]} == {"ghost-5"}


def test_fan_chart_ends_a_ghost_where_the_forecast_ends() -> None:
    assert list(named(haunted(until_step=1), "Said 5 sessions ago").x) == ["2013-02-24", "2013-03-04"]
