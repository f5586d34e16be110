"""Asking for a replay."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.models import Instrument, PriceBar, Replay
from forecasts.services import replays
from tests.factories import InstrumentFactory, bars, weekdays_until

LAST = date(2013, 3, 1)


@pytest.fixture
def instrument(db: None) -> Instrument:
    instrument: Instrument = InstrumentFactory()
    bars(instrument, 600)
    return instrument


def ask(user: User | None, symbol: str, method: str = "house", **wish: Any) -> Replay:
    return services.request_replay(owner=user, symbol=symbol, method=method, **wish)


def refusal(user: User | None, symbol: str, method: str = "house", **wish: Any) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        ask(user, symbol, method, **wish)
    assert not Replay.objects.exists()
    return caught.value


def test_a_replay_is_asked_for_up_to_the_last_final_session(user: User, instrument: Instrument) -> None:
    bars(instrument, 1, last=LAST + timedelta(days=3), state=PriceBar.State.PROVISIONAL)

    replay = ask(user, instrument.symbol.lower())

    assert (replay.status, replay.as_of, replay.method, replay.asked_by) == ("queued", LAST, "house", user)


def test_a_day_without_a_session_stands_for_the_one_before(user: User, instrument: Instrument) -> None:
    assert ask(user, instrument.symbol, as_of=date(2013, 2, 24)).as_of == date(2013, 2, 22)


def test_the_same_question_is_the_same_replay_whoever_asks(
    user: User, other: User, instrument: Instrument
) -> None:
    first = ask(user, instrument.symbol)

    assert ask(other, instrument.symbol, as_of=LAST) == first
    assert ask(other, instrument.symbol, method="fine-tuned") != first


def test_what_failed_can_be_asked_again(user: User, instrument: Instrument) -> None:
    first = ask(user, instrument.symbol)
    Replay.objects.update(status="failed")

    assert ask(user, instrument.symbol) != first


def test_a_restated_history_is_a_new_question(user: User, instrument: Instrument) -> None:
    first = ask(user, instrument.symbol)
    Instrument.objects.update(data_revision=2)

    assert ask(user, instrument.symbol) != first


@pytest.mark.parametrize("method", ["from-scratch", "", "theta"])
def test_other_methods_are_refused(method: str, user: User, instrument: Instrument) -> None:
    refused = refusal(user, instrument.symbol, method)

    assert refused.field == "method"
    assert "house or fine-tuned" in refused.message


def test_too_short_a_history_is_refused_with_what_works(user: User, db: None) -> None:
    instrument = InstrumentFactory()
    bars(instrument, 560)

    refused = refusal(user, instrument.symbol, "fine-tuned")

    assert (refused.code, refused.field) == ("too_short", "method")
    assert "needs 561 sessions" in refused.message
    assert "has 560" in refused.message
    assert "house method works" in refused.message
    assert "No method works" in refusal(user, instrument.symbol, as_of=weekdays_until(LAST, 400)[0]).message


def test_a_day_before_the_history_is_refused(user: User, instrument: Instrument) -> None:
    assert refusal(user, instrument.symbol, as_of=date(1999, 1, 1)).field == "as_of"


def test_an_instrument_without_prices_is_refused(user: User) -> None:
    instrument = InstrumentFactory(yahoo=True)

    assert refusal(user, instrument.symbol).code == "no_prices"
    assert refusal(user, "NEVERSEEN").code == "unknown_symbol"


def test_a_private_upload_is_its_owners(user: User, other: User) -> None:
    upload = InstrumentFactory(upload=True, owner=user)
    bars(upload, 300)

    assert refusal(other, upload.symbol).code == "unknown_symbol"
    replay = ask(user, upload.symbol)
    assert list(Replay.objects.visible_to(user)) == [replay]
    assert not Replay.objects.visible_to(other).exists()
    assert not Replay.objects.visible_to(None).exists()


def test_nobody_may_have_too_many_under_way(user: User, other: User, instrument: Instrument) -> None:
    days = weekdays_until(LAST, replays.MOST_UNDER_WAY + 1)
    for day in days[:-1]:
        ask(user, instrument.symbol, as_of=day)

    with pytest.raises(RequestRefused, match="are under way") as caught:
        ask(user, instrument.symbol, as_of=days[-1])
    assert caught.value.code == "busy"
    assert ask(user, instrument.symbol, as_of=days[0]).status == "queued"
    assert ask(other, instrument.symbol, as_of=days[-1]).status == "queued"


def test_a_bell_is_rung_once_it_is_committed(
    user: User,
    instrument: Instrument,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("forecasts.bell.app.send_task", lambda *a, **options: sent.append((a, options)))

    with django_capture_on_commit_callbacks(execute=True):
        replay = ask(user, instrument.symbol)

    (((task,), options),) = sent
    assert (task, options["args"], options["queue"]) == ("forecasts.replay", [str(replay.pk)], "evidence")
    replay.refresh_from_db()
    assert replay.rung_at is not None
    assert replay.rung_at <= timezone.now()
