"""Asking, sharing, withdrawing."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.models import Forecast, ForecastRequest, Instrument
from tests.factories import InstrumentFactory, bars

LAST = date(2013, 3, 1)


@pytest.fixture
def instrument(db: None) -> Instrument:
    instrument = InstrumentFactory(symbol="SAMPLE:T")
    bars(instrument, count=800, last=LAST)
    return instrument


def ask(owner: User | None, **wish: Any) -> ForecastRequest:
    return services.request_forecast(
        owner=owner,
        idempotency_key=wish.pop("idempotency_key", None),
        question=services.Question(**{"symbol": "SAMPLE:T", **wish}),
    )


def test_a_request_waits_for_the_last_session_by_default(instrument: Instrument, user: User) -> None:
    request = ask(user)

    forecast = request.forecast
    assert (request.status, forecast.as_of, forecast.method, forecast.horizon) == (
        "queued",
        LAST,
        "fine-tuned",
        20,
    )
    assert forecast.prices_ready


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ({"horizon": 0}, "horizon", "from 1 to 60, not 0"),
        ({"horizon": 61}, "horizon", "from 1 to 60, not 61"),
        ({"horizon": True}, "horizon", "whole number"),
        ({"method": "magic"}, "method", "fine-tuned, house, from-scratch"),
        ({"symbol": "SAMPLE:NOPE"}, "symbol", "The samples are: SAMPLE:T."),
        ({"symbol": "UPLOAD:MINE"}, "symbol", "You have no upload called UPLOAD:MINE"),
        ({"symbol": "!!"}, "symbol", "is not a symbol"),
        ({"symbol": ""}, "symbol", "Give a symbol"),
        (
            {"as_of": LAST + timedelta(days=1)},
            "as_of",
            "after the last closed session of SAMPLE:T, 2013-03-01",
        ),
        ({"as_of": date(1999, 1, 4)}, "as_of", "Choose a later day"),
        (
            {"as_of": datetime(2012, 1, 1, tzinfo=timezone.get_default_timezone())},
            "as_of",
            "such as 2012-06-29",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    instrument: Instrument, user: User, wish: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(RequestRefused, match=words.replace(".", r"\.")) as refusal:
        ask(user, **wish)

    assert refusal.value.field == field
    assert Forecast.objects.count() == 0
    assert Instrument.objects.count() == 1


def test_a_short_history_names_the_methods_that_work(user: User) -> None:
    bars(InstrumentFactory(symbol="SAMPLE:T"), count=500, last=LAST)

    with pytest.raises(RequestRefused) as refusal:
        ask(user, method="from-scratch")

    assert refusal.value.message == (
        "from-scratch needs 750 sessions; SAMPLE:T has 500 up to 2013-03-01. "
        "Methods that work: house, fine-tuned."
    )


def test_history_is_counted_up_to_as_of(instrument: Instrument, user: User) -> None:
    early = instrument.bars.order_by("date")[600].date

    with pytest.raises(RequestRefused, match="has 601 up to"):
        ask(user, method="from-scratch", as_of=early)


def test_a_day_without_session_means_the_session_before(instrument: Instrument, user: User) -> None:
    request = ask(user, as_of=date(2013, 2, 24))

    assert request.forecast.as_of == date(2013, 2, 22)


def test_an_unknown_yahoo_symbol_is_accepted_for_a_worker_to_find_out(user: User) -> None:
    request = ask(user, symbol="brk-b")

    forecast = request.forecast
    assert (forecast.instrument.symbol, forecast.prices_ready, forecast.queue) == ("BRK-B", False, "io")


def test_asking_the_same_again_returns_the_same_request(instrument: Instrument, user: User) -> None:
    assert ask(user) == ask(user)
    assert Forecast.objects.count() == 1


def test_two_people_share_the_work_but_not_the_request(
    instrument: Instrument, user: User, other: User
) -> None:
    mine, theirs = ask(user), ask(other)

    assert mine != theirs
    assert mine.forecast == theirs.forecast


def test_cancelling_leaves_the_others_request_alone(instrument: Instrument, user: User, other: User) -> None:
    mine, theirs = ask(user), ask(other)

    services.cancel_forecast(request=mine)

    assert [r.status for r in ForecastRequest.objects.order_by("owner__email")] == ["cancelled", "queued"]
    assert theirs.forecast.status == "queued"


def test_who_has_withdrawn_sees_where_the_work_stood_then(
    instrument: Instrument, user: User, other: User
) -> None:
    mine, theirs = ask(user), ask(other)
    Forecast.objects.update(status="running", stage="training", progress=0.3)
    services.cancel_forecast(request=mine)
    Forecast.objects.update(stage="evaluating", progress=0.6, error={"code": "internal"})

    seen = {one.pk: (one.stage, one.progress, one.error) for one in ForecastRequest.objects.all()}

    assert seen[mine.pk] == ("training", 0.3, None)
    assert seen[theirs.pk] == ("evaluating", 0.6, {"code": "internal"})


def test_the_last_to_cancel_stops_the_work(instrument: Instrument, user: User, other: User) -> None:
    mine, theirs = ask(user), ask(other)

    services.cancel_forecast(request=mine)
    services.cancel_forecast(request=theirs)

    assert Forecast.objects.get().status == "cancelled"


def test_after_cancelling_the_same_question_is_a_new_forecast(instrument: Instrument, user: User) -> None:
    first = ask(user)
    services.cancel_forecast(request=first)

    second = ask(user)

    assert second.forecast != first.forecast
    assert second.status == "queued"


def test_a_finished_forecast_cannot_be_cancelled(instrument: Instrument, user: User) -> None:
    request = ask(user)
    Forecast.objects.update(status="succeeded")

    with pytest.raises(RequestRefused, match="has succeeded already") as refusal:
        services.cancel_forecast(request=request)

    assert refusal.value.code == "already_finished"


def test_deleting_the_only_request_stops_the_work(instrument: Instrument, user: User) -> None:
    services.delete_forecast(request=ask(user))

    assert ForecastRequest.objects.count() == 0
    assert Forecast.objects.get().status == "cancelled"


def test_deleting_keeps_a_finished_forecast_for_whoever_asks_next(
    instrument: Instrument, user: User, other: User
) -> None:
    request = ask(user)
    Forecast.objects.update(status="succeeded")

    services.delete_forecast(request=request)

    assert ask(other).status == "succeeded"


def test_a_failed_forecast_can_be_asked_for_again(instrument: Instrument, user: User) -> None:
    first = ask(user)
    Forecast.objects.update(status="failed")

    assert ask(user).forecast != first.forecast


def test_an_idempotency_key_returns_the_first_answer(instrument: Instrument, user: User) -> None:
    first = ask(user, idempotency_key="k1")
    Forecast.objects.update(status="failed")

    assert ask(user, idempotency_key="k1") == first


def test_an_idempotency_key_cannot_stand_for_two_questions(instrument: Instrument, user: User) -> None:
    ask(user, idempotency_key="k1")

    with pytest.raises(RequestRefused) as refusal:
        ask(user, idempotency_key="k1", horizon=5)

    assert refusal.value.code == "idempotency_key_reused"


def test_two_people_may_use_the_same_idempotency_key(instrument: Instrument, user: User, other: User) -> None:
    assert ask(user, idempotency_key="k") != ask(other, idempotency_key="k")


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_leaves_the_row_queued(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from kombu.exceptions import OperationalError

    def down(*_args: Any, **_options: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("forecasts.bell.app.send_task", down)
    bars(InstrumentFactory(symbol="SAMPLE:T"), count=500, last=LAST)

    request = ask(user)

    forecast = Forecast.objects.get(pk=request.forecast_id)
    assert (forecast.status, forecast.rung_at) == ("queued", None)
