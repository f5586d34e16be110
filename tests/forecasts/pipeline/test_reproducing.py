"""Live forecasts made again: the market beside them, a provisional start, a challenger in the shadow."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from forecasts import ingest, pipeline, services, tasks
from forecasts.market_data.base import History
from forecasts.models import BAR_COLUMNS, Forecast, Instrument, Restatement
from forecasts.pipeline import Finding, Reproduction
from tests.forecasts.house_models import kept

LAST = date(2013, 3, 1)
PRICES = ["open", "high", "low", "close", "adj_close"]


def computed(instrument: Instrument, method: str = "house", as_of: date = LAST) -> Forecast:
    question = services.Question(instrument.symbol, 5, method, as_of)
    forecast = services.ask_forecast(owner=None, question=question).forecast
    Forecast.objects.filter(pk=forecast.pk).update(prices_ready=True)
    tasks.compute(forecast.pk)
    return Forecast.objects.get(pk=forecast.pk)


def again(forecast: Forecast) -> Reproduction:
    return pipeline.reproduce(Forecast.objects.get(pk=forecast.pk))


def restate(
    instrument: Instrument, factor: float, since: str, until: str, at: datetime | None = None
) -> None:
    """Let the source correct prices of some sessions, and settle all."""
    frame = instrument.bars.all().as_frame()[list(BAR_COLUMNS)]
    frame.loc[since:until, PRICES] *= factor
    ingest.store(
        instrument,
        History(bars=frame, actions=[], about={}),
        reason=Restatement.Reason.DISAGREEMENT,
        fetched_at=at,
    )


def lines(found: Reproduction, beginning: str) -> list[tuple[Finding, str]]:
    return [line for line in found.lines if line[1].startswith(beginning)]


def test_the_same_closes_of_the_market_are_told(stock: Instrument, index: Instrument) -> None:
    found = again(computed(stock))

    assert found.is_identical
    assert lines(found, "market") == [
        (Finding.SAME, "market: closes of ^GSPC up to 2013-03-01, as they were")
    ]


def test_a_market_that_was_restated_is_had_back(stock: Instrument, index: Instrument) -> None:
    forecast = computed(stock)
    restate(index, 1.5, "2013-02-01", "2013-02-08")

    assert again(forecast).is_identical


def test_a_market_that_was_changed_by_hand_is_named(stock: Instrument, index: Instrument) -> None:
    forecast = computed(stock)
    index.bars.filter(date="2013-02-28").update(adj_close=1000.0)

    found = again(forecast)

    words = "market: closes of ^GSPC up to 2013-03-01 have changed"
    assert lines(found, "market") == [(Finding.DIFFERS, words)]
    assert lines(found, "points of model")[0][0] == Finding.DIFFERS
    assert lines(found, "points of random-walk")[0][0] == Finding.SAME


def test_a_market_that_is_restored_may_be_off_by_rounding(stock: Instrument, index: Instrument) -> None:
    forecast = computed(stock)
    restate(index, 1 / 1.37, "2004-08-19", "2013-03-01")
    index.bars.update(adj_close=F("adj_close") * (1 + 1e-9))

    found = again(forecast)

    assert lines(found, "market")[0][0] == Finding.NEAR
    assert not found.has(Finding.DIFFERS)


def test_a_market_that_is_gone_is_named(stock: Instrument, index: Instrument) -> None:
    forecast = computed(stock)
    index.delete()

    found = again(forecast)

    assert lines(found, "market") == [(Finding.MISSING, "market: no closes of ^GSPC are stored any more")]


@pytest.mark.parametrize("method", ["house", "fine-tuned"])
def test_a_forecast_that_began_at_a_provisional_close_is_made_again_after_it_settled(
    stock: Instrument, index: Instrument, method: str
) -> None:
    for instrument in (stock, index):
        instrument.bars.filter(date=LAST).update(state="provisional")
    forecast = computed(stock, method)
    restate(stock, 1.02, "2013-03-01", "2013-03-01", timezone.now() + timedelta(days=3))
    restate(index, 0.99, "2013-03-01", "2013-03-01", timezone.now() + timedelta(days=3))

    found = again(forecast)

    assert stock.bars.get(date=LAST).state == "final"
    assert stock.bars.get(date=LAST).close == pytest.approx(1.02 * (forecast.anchor_close or 0.0))
    assert found.is_identical, found.lines


def test_the_challengers_shadow_is_made_again_too(goog: Instrument) -> None:
    kept(date(2012, 1, 31))

    found = again(computed(goog))

    assert found.is_identical
    assert len(lines(found, "points of challenger")) == 1


def test_a_challenger_that_is_gone_is_named(goog: Instrument) -> None:
    row: Any = kept(date(2012, 1, 31))
    forecast = computed(goog)
    row.delete()

    found = again(forecast)

    assert lines(found, "points of challenger") == [
        (Finding.MISSING, "points of challenger: nothing makes them any more")
    ]
    assert lines(found, "points of model")[0][0] == Finding.SAME
