"""The figure behind an instrument's page, of a short range and a long one."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from forecasts.charts import MAX_CANDLES
from forecasts.models import Instrument
from tests.factories import InstrumentFactory, bars

CHART = "/instruments/SAMPLE:LONG/chart.json"


@pytest.fixture
def long(db: None) -> Instrument:
    instrument = InstrumentFactory(symbol="SAMPLE:LONG")
    bars(instrument, MAX_CANDLES + 1)
    return instrument


def test_instrument_chart_takes_as_many_queries_for_all_as_for_a_quarter(
    client: Client, long: Instrument, queries: Callable[[Client, str], int]
) -> None:
    assert queries(client, f"{CHART}?range=all") == queries(client, f"{CHART}?range=3m") == 3


def test_instrument_chart_of_a_long_history_is_thinned(client: Client, long: Instrument) -> None:
    figure = client.get(CHART, {"range": "all"}).json()

    assert len(figure["data"][0]["x"]) < MAX_CANDLES / 4
    assert "rangebreaks" not in figure["layout"]["xaxis"]


def test_instrument_chart_is_not_sent_twice(client: Client, long: Instrument) -> None:
    first = client.get(CHART)
    second = client.get(CHART, headers={"If-None-Match": first.headers["ETag"]})
    bars(long, 1, last=date(2013, 3, 4))
    third = client.get(CHART, headers={"If-None-Match": first.headers["ETag"]})

    assert [answer.status_code for answer in (first, second, third)] == [200, 304, 200]
    assert set(first.headers["Cache-Control"].split(", ")) == {"private", "no-cache"}
