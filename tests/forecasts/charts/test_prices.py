"""Candles and volume."""

from datetime import date

import pytest

from forecasts import charts
from forecasts.models import Instrument, PriceBar

DAYS = [date(2013, 3, 4), date(2013, 3, 5)]


def bar(day: date, close: float = 100.0, volume: float = 5.0) -> PriceBar:
    return PriceBar(date=day, open=99.0, high=102.0, low=98.0, close=close, adj_close=close, volume=volume)


@pytest.mark.parametrize(("volume", "traces"), [(5.0, ["SAMPLE:T", "Volume"]), (0.0, ["SAMPLE:T"])])
def test_price_chart_has_candles_and_volume_where_it_is_known(volume: float, traces: list[str]) -> None:
    history = [bar(day, volume=volume) for day in DAYS]

    figure = charts.price_chart(Instrument(symbol="SAMPLE:T", currency="USD"), history)

    assert [trace.name for trace in figure.data] == traces
    assert figure.layout.yaxis.title.text == "Price (USD)"


def test_price_chart_of_no_history_is_empty() -> None:
    figure = charts.price_chart(Instrument(symbol="SAMPLE:T"), [])

    assert [len(trace.x) for trace in figure.data] == [0]
