"""What becomes of forecasts once their sessions are final."""

import threading
from datetime import UTC, datetime
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from django.db import connections, transaction
from django.db.models import F

from forecasts import ledger, tasks
from forecasts.models import Forecast, ForecastPoint, Instrument, PriceBar, Score
from forecasts.pipeline import score_due, scoring
from ml_engine.metrics import crps
from ml_engine.volatility import ewma_volatility
from tests.factories import LAST_DAY, ForecastFactory, InstrumentFactory, bars
from tests.forecasts.issued import DAYS, add_bar, add_days, issue, steps_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def instrument() -> Instrument:
    """A stock with 300 bars up to Friday 2013-03-01, whose last close is 100."""
    made: Instrument = InstrumentFactory(yahoo=True, symbol="ACME")
    bars(made, 300)
    return made


def test_a_final_session_is_scored_by_every_series(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 2)

    assert score_due() == 4

    score = Score.objects.get(forecast=forecast, series="model", step=2)
    quantiles = np.array([forecast.points.get(series="model", step=2).quantiles])
    assert (score.date, score.version, score.superseded_at) == (DAYS[1], 1, None)
    assert score.actual == pytest.approx(log(0.99), abs=1e-15)
    assert score.crps == pytest.approx(float(crps(quantiles, np.array([log(0.99)]))[0]), rel=1e-12)
    assert score.error == score.actual - quantiles[0, 8]
    assert score.usual == 0.02 * sqrt(2)
    assert (score.inside_50, score.inside_80, score.inside_95) == (True, True, True)
    assert len(score.chances) == 3
    assert 0.3 < score.pit < 0.5
    assert steps_of(forecast, ForecastPoint.NAIVE) == [1, 2]
    forecast.refresh_from_db()
    assert (forecast.score_from, forecast.scores_revision) == (DAYS[2], 1)


def test_scoring_again_changes_nothing(instrument: Instrument) -> None:
    issue(instrument)
    add_days(instrument, 2)
    score_due()
    before = list(Score.objects.order_by("pk").values())

    assert score_due() == 0
    assert list(Score.objects.order_by("pk").values()) == before


def test_a_message_lost_is_made_up_for_by_the_next(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 1)
    tasks.score_due()
    add_days(instrument, 5)

    tasks.score_due()

    assert steps_of(forecast) == [1, 2, 3, 4, 5]
    forecast.refresh_from_db()
    assert forecast.score_from is None


def test_a_median_without_direction_has_none(instrument: Instrument) -> None:
    forecast = issue(instrument)
    forecast.points.filter(series="model").delete()
    level = [-0.04, -0.03, -0.025, -0.02, -0.01, -0.008, -0.005, -0.001]
    quantiles = [*level, 0.01, *[-value + 0.02 for value in reversed(level)]]
    ForecastPoint.objects.create(forecast=forecast, series="model", step=1, date=DAYS[0], quantiles=quantiles)
    add_days(instrument, 1)

    score_due()

    told = dict(Score.objects.filter(step=1).values_list("series", "direction_right"))
    assert told == {"model": True, ForecastPoint.NAIVE: None}


