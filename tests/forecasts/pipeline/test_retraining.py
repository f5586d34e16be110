"""Training a house model on what the site has stored: what enters, and what happens when it goes wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from forecasts import pipeline, tasks
from forecasts.errors import ForecastFailed
from forecasts.models import TRAINING_LEASE, HouseModel, Instrument
from forecasts.pipeline import Training, retrain
from ml_engine import house
from ml_engine.config import TrainingConfig
from ml_engine.errors import TrainingStopped
from ml_engine.forecaster import Card, LSTMForecaster
from tests.forecasts.house_models import SMALL, kept, listed

pytestmark = pytest.mark.django_db
Status = HouseModel.Status
UNTIL = date(2012, 12, 31)
DATA = "forecasts.pipeline.training_data"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instruments are enough, and a network of four units."""
    monkeypatch.setattr(TrainingConfig, "for_house", classmethod(lambda _: SMALL))
    monkeypatch.setattr(f"{DATA}.FEWEST_INSTRUMENTS", 2)
    monkeypatch.setattr(f"{DATA}.FEWEST_ROWS", 1500)


@pytest.fixture
def stocks() -> list[Instrument]:
    """Two stocks of New York, 800 sessions from 2010-01-04 to 2013-01-25."""
    return [listed("AAA", seed=1), listed("BBB", seed=2)]


@pytest.fixture
def december() -> Iterator[None]:
    """The first days of 2013: last month ended with the year."""
    with time_machine.travel("2013-01-02T03:00:00Z", tick=False):
        yield


def only() -> HouseModel:
    return HouseModel.objects.get()


