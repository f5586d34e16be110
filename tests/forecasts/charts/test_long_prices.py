"""Price charts of long histories."""

from datetime import date, timedelta

import pytest

from forecasts import charts
from forecasts.charts import MAX_CANDLES, Candle
from forecasts.models import Instrument
from tests.factories import weekdays_until

LAST_DAY = date(2013, 3, 1)


def candle(day: date, price: float) -> Candle:
    return Candle(day, open=price, high=price + 2, low=price - 2, close=price + 1, volume=10.0)


def test_sessions_are_joined_to_weeks_from_monday_to_sunday() -> None:
    monday = date(2013, 2, 25)
    days = [
        monday - timedelta(days=3),
        *(monday + timedelta(days=n) for n in (1, 2, 6)),
        monday + timedelta(days=7),
    ]
    history = [candle(day, price) for day, price in zip(days, (50, 60, 80, 70, 90), strict=True)]

    weeks = charts.weekly(history)

    assert [week.date for week in weeks] == [days[0], days[1], days[4]]
    assert weeks[1] == Candle(days[1], open=60, high=82, low=58, close=71, volume=30.0)
    assert (weeks[0], weeks[2]) == (history[0], history[4])


@pytest.mark.parametrize(("count", "drawn", "title"), [(0, MAX_CANDLES, ""), (1, 401, "One candle a week")])
def test_a_long_price_chart_is_weekly_and_says_so(count: int, drawn: int, title: str) -> None:
    history = [candle(day, 100.0) for day in weekdays_until(LAST_DAY, MAX_CANDLES + count)]

    figure = charts.price_chart(Instrument(symbol="SAMPLE:T", currency="USD"), history)

    assert {len(trace.x) for trace in figure.data} == {drawn}
    assert figure.layout.xaxis.title.text == title
    assert figure.data[0].close[-1] == history[-1].close
