"""Slow baselines join stored evidence, once, on the same origins, and change nothing else.

A fast baseline stands in for the slow ones: its rows are known from the evidence that it joins.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from forecasts import services, tasks
from forecasts.models import Evaluation, Forecast, Instrument
from forecasts.pipeline import extending
from ml_engine.baselines import Drift, slow_baselines
from ml_engine.errors import InvalidRequest

ORIGIN = date(2012, 6, 15)
METHODS = ["house", "fine-tuned", "from-scratch"]


class Failing(Drift):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def log_returns(self, *_args: Any) -> Any:
        raise self.error


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extending, "slow_baselines", lambda: {"slow": Drift()})


def judged(instrument: Instrument, method: str = "house") -> Evaluation:
    question = services.Question(instrument.symbol, 5, method, ORIGIN)
    forecast = services.ask_forecast(owner=instrument.owner, question=question).forecast
    Forecast.objects.filter(pk=forecast.pk).update(prices_ready=True)
    tasks.compute(forecast.pk)
    return Evaluation.objects.get(forecast=forecast)


def extended(evaluation: Evaluation) -> Evaluation:
    tasks.extend_evaluation(evaluation.pk)
    return Evaluation.objects.get(pk=evaluation.pk)


def rested() -> None:
    """Let the time after a failed attempt pass."""
    Evaluation.objects.update(extend_lease_until=timezone.now() - timedelta(seconds=1))


def as_slow(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [row | {key: "slow"} for row in rows if row[key] == "drift" and row["step"]]


@pytest.mark.parametrize("method", METHODS)
def test_the_same_origins_bars_and_model_are_judged(goog: Instrument, method: str) -> None:
    before = judged(goog, method)

    after = extended(before)

    assert (before.slow_baselines, after.slow_baselines) == ("pending", "done")
    assert after.metrics == before.metrics + as_slow(before.metrics, "method")
    assert after.skill == before.skill + as_slow(before.skill, "reference")
    assert len(after.skill) > len(before.skill)


@pytest.mark.parametrize("method", ["house", "fine-tuned"])
def test_the_market_of_that_time_is_judged_with(stock: Instrument, index: Instrument, method: str) -> None:
    before = judged(stock, method)

    after = extended(before)

    assert before.market_hash != ""
    assert after.skill == before.skill + as_slow(before.skill, "reference")


@pytest.mark.parametrize("resumed", [False, True])
def test_a_halted_stock_is_compared_too(stock: Instrument, index: Instrument, resumed: bool) -> None:
    halt = [date(2012, 5, 21), date(2012, 6, 8) if resumed else ORIGIN]
    stock.bars.filter(date__range=halt).delete()
    before = judged(stock)

    after = extended(before)

    assert before.market_hash != ""
    assert after.skill == before.skill + as_slow(before.skill, "reference")


def test_twice_adds_nothing(goog: Instrument) -> None:
    once = extended(judged(goog))

    twice = extended(once)

    assert (twice.metrics, twice.skill, twice.extend_attempts) == (once.metrics, once.skill, 1)


def test_issued_forecasts_and_the_verdict_stay(goog: Instrument) -> None:
    before = judged(goog)
    issued = Forecast.objects.values().get()

    after = extended(before)

    assert Forecast.objects.values().get() == issued
    assert (after.trust, after.verdict, after.origins) == (before.trust, before.verdict, before.origins)


def test_an_upload_is_extended_and_stays_private(goog: Instrument, user: Any) -> None:
    Instrument.objects.update(symbol="UPLOAD:MINE", source="upload", owner=user)
    mine = Instrument.objects.get()

    after = extended(judged(mine))

    assert after.slow_baselines == "done"
    assert list(Instrument.objects.visible_to(None)) == []


@pytest.mark.parametrize("change", ["bars", "revision"])
def test_changed_prices_leave_it_as_it_is(goog: Instrument, change: str) -> None:
    before = judged(goog)
    goog.bars.filter(date=date(2012, 1, 5)).update(volume=1.0)
    if change == "revision":
        Instrument.objects.update(data_revision=2)

    after = extended(before)

    assert (after.slow_baselines, after.metrics) == ("left_out", before.metrics)


@pytest.mark.parametrize("field", ["model_hash", "judged_hash", "market_hash"])
def test_a_model_that_cannot_be_made_again_is_not_compared(goog: Instrument, field: str) -> None:
    before = judged(goog, "fine-tuned")
    Evaluation.objects.update(**{field: "0" * 64})

    after = extended(before)

    assert (after.slow_baselines, after.skill) == ("done", before.skill)
    assert after.metrics == before.metrics + as_slow(before.metrics, "method")


@pytest.mark.parametrize("error", [InvalidRequest("Too few rows."), RuntimeError("boom")])
def test_a_baseline_that_fails_is_left_out_alone(
    goog: Instrument, monkeypatch: Any, error: Exception
) -> None:
    before = judged(goog)
    monkeypatch.setattr(extending, "slow_baselines", lambda: {"failing": Failing(error), "slow": Drift()})

    after = extended(before)

    assert after.slow_baselines == "done"
    assert after.metrics == before.metrics + as_slow(before.metrics, "method")


def test_a_killed_worker_leaves_it_to_the_next(goog: Instrument, monkeypatch: Any) -> None:
    before = judged(goog)
    late = Evaluation.objects.claim(before.pk)
    assert late is not None
    held = extended(before)
    rested()

    after = extended(before)

    assert (held.slow_baselines, after.slow_baselines, after.extend_attempts) == ("pending", "done", 2)
    assert not Evaluation.objects.extend(late, [{"method": "late"}], [])
    assert Evaluation.objects.get().metrics == after.metrics


def test_a_fault_is_tried_three_times(goog: Instrument, monkeypatch: Any) -> None:
    def broken() -> None:
        raise RuntimeError("boom")

    before = judged(goog)
    monkeypatch.setattr(extending, "slow_baselines", broken)
    attempts = []
    for _ in range(4):
        attempts.append(extended(before).extend_attempts)
        rested()
    Evaluation.objects.give_up()

    assert attempts == [1, 2, 3, 3]
    assert Evaluation.objects.get().slow_baselines == "left_out"


def test_after_a_failed_attempt_others_come_first(goog: Instrument, monkeypatch: Any) -> None:
    late = Failing(SoftTimeLimitExceeded())
    monkeypatch.setattr(extending, "slow_baselines", lambda: {"late": late})
    before = judged(goog)
    failed_at = timezone.now()

    after = extended(before)

    assert (after.slow_baselines, extended(before).extend_attempts) == ("pending", 1)
    assert after.extend_lease_until is not None
    assert after.extend_lease_until >= failed_at + timedelta(minutes=10)
    assert list(Evaluation.objects.to_extend()) == []


@pytest.mark.django_db(transaction=True)
def test_rows_that_cannot_be_written_are_a_failed_attempt(goog: Instrument, monkeypatch: Any) -> None:
    before = judged(goog)
    monkeypatch.setattr(extending, "_slow_rows", lambda _evaluation: ([{"crps": float("nan")}], []))

    after = extended(before)

    assert (after.slow_baselines, after.metrics) == ("pending", before.metrics)
    assert Evaluation.objects.claim(before.pk) is None
    rested()
    assert Evaluation.objects.claim(before.pk) is not None


def test_too_little_to_judge_is_too_little_to_extend(goog: Instrument) -> None:
    goog.bars.filter(date__lt=date(2011, 5, 20)).delete()

    evaluation = judged(goog)

    assert (evaluation.origins, evaluation.slow_baselines) == (0, "left_out")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_real_ones_join_at_every_step(goog: Instrument, monkeypatch: Any) -> None:
    monkeypatch.setattr(extending, "slow_baselines", slow_baselines)
    before = judged(goog)

    after = extended(before)

    steps = sorted({row["step"] for row in before.metrics})
    added = [(row["method"], row["step"]) for row in after.metrics[len(before.metrics) :]]
    compared = [(row["reference"], row["step"]) for row in after.skill[len(before.skill) :]]
    assert added == compared == [(name, step) for name in slow_baselines() for step in steps]
