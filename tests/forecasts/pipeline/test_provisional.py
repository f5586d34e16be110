"""A forecast may start from a provisional close; no model learns from one or is judged on one."""

from datetime import date
from typing import Any

import pytest

from forecasts import services, tasks
from forecasts.models import Forecast, Instrument

LAST, BEFORE = date(2013, 3, 1), date(2013, 2, 28)
PRICES = ("open", "high", "low", "close", "adj_close")


def provisional(instrument: Instrument, close: float | None = None, state: str = "provisional") -> None:
    """Make the last bar provisional, and give it another price."""
    changes: dict[str, Any] = {"state": state}
    if close is not None:
        changes |= dict.fromkeys(PRICES, close)
    instrument.bars.filter(date=LAST).update(**changes)


def computed(instrument: Instrument, method: str = "house", as_of: date = LAST) -> Forecast:
    question = services.Question(instrument.symbol, 5, method, as_of)
    forecast = services.ask_forecast(owner=None, question=question).forecast
    Forecast.objects.filter(pk=forecast.pk).update(prices_ready=True)
    tasks.compute(forecast.pk)
    return Forecast.objects.get(pk=forecast.pk)


@pytest.mark.parametrize("state", ["final", "repaired", "provisional"])
def test_a_forecast_starts_from_the_newest_close_and_says_what_it_is(stock: Instrument, state: str) -> None:
    provisional(stock, 850.0, state)

    forecast = computed(stock)

    assert (forecast.status, forecast.data_as_of, forecast.anchor_close) == ("succeeded", LAST, 850.0)
    assert forecast.model is not None
    assert forecast.model["origin"] == state


def test_an_unfinished_session_enters_nothing(stock: Instrument) -> None:
    without = computed(stock, as_of=BEFORE)
    provisional(stock, 1.0, "unfinished")

    forecast = computed(stock)

    assert (forecast.data_as_of, forecast.bars_hash) == (BEFORE, without.bars_hash)


def test_a_bar_that_stayed_provisional_before_the_last_one_enters_nothing(stock: Instrument) -> None:
    stock.bars.filter(date=BEFORE).update(state="provisional", low=1.0)
    broken = computed(stock)
    Forecast.objects.update(status="cancelled")
    stock.bars.filter(date=BEFORE).delete()

    without = computed(stock)

    assert broken.bars_hash == without.bars_hash


def test_fine_tuned_weights_do_not_depend_on_a_provisional_close(stock: Instrument) -> None:
    provisional(stock)
    one = computed(stock, "fine-tuned")
    Forecast.objects.update(status="cancelled")
    provisional(stock, 900.0)

    two = computed(stock, "fine-tuned")

    assert one.model is not None
    assert two.model is not None
    assert (one.anchor_close, two.anchor_close) == (pytest.approx(806.19), 900.0)
    assert one.model["sha256"] == two.model["sha256"]
    assert one.model["trained_until"] == f"{BEFORE}"


def test_a_provisional_close_of_the_index_is_told_and_not_learned_from(
    stock: Instrument, index: Instrument
) -> None:
    provisional(index)
    one = computed(stock, "fine-tuned")
    Forecast.objects.update(status="cancelled")
    provisional(index, 300.0)

    two = computed(stock, "fine-tuned")

    assert one.model is not None
    assert two.model is not None
    assert one.model["market"]["as_of"] == two.model["market"]["as_of"] == f"{LAST}"
    assert one.model["market"]["sha256"] != two.model["market"]["sha256"]
    assert one.model["sha256"] == two.model["sha256"]


def test_evidence_of_a_month_ends_before_a_provisional_close(stock: Instrument) -> None:
    """The last session of February is provisional still while March has begun."""
    stock.bars.filter(date=LAST).delete()
    stock.bars.filter(date=BEFORE).update(state="provisional")
    one = computed(stock, as_of=LAST)
    Forecast.objects.update(status="cancelled")
    stock.bars.filter(date=BEFORE).update(**dict.fromkeys(PRICES, 900.0))

    two = computed(stock, as_of=LAST)

    assert (one.data_as_of, two.anchor_close) == (BEFORE, 900.0)
    assert one.evaluation is not None
    assert one.evaluation == two.evaluation