@pytest.mark.parametrize("state", ["provisional", "unfinished"])
def test_a_bar_that_may_still_change_is_not_scored_by(state: str, instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_bar(instrument, DAYS[0], 101.0, state)

    assert score_due() == 0
    forecast.refresh_from_db()
    assert forecast.score_from == DAYS[0]

    add_bar(instrument, DAYS[0], 101.5)
    assert score_due() == 2
    assert Score.objects.first().actual == pytest.approx(log(1.015))  # type: ignore[union-attr]


def test_a_provisional_anchor_is_waited_for(instrument: Instrument) -> None:
    add_bar(instrument, LAST_DAY, 100.0, "provisional")
    forecast = issue(instrument)
    add_days(instrument, 1)

    assert score_due() == 0
    forecast.refresh_from_db()
    assert forecast.score_from == DAYS[0]

    add_bar(instrument, LAST_DAY, 100.5)
    assert score_due() == 2
    assert Score.objects.first().actual == pytest.approx(log(101 / 100.5))  # type: ignore[union-attr]


def test_a_session_that_others_passed_by_is_left_out(
    instrument: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    forecast = issue(instrument)
    add_bar(instrument, DAYS[0], 101.0)
    add_bar(instrument, DAYS[2], 102.0)

    with caplog.at_level("INFO"):
        score_due()

    forecast.refresh_from_db()
    assert (steps_of(forecast), forecast.score_from) == ([1, 3], DAYS[3])
    assert f"Of instrument {instrument.pk} 1 forecast sessions have no bar" in caplog.text


def test_only_sessions_that_had_not_begun_are_scored(instrument: Instrument) -> None:
    forecast = issue(instrument, datetime(2013, 3, 5, 18, tzinfo=UTC))  # Tuesday, in the session
    add_days(instrument, 5)

    score_due()

    assert (forecast.first_counted_step, steps_of(forecast)) == (3, [3, 4, 5])


def test_a_replay_is_never_scored(instrument: Instrument) -> None:
    add_days(instrument, 5)
    forecast = issue(instrument, datetime(2013, 4, 2, tzinfo=UTC))

    assert score_due() == 0
    assert (forecast.first_counted_step, forecast.score_from) == (None, None)


def test_failed_and_older_forecasts_are_never_scored(instrument: Instrument) -> None:
    ForecastFactory(instrument=instrument, failed=True)
    ForecastFactory(instrument=instrument, succeeded=True)
    ledger.enter_endings()
    add_days(instrument, 5)

    assert score_due() == 0


def test_dividends_are_part_of_what_happened(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 1)
    PriceBar.objects.filter(instrument=instrument, date__lte=LAST_DAY).update(adj_close=F("close") * 0.98)

    score_due()

    assert forecast.scores.get(series="model").actual == pytest.approx(log(101 / 98))


def test_an_upload_is_scored_like_others(instrument: Instrument) -> None:
    upload = InstrumentFactory(upload=True)
    bars(upload, 300)
    forecast = issue(upload)
    add_days(upload, 5)

    score_due()

    assert steps_of(forecast) == [1, 2, 3, 4, 5]


def test_the_usual_move_of_older_forecasts_comes_from_stored_bars(instrument: Instrument) -> None:
    forecast = issue(instrument, volatility=None)
    add_days(instrument, 2)

    score_due()

    closes = instrument.bars.filter(date__lte=LAST_DAY).order_by("date").values_list("adj_close", flat=True)
    returns = np.diff(np.log(np.array(closes)), prepend=np.log(closes[0]))
    expected = ewma_volatility(returns)[-1] * sqrt(2)
    assert forecast.scores.get(series="model", step=2).usual == pytest.approx(expected, rel=1e-12)


def test_work_is_done_in_batches_and_stops_at_the_limit(
    monkeypatch: pytest.MonkeyPatch, instrument: Instrument
) -> None:
    monkeypatch.setattr(scoring, "BATCH", 2)
    made = [issue(instrument) for _ in range(5)]
    add_days(instrument, 1)

    assert score_due(limit=4) == 4
    assert [len(steps_of(forecast)) for forecast in made] == [1, 1, 0, 0, 0]
    assert score_due() == 6
    assert [len(steps_of(forecast)) for forecast in made] == [1, 1, 1, 1, 1]


def test_one_that_must_wait_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch, instrument: Instrument
) -> None:
    monkeypatch.setattr(scoring, "BATCH", 1)
    waiting = issue(instrument, as_of=DAYS[0], settings_hash="w" * 64)
    Forecast.objects.filter(pk=waiting.pk).update(score_from=LAST_DAY)
    other = issue(instrument)
    add_days(instrument, 1)
    PriceBar.objects.filter(instrument=instrument, date=DAYS[0]).update(state="final")
    add_bar(instrument, DAYS[1], 99.0, "provisional")
    Forecast.objects.filter(pk=waiting.pk).update(data_as_of=DAYS[1])

    score_due()

    assert (steps_of(waiting), steps_of(other)) == ([], [1])


def test_an_instrument_without_news_is_not_looked_at(
    instrument: Instrument, django_assert_num_queries: Any
) -> None:
    issue(instrument)

    with django_assert_num_queries(2):
        assert score_due() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_score_everything_once() -> None:
    made: Instrument = InstrumentFactory(yahoo=True)
    bars(made, 30)
    forecasts = [issue(made) for _ in range(6)]
    add_days(made, 5)
    ready, counts = threading.Barrier(2), []

    def work() -> None:
        ready.wait()
        try:
            counts.append(score_due())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == Score.objects.count() == 6 * 2 * 5
    assert all(steps_of(forecast) == [1, 2, 3, 4, 5] for forecast in forecasts)


def test_a_worker_that_dies_leaves_nothing_half_done(
    monkeypatch: pytest.MonkeyPatch, instrument: Instrument
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    forecast = issue(instrument)
    add_days(instrument, 2)
    with monkeypatch.context() as broken:
        broken.setattr("forecasts.pipeline.outcomes.advance", die)
        with pytest.raises(SystemExit), transaction.atomic():
            score_due()

    forecast.refresh_from_db()
    assert (Score.objects.count(), forecast.score_from) == (0, DAYS[0])
    assert score_due() == 4


def test_an_instrument_that_cannot_be_scored_keeps_no_other_waiting(
    instrument: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = issue(instrument), InstrumentFactory(yahoo=True)
    bars(sound, 30)
    forecast = issue(sound)
    for each in (instrument, sound):
        add_days(each, 2)
    Forecast.objects.filter(pk=broken.pk).update(data_as_of=None)

    assert score_due() == 4

    assert (steps_of(broken), steps_of(forecast)) == ([], [1, 2])
    assert f"Forecasts of instrument {instrument.pk} could not be scored." in caplog.text
