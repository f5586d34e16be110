"""A replay, called as a task would call it."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from forecasts import services, sweeper, tasks
from forecasts.models import Forecast, Instrument, LedgerEntry, PriceBar, Replay, ReplayPoint, Score
from forecasts.pipeline import replaying
from forecasts.pipeline.fitting import EMBARGO, Block, Hooks
from ml_engine.baselines import RandomWalkEWMA
from ml_engine.forecaster import LSTMForecaster, vintages
from tests.factories import bars
from tests.site import wait_for


def asked(symbol: str, **wish: Any) -> Replay:
    return services.request_replay(owner=None, symbol=symbol, **{"method": "house", **wish})


def replayed(symbol: str, **wish: Any) -> Replay:
    replay = asked(symbol, **wish)
    tasks.replay(str(replay.pk))
    return Replay.objects.get(pk=replay.pk)


def stored(replay: Replay, series: str = "model") -> list[Any]:
    rows = replay.points.filter(series=series).order_by("origin", "step")
    return list(rows.values_list("origin", "step", "date", "quantiles"))


def test_a_replay_says_what_the_house_would_have_said_on_each_of_the_last_sessions(goog: Instrument) -> None:
    replay = replayed(goog.symbol)

    sessions = list(goog.bars.order_by("-date").values_list("date", flat=True)[:250])
    assert (replay.status, replay.error, replay.origins) == ("succeeded", None, 250)
    assert (replay.first_origin, replay.last_origin) == (sessions[-1], sessions[0])
    assert replay.points.count() == 250 * 4 * 2
    assert set(replay.points.values_list("series", "step")) == {
        (series, step) for series in ("model", "random-walk") for step in (1, 5, 10, 20)
    }


def test_a_replays_model_had_seen_none_of_its_origins(goog: Instrument) -> None:
    replay = replayed(goog.symbol)

    assert replay.model is not None
    card = next(card for card in vintages() if card.sha256 == replay.model["sha256"])
    assert replay.first_origin is not None
    assert card.fair_from <= replay.first_origin
    assert replay.in_sample is False


def test_targets_lie_on_the_sessions_there_were_and_then_on_the_calendars(goog: Instrument) -> None:
    points = stored(replayed(goog.symbol))

    sessions = list(goog.bars.order_by("date").values_list("date", flat=True))
    first = sessions.index(points[0][0])
    assert [point[2] for point in points[:4]] == [sessions[first + step] for step in (1, 5, 10, 20)]
    assert [point[2] for point in points[-4:]] == [
        date(2013, 3, 4), date(2013, 3, 8), date(2013, 3, 15), date(2013, 4, 1)
    ]  # fmt: skip


def test_what_it_says_of_an_origin_depends_on_nothing_after_it(goog: Instrument) -> None:
    before = stored(replayed(goog.symbol, as_of=date(2012, 12, 31)))
    PriceBar.objects.filter(instrument=goog, date__gt=date(2012, 11, 30)).update(
        open=1.0, high=1.0, low=1.0, close=1.0, adj_close=1.0
    )
    Instrument.objects.update(data_revision=2)

    after = stored(replayed(goog.symbol, as_of=date(2012, 12, 31)))

    early = [point for point in before if point[0] <= date(2012, 11, 30)]
    assert len(early) > 900
    assert early == after[: len(early)]


def test_it_says_what_the_engine_says_at_each_origin_alone(goog: Instrument) -> None:
    replay = replayed(goog.symbol)
    origin = stored(replay)[400][0]
    frame = goog.bars.up_to(origin).as_frame()
    frame[["open", "high", "low"]] = frame[["open", "high", "low"]].mul(
        frame["adj_close"] / frame["close"], axis=0
    )
    frame["close"] = frame["adj_close"]

    for series, one in (
        ("model", LSTMForecaster.load(known_at=replay.first_origin)),
        ("random-walk", RandomWalkEWMA()),
    ):
        alone = one.predict(frame).log_returns[0]
        said = {point[1]: point[3] for point in stored(replay, series) if point[0] == origin}
        for step in (1, 5, 10, 20):
            np.testing.assert_allclose(said[step], alone[step - 1], atol=1e-6)


def test_a_fine_tuned_replay_is_by_a_fit_that_ended_before_its_origins(goog: Instrument) -> None:
    replay = replayed(goog.symbol, method="fine-tuned")

    assert (replay.status, replay.origins) == ("succeeded", 250)
    assert replay.model is not None
    assert replay.model["name"] == "fine-tuned"
    assert replay.first_origin is not None
    last = date.fromisoformat(replay.model["trained_until"])
    assert goog.bars.filter(date__gt=last, date__lt=replay.first_origin).count() == EMBARGO - 1


def test_where_every_vintage_has_seen_the_origins_it_says_so(goog: Instrument) -> None:
    assert replayed(goog.symbol, as_of=date(2007, 6, 29)).in_sample is True


def test_a_replay_is_neither_entered_nor_scored_nor_a_forecast(goog: Instrument) -> None:
    replayed(goog.symbol)

    assert [LedgerEntry.objects.count(), Score.objects.count(), Forecast.objects.count()] == [0, 0, 0]


def test_sessions_needed_are_those_of_the_engine(goog: Instrument) -> None:
    first = list(goog.bars.order_by("date").values_list("date", flat=True))

    replay = replayed(goog.symbol, method="fine-tuned", as_of=first[560])

    assert (replay.status, replay.origins, replay.first_origin) == ("succeeded", 1, first[560])


def test_a_history_that_has_shrunk_meanwhile_fails_in_words(goog: Instrument) -> None:
    replay = asked(goog.symbol)
    PriceBar.objects.filter(instrument=goog, date__gt=date(2005, 1, 31)).delete()

    tasks.replay(str(replay.pk))

    replay.refresh_from_db()
    assert replay.status == "failed"
    assert replay.error is not None
    assert replay.error["code"] == "too_short"
    assert "needs 250 sessions" in replay.error["message"]


def test_a_second_message_finds_nothing_to_do(goog: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = replayed(goog.symbol)
    monkeypatch.setattr(replaying, "_work", lambda *_: pytest.fail("worked twice"))

    tasks.replay(str(replay.pk))

    assert Replay.objects.get().attempt == 1


def test_what_breaks_is_tried_three_times(goog: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any) -> None:
        raise OSError("the disk is full")

    replay = asked(goog.symbol)
    monkeypatch.setattr(replaying, "_work", broken)

    states = []
    for _ in range(4):
        tasks.replay(str(replay.pk))
        replay.refresh_from_db()
        states.append((replay.status, replay.attempt))

    assert states == [("queued", 1), ("queued", 2), ("failed", 3), ("failed", 3)]
    assert replay.error is not None
    assert replay.error["code"] == "internal"


def test_a_worker_that_was_taken_for_dead_writes_nothing(
    goog: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = asked(goog.symbol)
    work = replaying._work

    def slow(*args: Any) -> Any:
        found = work(*args)
        Replay.objects.update(attempt=2)  # somebody else has claimed it meanwhile
        return found

    monkeypatch.setattr(replaying, "_work", slow)

    tasks.replay(str(replay.pk))

    assert Replay.objects.get().status == "running"
    assert not ReplayPoint.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_long_fit_keeps_the_claim_and_ends_once_it_is_lost(
    goog: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = asked(goog.symbol, method="fine-tuned")
    fit = replaying.refit
    monkeypatch.setattr("forecasts.heartbeat.LOOK_SECONDS", 0.02)
    monkeypatch.setattr(replaying, "LEASE", timedelta(0))  # to be renewed whenever it is looked at

    def long(question: Forecast, block: Block, hooks: Hooks) -> LSTMForecaster:
        soon = timezone.now() + timedelta(minutes=1)
        Replay.objects.update(lease_until=soon)
        wait_for(lambda: Replay.objects.filter(lease_until__gt=soon).exists() or None, "a renewal", 10)
        Replay.objects.update(attempt=2)  # somebody else has claimed it meanwhile
        assert hooks.should_stop is not None
        wait_for(hooks.should_stop, "the loss to be noticed", 10)
        return fit(question, block, hooks)

    monkeypatch.setattr(replaying, "refit", long)

    tasks.replay(str(replay.pk))

    replay.refresh_from_db()
    assert (replay.status, replay.attempt, replay.error) == ("running", 2, None)
    assert not ReplayPoint.objects.exists()


def test_the_sweeper_heals_what_a_dead_worker_held(goog: Instrument, rung: list[str]) -> None:
    gone = {"status": "running", "lease_until": timezone.now() - timedelta(seconds=1)}
    replay = asked(goog.symbol)
    Replay.objects.update(**gone, attempt=1)
    other = Replay.objects.create(
        instrument=goog, data_revision=1, as_of=date(2012, 1, 3), method="house", attempt=3, **gone
    )

    sweeper.sweep()

    replay.refresh_from_db()
    other.refresh_from_db()
    assert (replay.status, other.status) == ("queued", "failed")
    assert other.error == sweeper.REPLAYER_DIED
    assert rung == [str(replay.pk)]


def test_the_sweeper_rings_again_after_a_while_alone(goog: Instrument, rung: list[str]) -> None:
    replay = asked(goog.symbol)
    Replay.objects.update(rung_at=timezone.now())
    sweeper.sweep()
    assert rung == []

    Replay.objects.update(rung_at=timezone.now() - timedelta(minutes=1))
    sweeper.sweep()
    sweeper.sweep()

    assert rung == [str(replay.pk)]


def test_an_upload_of_made_up_prices_is_replayed_too(db: None) -> None:
    instrument = Instrument.objects.create(symbol="SAMPLE:MADE", source="sample", calendar="weekdays")
    bars(instrument, 300)

    replay = replayed(instrument.symbol)

    assert (replay.status, replay.origins) == ("succeeded", 51)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """For which replays a bell was rung."""
    calls: list[str] = []

    def send(task: str, args: list[Any] | None = None, **_options: Any) -> None:
        if task == "forecasts.replay" and args:
            calls.append(args[0])

    monkeypatch.setattr("forecasts.bell.app.send_task", send)
    monkeypatch.setattr("forecasts.bell.messages_waiting", lambda _queue: 0)
    return calls
