"""A replay's chart."""

from datetime import date

import plotly.graph_objects as go
import pytest

from forecasts import charts
from forecasts.hindsight import Said
from forecasts.models import Instrument
from tests.factories import bars
from tests.forecasts.replayed import ReplayFactory

DAYS = [date(2013, 3, 1), date(2013, 3, 4), date(2013, 3, 5)]


def said(day: date, spread: float, actual: float | None) -> Said:
    return Said(date(2013, 2, 22), day, [100 + spread * (place - 8) for place in range(17)], actual)


def draw(actuals: tuple[float | None, ...] = (101.0, 120.0, None), step: int = 5) -> go.Figure:
    model = [said(day, 1, actual) for day, actual in zip(DAYS, actuals, strict=True)]
    naive = [said(day, 2, actual) for day, actual in zip(DAYS, actuals, strict=True)]
    return charts.band_chart(Instrument(symbol="SAMPLE:T", currency="USD"), step, model, naive)


def test_band_chart_draws_bands_outcomes_and_misses_by_target_date() -> None:
    figure = draw()

    shown = {trace.name: list(trace.y) for trace in figure.data if trace.showlegend is not False}
    assert shown == {
        "Model 80 %, 5 sessions before": [105.0] * 3,
        "Naive 80 %, 5 sessions before": [110.0] * 3,
        "What happened": [101.0, 120.0],
        "Outside the model’s band (1 of 2)": [120.0],
    }
    assert list(figure.data[0].x) == ["2013-03-01", "2013-03-04", "2013-03-05"]
    assert list(figure.data[0].y) == [95.0] * 3


def test_band_chart_speaks_of_one_session() -> None:
    assert draw(step=1).data[1].name == "Model 80 %, 1 session before"


def test_band_chart_of_nothing_is_empty() -> None:
    figure = charts.band_chart(Instrument(symbol="SAMPLE:T"), 5, [], [])

    assert [len(trace.x) for trace in figure.data] == [0, 0]


@pytest.mark.django_db
def test_replay_chart_draws_what_is_stored() -> None:
    replay = ReplayFactory(succeeded=True)
    bars(replay.instrument)

    figure = charts.replay_chart(replay, 5)

    assert [len(trace.x) for trace in figure.data] == [10, 10, 10, 10, 5, 0]