def breaks(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def train(*_: Any) -> None:
        raise error

    monkeypatch.setattr(house, "train_panel", train)


def test_a_model_trained_on_stored_bars_is_the_challenger(stocks: list[Instrument]) -> None:
    heard: list[float] = []

    row = retrain(Training(UNTIL), heard.append)

    again = only()
    model = LSTMForecaster.from_bytes(bytes(again.weights), Card.from_json(again.card))
    assert (row.status, row.trained_until, row.lease_until) == (Status.CHALLENGER, UNTIL, None)
    assert model.card.sha256 == row.sha256
    assert model.card.data["instruments"] == 2
    assert model.card.data["to"] == "2012-12-31"
    assert model.card.domain["exchanges"] == ["XNYS"]
    assert heard[-1] == 1.0


def test_the_same_bars_make_the_same_model(stocks: list[Instrument]) -> None:
    first = retrain(Training(UNTIL))
    second = retrain(Training(UNTIL))

    first.refresh_from_db()
    assert first.sha256 == second.sha256
    assert (first.status, second.status) == (Status.REJECTED, Status.CHALLENGER)


def test_too_little_to_learn_from_is_refused_and_leaves_no_trace(db: None) -> None:
    listed("AAA")

    with pytest.raises(ForecastFailed, match="0 instruments with 0 sessions") as refused:
        retrain(Training(UNTIL))

    assert refused.value.code == "too_little"
    assert "--panel" in refused.value.remedy
    assert not HouseModel.objects.exists()


def test_too_few_rows_are_refused(stocks: list[Instrument], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{DATA}.FEWEST_ROWS", 5000)

    with pytest.raises(ForecastFailed, match="2 instruments with 1,5"):
        retrain(Training(UNTIL))


def test_a_broken_panel_file_is_refused_and_leaves_no_trace(stocks: list[Instrument], tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text("date,symbol\n2012-01-02,AAA\n")

    with pytest.raises(ForecastFailed, match=r"panel\.csv lacks the column open"):
        retrain(Training(UNTIL, tmp_path / "panel.csv"))

    assert not HouseModel.objects.exists()


def test_a_day_that_is_not_over_is_refused(stocks: list[Instrument]) -> None:
    with pytest.raises(ForecastFailed, match="not over yet"):
        retrain(Training(timezone.now().date()))


def test_a_model_that_fails_its_self_test_is_rejected_and_not_kept(
    stocks: list[Instrument], monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = kept(date(2011, 1, 31), Status.CHAMPION)
    caught = {"passed": False, "changed_after_origin": "different"}
    monkeypatch.setattr("ml_engine.forecaster.run_self_test", lambda *_: caught)

    row = retrain(Training(UNTIL))

    assert row.status == Status.REJECTED
    assert "leak self-test" in row.note
    assert HouseModel.objects.get(pk=row.pk).weights is None
    assert HouseModel.objects.challenger() is None
    assert HouseModel.objects.champion() == champion


def test_two_do_not_train_at_once(stocks: list[Instrument]) -> None:
    HouseModel.objects.begin(UNTIL)

    with pytest.raises(ForecastFailed, match="being trained already"):
        retrain(Training(UNTIL))

    assert only().status == Status.TRAINING


def test_a_training_that_was_killed_makes_place(stocks: list[Instrument]) -> None:
    with time_machine.travel(timezone.now() - TRAINING_LEASE - timedelta(minutes=1), tick=False):
        HouseModel.objects.begin(UNTIL)

    assert retrain(Training(UNTIL)).status == Status.CHALLENGER
    assert HouseModel.objects.filter(status=Status.REJECTED).count() == 1


def test_a_training_taken_for_dead_stores_nothing(
    stocks: list[Instrument], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = house.train_panel

    def late(*arguments: Any) -> LSTMForecaster:
        trained = train(*arguments)
        HouseModel.objects.reject(only(), "Its training was killed.")
        return trained

    monkeypatch.setattr(house, "train_panel", late)

    with pytest.raises(ForecastFailed, match="lost its place"):
        retrain(Training(UNTIL))

    assert (only().status, only().note) == (Status.REJECTED, "Its training was killed.")


@pytest.mark.parametrize(
    ("error", "raised", "note"),
    [
        (SoftTimeLimitExceeded(), ForecastFailed, "took too long"),
        (KeyboardInterrupt(), KeyboardInterrupt, "KeyboardInterrupt"),
        (MemoryError(), MemoryError, "MemoryError"),
        (TrainingStopped(), ForecastFailed, ""),
    ],
)
def test_whatever_goes_wrong_the_next_training_can_begin(
    stocks: list[Instrument],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    raised: type[BaseException],
    note: str,
) -> None:
    breaks(monkeypatch, error)

    with pytest.raises(raised):
        retrain(Training(UNTIL))

    assert note in only().note
    with time_machine.travel(timezone.now() + TRAINING_LEASE + timedelta(seconds=1)):
        assert HouseModel.objects.begin(UNTIL) is not None


@pytest.mark.parametrize(
    ("today", "until"), [(date(2013, 1, 1), date(2012, 12, 31)), (date(2012, 3, 31), date(2012, 2, 29))]
)
def test_last_month(today: date, until: date) -> None:
    assert pipeline.last_month(today) == until


def test_every_month_a_challenger_is_trained_once(stocks: list[Instrument], december: None) -> None:
    tasks.retrain_monthly()
    first = only()
    HouseModel.objects.reject(first, "worse")

    tasks.retrain_monthly()

    assert (only().pk, only().trained_until) == (first.pk, UNTIL)


def test_the_month_after_a_rejection_another_is_trained(stocks: list[Instrument], december: None) -> None:
    kept(date(2012, 11, 30), Status.REJECTED)

    tasks.retrain_monthly()

    assert HouseModel.objects.challenger().trained_until == UNTIL


def unwanted(settings: Settings) -> None:
    settings.RETRAIN_MONTHLY = False


def challenged(_: Settings) -> None:
    kept(date(2012, 3, 31))


def broken_thrice(_: Settings) -> None:
    for _time in range(3):
        HouseModel.objects.create(status=Status.REJECTED, trained_until=UNTIL)


def taken(_: Settings) -> None:
    HouseModel.objects.begin(UNTIL)


@pytest.mark.parametrize("reason", [unwanted, challenged, broken_thrice, taken])
def test_some_months_nothing_is_trained(
    stocks: list[Instrument], december: None, settings: Settings, reason: Callable[[Settings], None]
) -> None:
    reason(settings)
    before = list(HouseModel.objects.values_list("pk", "status"))

    tasks.retrain_monthly()

    assert list(HouseModel.objects.values_list("pk", "status")) == before


def test_a_site_with_too_little_trains_nothing(december: None) -> None:
    tasks.retrain_monthly()

    assert not HouseModel.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_training_that_loses_its_place_stops_at_once(
    stocks: list[Instrument], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasts.heartbeat.LOOK_SECONDS", 0.01)
    monkeypatch.setattr(TrainingConfig, "for_house", classmethod(lambda _: replace(SMALL, epochs=10_000)))

    with pytest.raises(ForecastFailed, match="lost its place"):
        retrain(Training(UNTIL), lambda _: killed())

    assert only().weights is None


def killed() -> None:
    """End the training as if it had been taken for dead, from the thread that reports progress."""
    HouseModel.objects.filter(status=Status.TRAINING).update(lease_until=timezone.now() - timedelta(1))
    HouseModel.objects.end_silent()
    connection.close()
