"""A forecast is told of its market where there is one, says so, and works without."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from forecasts import services, tasks
from forecasts.models import Evaluation, Forecast, Instrument
from forecasts.pipeline.prices import Known, Market

ORIGIN = date(2012, 6, 15)
CLOSES = pd.Series([1.0, 2.0], index=pd.DatetimeIndex(["2013-02-28", "2013-03-01"], name="date"))


def computed(instrument: Instrument, **wish: Any) -> Forecast:
    wish = {"method": "house", "horizon": 5, "as_of": ORIGIN, **wish}
    forecast = services.ask_forecast(
        owner=None, question=services.Question(instrument.symbol, **wish)
    ).forecast
    Forecast.objects.filter(pk=forecast.pk).update(prices_ready=True)
    tasks.compute(forecast.pk)
    return Forecast.objects.get(pk=forecast.pk)


def again(forecast: Forecast, **wish: Any) -> Forecast:
    """Ask anew, as after a restatement that changed nothing."""
    Instrument.objects.filter(pk=forecast.instrument_id).update(data_revision=forecast.data_revision + 1)
    return computed(forecast.instrument, **wish)


def medians(forecast: Forecast) -> list[Any]:
    return list(forecast.points.filter(series="model").order_by("step").values_list("quantiles", flat=True))


def market_of(forecast: Forecast) -> tuple[Any, str]:
    assert forecast.model is not None
    return forecast.model["market"], forecast.model["market_missing"]


def test_the_index_is_used_and_named(stock: Instrument, index: Instrument) -> None:
    forecast = computed(stock)

    market, missing = market_of(forecast)
    assert (market["symbol"], market["as_of"], len(market["sha256"])) == ("^GSPC", "2012-06-15", 64)
    assert missing == ""
    assert forecast.evaluation is not None
    assert forecast.evaluation.market_symbol == "^GSPC"
    assert forecast.evaluation.market_hash not in ("", market["sha256"])


def test_it_changes_the_forecast_and_its_evidence(stock: Instrument, index: Instrument) -> None:
    beside = computed(stock)
    index.delete()
    alone = again(beside)

    assert medians(alone) != medians(beside)
    assert market_of(alone) == (None, "^GSPC")
    assert Evaluation.objects.count() == 2
    assert alone.evaluation is not None
    assert alone.evaluation.metrics != beside.evaluation.metrics  # type: ignore[union-attr]  # it succeeded


def test_no_close_after_the_origin_enters(stock: Instrument, index: Instrument) -> None:
    before = computed(stock)
    index.bars.filter(date__gt=ORIGIN).update(adj_close=1.0)

    after = again(before)

    assert medians(after) == medians(before)
    assert market_of(after) == market_of(before)


def test_a_restated_index_is_another_evidence(stock: Instrument, index: Instrument) -> None:
    before = computed(stock)
    index.bars.filter(date=date(2012, 1, 5)).update(adj_close=150.0)
    Forecast.objects.update(status="cancelled")

    after = computed(stock)

    assert after.data_revision == before.data_revision
    assert after.evaluation != before.evaluation


@pytest.mark.parametrize(("last", "used"), [(date(2012, 6, 14), True), (date(2012, 6, 13), False)])
def test_an_index_more_than_one_session_behind_is_not_used(
    stock: Instrument, index: Instrument, last: date, used: bool
) -> None:
    index.bars.filter(date__gt=last).delete()

    market, missing = market_of(computed(stock))

    assert (market is not None, missing) == (used, "" if used else "^GSPC")


def test_provisional_closes_of_the_index_are_not_used(stock: Instrument, index: Instrument) -> None:
    index.bars.filter(date=ORIGIN).update(state="unfinished")

    assert market_of(computed(stock))[0]["as_of"] == "2012-06-14"


def test_fine_tuning_is_told_of_the_index(stock: Instrument, index: Instrument) -> None:
    beside = computed(stock, method="fine-tuned")
    index.delete()
    alone = again(beside, method="fine-tuned")

    assert market_of(beside)[0]["symbol"] == "^GSPC"
    assert market_of(alone) == (None, "^GSPC")
    assert beside.loss_history != alone.loss_history


def test_a_model_that_has_learned_no_market_is_told_of_none(stock: Instrument, index: Instrument) -> None:
    assert market_of(computed(stock, method="from-scratch")) == (None, "")


def test_samples_have_no_market(goog: Instrument, index: Instrument) -> None:
    assert market_of(computed(goog)) == (None, "")


def test_what_was_known_before_a_day_excludes_it() -> None:
    bars = pd.DataFrame({"close": CLOSES})

    before = Known(bars, Market("^GSPC", CLOSES)).before(date(2013, 3, 1))

    assert before.bars["close"].tolist() == [1.0]
    assert before.market.as_json() == Market("^GSPC", CLOSES[:1]).as_json()
    assert before.market.before(date(2013, 2, 28)) == Market("^GSPC")
