"""The challenger beside the model that answers, and the champion in its place."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from forecasts import presentation, services, tasks
from forecasts.models import Forecast, ForecastPoint, HouseModel, Instrument
from forecasts.pipeline.champion import champion_for, house_of
from ml_engine.forecaster import LSTMForecaster, vintages
from tests.forecasts.house_models import kept, trained

CHALLENGER = ForecastPoint.CHALLENGER
LONG_AGO = date(2012, 1, 31)
SESSION = date(2013, 3, 1)


def computed(instrument: Instrument, **wish: Any) -> Forecast:
    question = services.Question(instrument.symbol, **{"method": "house", "horizon": 5, **wish})
    forecast = services.ask_forecast(owner=None, question=question).forecast
    tasks.compute(forecast.pk)
    return Forecast.objects.get(pk=forecast.pk)


def quantiles(forecast: Forecast, series: str) -> list[list[float]]:
    return list(forecast.points.filter(series=series).order_by("step").values_list("quantiles", flat=True))


def about(forecast: Forecast) -> dict[str, Any]:
    assert forecast.model is not None
    return forecast.model


def test_the_challenger_forecasts_from_the_same_bars(goog: Instrument) -> None:
    row = kept(LONG_AGO)

    forecast = computed(goog)

    bars = goog.bars.as_frame()
    alone = trained(LONG_AGO).predict(bars.assign(**adjusted(bars)), horizon=5).log_returns[0]
    assert about(forecast)["challenger"] == row.sha256
    assert np.array_equal(quantiles(forecast, CHALLENGER), alone)


def adjusted(bars: Any) -> dict[str, Any]:
    factor = bars["adj_close"] / bars["close"]
    return {name: bars[name] * factor for name in ("open", "high", "low", "close")}


def test_nobody_is_shown_the_challenger(goog: Instrument) -> None:
    kept(LONG_AGO)

    forecast = computed(goog)

    assert CHALLENGER not in presentation.shown_series(forecast)
    assert about(forecast)["sha256"] in {card.sha256 for card in vintages()}


def test_the_answer_is_the_same_with_a_challenger_and_without(goog: Instrument) -> None:
    without = computed(goog, as_of=date(2013, 2, 28))
    Forecast.objects.update(status="cancelled")
    kept(LONG_AGO)

    beside = computed(goog, as_of=date(2013, 2, 28))

    assert beside.pk != without.pk
    assert quantiles(beside, "model") == quantiles(without, "model")


@pytest.mark.parametrize("until", [SESSION, date(2014, 1, 31)])
def test_a_challenger_says_nothing_of_sessions_that_it_has_seen(goog: Instrument, until: date) -> None:
    kept(until)

    forecast = computed(goog)

    assert forecast.status == "succeeded"
    assert "challenger" not in about(forecast)
    assert not quantiles(forecast, CHALLENGER)


def test_other_methods_have_no_shadow(goog: Instrument) -> None:
    kept(LONG_AGO)

    assert not quantiles(computed(goog, method="fine-tuned"), CHALLENGER)


@pytest.mark.parametrize("damage", [{"weights": b"no weights"}, {"card": {}}, {"weights": None}])
def test_a_challenger_that_cannot_be_read_costs_the_forecast_nothing(
    goog: Instrument, damage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    row = kept(LONG_AGO)
    HouseModel.objects.filter(pk=row.pk).update(**damage)

    forecast = computed(goog)

    assert (forecast.status, quantiles(forecast, CHALLENGER)) == ("succeeded", [])
    assert "cannot be used" in caplog.text


def test_a_challenger_that_breaks_costs_the_forecast_nothing(
    goog: Instrument, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept(LONG_AGO)
    monkeypatch.setattr("forecasts.pipeline.shadow.challenger_for", lambda _: 1 / 0)

    forecast = computed(goog)

    assert (forecast.status, quantiles(forecast, CHALLENGER)) == ("succeeded", [])
    assert "goes without its shadow" in caplog.text


def test_the_champion_answers_and_is_judged_on_what_it_has_not_seen(goog: Instrument) -> None:
    row = kept(LONG_AGO, HouseModel.Status.CHAMPION)

    forecast = computed(goog)

    fair_from = trained(LONG_AGO).card.fair_from
    assert about(forecast)["sha256"] == row.sha256
    assert forecast.evaluation is not None
    assert forecast.evaluation.model_hash == row.sha256
    assert forecast.evaluation.first_origin > fair_from
    assert forecast.in_sample is False


def test_a_young_champion_answers_before_it_can_be_judged(goog: Instrument) -> None:
    until = date(2012, 11, 20)
    row = kept(until, HouseModel.Status.CHAMPION)

    forecast = computed(goog)

    assert about(forecast)["sha256"] == row.sha256
    assert forecast.evaluation is not None
    assert forecast.evaluation.origins == 0
    assert (forecast.trust, forecast.in_sample) == ("no_demonstrated_skill", False)


@pytest.mark.parametrize("method", ["house", "fine-tuned"])
def test_a_champion_never_answers_for_a_day_within_sixty_sessions_of_what_it_saw(
    goog: Instrument, method: str
) -> None:
    kept(date(2012, 12, 31), HouseModel.Status.CHAMPION)

    forecast = computed(goog, method=method)

    assert forecast.evaluation is not None
    assert forecast.evaluation.model_hash in {card.sha256 for card in vintages()}


def test_the_first_day_on_which_a_champion_answers(db: None) -> None:
    kept(LONG_AGO, HouseModel.Status.CHAMPION)
    first = trained(LONG_AGO).card.fair_from

    assert champion_for(first) is not None
    assert champion_for(first - timedelta(days=1)) is None


def test_fine_tuning_starts_from_the_champion(goog: Instrument) -> None:
    row = kept(LONG_AGO, HouseModel.Status.CHAMPION)

    forecast = computed(goog, method="fine-tuned")

    assert forecast.evaluation is not None
    assert forecast.evaluation.model_hash == row.sha256


def test_a_model_from_scratch_is_judged_as_before(goog: Instrument) -> None:
    kept(date(2012, 11, 20), HouseModel.Status.CHAMPION)

    forecast = computed(goog, method="from-scratch")

    assert forecast.evaluation is not None
    assert forecast.evaluation.origins == 250


def test_a_promotion_and_a_rollback_make_new_questions_and_change_no_answers(goog: Instrument) -> None:
    before = computed(goog)
    row = kept(LONG_AGO)
    HouseModel.objects.promote(row, "better")
    after = computed(goog)
    call_command("retrain_house_model", "--rollback")
    again = computed(goog)

    assert about(before)["sha256"] != about(after)["sha256"] == row.sha256
    assert again.pk == before.pk
    assert Forecast.objects.get(pk=after.pk).status == "succeeded"


def test_a_champion_that_cannot_be_read_leaves_the_answer_to_the_shipped_models(goog: Instrument) -> None:
    row = kept(LONG_AGO, HouseModel.Status.CHAMPION)
    HouseModel.objects.filter(pk=row.pk).update(weights=b"")

    assert about(computed(goog))["sha256"] in {card.sha256 for card in vintages()}


def test_house_models_are_found_by_their_hash(db: None) -> None:
    retired = kept(LONG_AGO, HouseModel.Status.RETIRED)
    shipped = LSTMForecaster.load()

    for sha256 in (retired.sha256, shipped.card.sha256):
        found = house_of(sha256)
        assert found is not None
        assert found.card.sha256 == sha256
    assert house_of("f" * 64) is None
