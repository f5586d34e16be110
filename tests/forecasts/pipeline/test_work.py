"""The whole work of a worker, called as a task would call it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from django.utils import timezone

from forecasts import pipeline, presentation, services, tasks
from forecasts.heartbeat import Heartbeat
from forecasts.market_data.base import RateLimited, Unreachable
from forecasts.models import Evaluation, Forecast, ForecastPoint, Instrument, Trust
from forecasts.pipeline import evidence, steps
from ml_engine.evidence import Backtest, PooledSkill
from ml_engine.forecaster import LSTMForecaster, vintages

SERIES = {"model", "random-walk", "drift", "historical", "filtered-historical"}


def ask(symbol: str, **wish: Any) -> Forecast:
    wish = {"method": "house", "horizon": 5, **wish}
    return services.ask_forecast(owner=None, question=services.Question(symbol, **wish)).forecast


def computed(symbol: str, **wish: Any) -> Forecast:
    forecast = ask(symbol, **wish)
    tasks.compute(forecast.pk)
    return Forecast.objects.get(pk=forecast.pk)


def test_a_house_forecast_is_stored_whole(goog: Instrument) -> None:
    forecast = computed(goog.symbol)

    assert (forecast.status, forecast.progress, forecast.error) == ("succeeded", 1.0, None)
    assert forecast.data_as_of == date(2013, 3, 1)
    assert forecast.anchor_close == pytest.approx(806.19)
    assert set(forecast.points.values_list("series", flat=True)) == SERIES
    assert forecast.points.count() == 5 * len(SERIES)
    assert forecast.evaluation is not None
    assert (forecast.evaluation.origins, forecast.in_sample) == (250, False)
    assert forecast.trust in Trust.values


def test_points_lie_on_the_next_sessions(goog: Instrument) -> None:
    forecast = computed(goog.symbol)

    days = [point.date for point in presentation.price_points(forecast)]

    assert days == [date(2013, 3, day) for day in (4, 5, 6, 7, 8)]


def test_quantiles_never_cross_and_surround_the_close(goog: Instrument) -> None:
    forecast = computed(goog.symbol)

    for point in presentation.price_points(forecast):
        assert point.quantiles == sorted(point.quantiles)
        assert point.quantiles[0] < 806.19 < point.quantiles[-1]


@pytest.mark.parametrize("method", ["house", "fine-tuned"])
def test_no_sample_is_judged_on_sessions_its_model_has_seen(goog: Instrument, method: str) -> None:
    forecast = computed(goog.symbol, method=method)

    assert forecast.evaluation is not None
    assert forecast.model is not None
    first = forecast.evaluation.first_origin
    house = next(card for card in vintages() if card.sha256 == forecast.evaluation.model_hash)
    assert first is not None
    assert house.trained_until + timedelta(days=60 * 7 / 5) < first
    assert forecast.evaluation.last_origin < forecast.as_of.replace(day=1)


def test_where_every_vintage_has_seen_the_origins_the_forecast_claims_nothing(goog: Instrument) -> None:
    forecast = computed(goog.symbol, as_of=date(2007, 6, 29))

    assert (forecast.in_sample, forecast.trust) == (True, "no_demonstrated_skill")


def test_a_replay_sees_nothing_after_its_as_of(goog: Instrument) -> None:
    before = computed(goog.symbol, as_of=date(2012, 6, 15))
    goog.bars.filter(date__gt=date(2012, 6, 15)).update(close=1.0, open=1.0, high=1.0, low=1.0, adj_close=1.0)
    Instrument.objects.update(data_revision=2)
    after = computed(goog.symbol, as_of=date(2012, 6, 15))

    assert after.pk != before.pk
    assert (after.bars_hash, after.verdict) == (before.bars_hash, before.verdict)
    assert quantiles(after) == quantiles(before)


def quantiles(forecast: Forecast) -> list[Any]:
    return list(forecast.points.order_by("series", "step").values_list("series", "step", "date", "quantiles"))


def test_provisional_bars_are_not_used(goog: Instrument) -> None:
    goog.bars.filter(date=date(2013, 3, 1)).update(state="unfinished")

    assert computed(goog.symbol).data_as_of == date(2013, 2, 28)


def test_an_evaluation_is_shared_by_forecasts_of_the_same_month(goog: Instrument) -> None:
    one = computed(goog.symbol, as_of=date(2012, 6, 15))
    two = computed(goog.symbol, as_of=date(2012, 6, 20), horizon=20)

    assert one.evaluation == two.evaluation
    assert Evaluation.objects.count() == 1


def test_an_evaluation_on_stale_prices_is_not_reused(goog: Instrument) -> None:
    missing = list(goog.bars.filter(date__range=(date(2012, 5, 29), date(2012, 5, 31))))
    goog.bars.filter(date__in=[bar.date for bar in missing]).delete()
    stale = computed(goog.symbol, as_of=date(2012, 6, 15))
    goog.bars.bulk_create(missing)

    fresh = computed(goog.symbol, as_of=date(2012, 6, 18))

    assert stale.evaluation is not None
    assert fresh.evaluation is not None
    assert stale.evaluation.last_origin == date(2012, 4, 27)
    assert fresh.evaluation.last_origin == date(2012, 5, 2)


@pytest.mark.parametrize("method", ["fine-tuned", "from-scratch"])
def test_training_methods_leave_their_losses(goog: Instrument, method: str) -> None:
    forecast = computed(goog.symbol, method=method)

    assert forecast.status == "succeeded"
    assert [row["epoch"] for row in forecast.loss_history] == [*range(1, len(forecast.loss_history) + 1)]
    assert all(row["train"] > 0 for row in forecast.loss_history)
    assert forecast.model is not None
    assert forecast.model["name"] == method


def test_running_twice_changes_nothing(goog: Instrument) -> None:
    forecast = computed(goog.symbol)
    finished = forecast.finished_at

    tasks.compute(forecast.pk)

    forecast.refresh_from_db()
    assert (forecast.finished_at, forecast.attempt) == (finished, 1)


def test_a_cancelled_forecast_is_not_computed(goog: Instrument) -> None:
    forecast = ask(goog.symbol)
    services.cancel_forecast(request=forecast.requests.get())

    tasks.compute(forecast.pk)

    assert ForecastPoint.objects.count() == 0
    assert Forecast.objects.get().status == "cancelled"


@pytest.mark.parametrize("stage", ["training", "evaluating", "storing"])
def test_cancelling_at_any_stage_stores_nothing(goog: Instrument, stage: str, monkeypatch: Any) -> None:
    forecast = ask(goog.symbol, method="fine-tuned")
    request = forecast.requests.get()
    report = Heartbeat.report

    def cancel_then_report(beat: Heartbeat, **fields: Any) -> None:
        if fields.get("stage") == stage:
            services.cancel_forecast(request=request)
        report(beat, **fields)

    monkeypatch.setattr(Heartbeat, "report", cancel_then_report)
    tasks.compute(forecast.pk)

    assert Forecast.objects.get().status == "cancelled"
    assert ForecastPoint.objects.count() == 0
    assert Evaluation.objects.count() == 0


def test_a_fault_is_tried_three_times_and_then_told(goog: Instrument, monkeypatch: Any) -> None:
    def broken(*_args: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("forecasts.pipeline.work.prices_of", broken)
    forecast = ask(goog.symbol)
    states = []
    for _ in range(4):
        tasks.compute(forecast.pk)
        states.append(Forecast.objects.get().status)

    assert states == ["queued", "queued", "failed", "failed"]
    error = Forecast.objects.get().error
    assert error is not None
    assert (error["code"], "boom" in error["message"]) == ("internal", False)


def test_bars_the_engine_refuses_fail_with_its_reason(goog: Instrument) -> None:
    forecast = ask(goog.symbol)
    goog.bars.filter(date=date(2012, 1, 5)).update(low=1e6)

    tasks.compute(forecast.pk)

    forecast.refresh_from_db()
    assert forecast.status == "failed"
    assert forecast.error is not None
    assert forecast.error["code"] == "invalid_bars"
    assert "2012-01-05" in forecast.error["message"]


def test_without_a_network_a_new_symbol_fails_and_the_sample_is_offered(db: None, monkeypatch: Any) -> None:
    def no_network(*_args: Any) -> None:
        raise Unreachable("Yahoo cannot be reached from here.", "Try SAMPLE:AAPL.")

    monkeypatch.setattr("forecasts.market_data.yahoo.YahooProvider.fetch", no_network)
    forecast = ask("MSFT")

    tasks.prepare(forecast.pk)

    forecast.refresh_from_db()
    assert forecast.status == "failed"
    assert forecast.error == {
        "code": "source_unreachable",
        "message": "Yahoo cannot be reached from here.",
        "remedy": "Try SAMPLE:AAPL.",
    }


def test_preparing_hands_over_to_the_computing_queue(goog: Instrument) -> None:
    forecast = ask(goog.symbol)
    Forecast.objects.update(prices_ready=False)

    tasks.prepare(forecast.pk)

    forecast.refresh_from_db()
    assert (forecast.status, forecast.queue) == ("queued", "house")


def test_a_split_stored_during_the_work_does_not_falsify_the_result(
    goog: Instrument, monkeypatch: Any
) -> None:
    forecast = ask(goog.symbol)
    work = steps.work

    def split_meanwhile(*args: Any) -> Any:
        result = work(*args)
        goog.actions.create(date=date(2013, 3, 4), kind="split", value=2.0)
        Instrument.objects.update(data_revision=2)
        return result

    monkeypatch.setattr(steps, "work", split_meanwhile)
    tasks.compute(forecast.pk)

    stored = Forecast.objects.get()
    assert (stored.bars_revision, stored.split_factor) == (1, 1.0)
    assert presentation.last_close(stored) == pytest.approx(806.19 / 2)


def test_skill_is_not_claimed_for_what_the_model_has_not_learned_from(
    goog: Instrument, monkeypatch: Any
) -> None:
    sharper = evidence.judge(skilful(), "model", in_sample=False)
    Instrument.objects.update(kind="crypto")
    monkeypatch.setattr(evidence, "backtest", lambda *_args, **_rest: skilful())

    forecast = computed(goog.symbol)

    assert sharper.trust == "sharper"
    assert forecast.trust == "no_demonstrated_skill"
    assert forecast.verdict.startswith("The model has not learned from such instruments")
    assert "Backtest: Sharper than a simple volatility cone: over 250" in forecast.verdict
    assert forecast.evaluation is not None
    assert (forecast.in_domain, forecast.evaluation.trust) == (False, "sharper")


def skilful() -> Backtest:
    """What a backtest says of a model that is surely better."""
    day = pd.Timestamp("2012-06-01")
    pooled = (PooledSkill("model", "random-walk", 250, 0.1, 0.001),)
    return Backtest(day, day, 250, metrics=(), skill=(), pooled=pooled)


def test_a_model_that_fails_its_leak_test_is_not_used(goog: Instrument, monkeypatch: Any) -> None:
    fine_tune = LSTMForecaster.fine_tune

    def leaking(*args: Any, **rest: Any) -> LSTMForecaster:
        tuned = fine_tune(*args, **rest)
        return replace(tuned, card=replace(tuned.card, self_test={"passed": False}))

    monkeypatch.setattr(LSTMForecaster, "fine_tune", leaking)
    forecast = computed(goog.symbol, method="fine-tuned")

    assert forecast.error is not None
    assert (forecast.status, forecast.error["code"]) == ("failed", "leak")


def test_an_interrupted_terminal_gives_the_forecast_back(goog: Instrument, monkeypatch: Any) -> None:
    def interrupt(*_args: Any) -> None:
        raise KeyboardInterrupt

    forecast = ask(goog.symbol)
    with monkeypatch.context() as patch:
        patch.setattr(steps, "work", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pipeline.run_here(forecast.pk)
    assert Forecast.objects.get().status == "queued"

    pipeline.run_here(forecast.pk)

    assert Forecast.objects.get().status == "succeeded"


def test_a_passing_fault_of_the_source_is_tried_again(db: None, monkeypatch: Any) -> None:
    def too_many(*_args: Any) -> None:
        raise RateLimited("Yahoo asks for a pause.", "Try again later.")

    monkeypatch.setattr("forecasts.market_data.yahoo.YahooProvider.fetch", too_many)
    forecast = ask("MSFT")
    states = []
    for _ in range(3):
        tasks.prepare(forecast.pk)
        states.append(Forecast.objects.get().status)

    assert states == ["queued", "queued", "failed"]


def test_a_taken_over_worker_stores_nothing(goog: Instrument, monkeypatch: Any) -> None:
    forecast = ask(goog.symbol)
    work = steps.work

    def lose_the_claim_at_the_end(*args: Any) -> Any:
        result = work(*args)
        Forecast.objects.update(fence=9, lease_until=timezone.now())
        return result

    monkeypatch.setattr(steps, "work", lose_the_claim_at_the_end)
    tasks.compute(forecast.pk)

    assert ForecastPoint.objects.count() == 0
    assert Forecast.objects.get().status == "running"
