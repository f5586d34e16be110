"""How many are asked for at once, and what breaks in the middle."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts import services
from forecasts.models import DueForecast, Forecast, ForecastRequest
from forecasts.models.schedules import KEPT
from forecasts.scheduling import plan, releasing, schedule_due
from tests.factories import ForecastFactory, UserFactory, bars
from tests.forecasts.scheduling.conftest import EVENING, FRIDAY, MONDAY, live, outcomes, schedule_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_no_more_are_asked_for_than_a_minute_has_room_for(user: User, settings: Settings) -> None:
    settings.SCHEDULED_FORECASTS_PER_MINUTE = 2
    schedule_for(user, *(live(f"T{number}") for number in range(5)))

    schedule_due()
    assert ForecastRequest.objects.count() == 2
    schedule_due()
    assert ForecastRequest.objects.count() == 2  # nobody has taken up the first two
    Forecast.objects.update(status="running")
    schedule_due()

    assert ForecastRequest.objects.count() == 4


def test_those_that_train_have_a_tenth_of_the_room_and_take_none_of_the_others(
    user: User, settings: Settings
) -> None:
    settings.SCHEDULED_FORECASTS_PER_MINUTE = 11
    stocks = [live(f"T{number}") for number in range(4)]
    for stock in stocks:
        bars(stock, 300, last=stock.bars.order_by("date").first().date - timedelta(days=1))
    schedule_for(user, *stocks, method="fine-tuned")
    schedule_for(user, *stocks)
    ForecastFactory.create_batch(1, method="fine-tuned")

    schedule_due()

    methods = list(ForecastRequest.objects.values_list("forecast__method", flat=True))
    assert (methods.count("house"), methods.count("fine-tuned")) == (4, 1)


def test_a_person_with_many_symbols_leaves_room_for_the_others(
    user: User, other: User, settings: Settings
) -> None:
    settings.SCHEDULED_FORECASTS_PER_MINUTE = 3
    stocks, shared = [live(f"T{number}") for number in range(5)], live("SHARED")
    theirs = [live(f"U{number}") for number in range(2)]
    schedule_for(user, *stocks, shared)
    schedule_for(other, *theirs, shared)
    plan(EVENING)
    late = [one.pk for one in (*theirs, shared)]
    DueForecast.objects.update(due_at=EVENING - timedelta(minutes=9))
    DueForecast.objects.filter(instrument__in=late).update(due_at=EVENING)

    rounds = []
    for _ in range(3):
        schedule_due()
        rounds.append(Counter(ForecastRequest.objects.values_list("owner", flat=True)))
        Forecast.objects.update(status="running")

    # What both ask for comes first among theirs, and in the second and third minute one of their own.
    assert [asked[other.pk] for asked in rounds] == [1, 2, 3]
    assert rounds[0][user.pk] == 3


def test_what_nobody_asks_for_takes_no_room(user: User, settings: Settings) -> None:
    settings.SCHEDULED_FORECASTS_PER_MINUTE = 1
    schedule_for(user, *(live(f"T{number}") for number in range(2)))
    plan(EVENING)
    DueForecast.objects.update(due_at=EVENING)
    before = EVENING - timedelta(minutes=9)
    DueForecast.objects.create(
        instrument=live("LEFT"), session=MONDAY, method="house", horizon=20, due_at=before
    )

    schedule_due()

    assert sorted(outcomes()) == [
        ("LEFT", "skipped", releasing.NOBODY),
        ("T0", "asked", ""),
        ("T1", "waiting", ""),
    ]


def test_what_was_settled_long_ago_is_deleted(user: User) -> None:
    acme = live()
    question = {"instrument": acme, "method": "house", "horizon": 20, "due_at": EVENING}
    ages = {"OLD": KEPT + timedelta(minutes=1), "YOUNG": KEPT - timedelta(minutes=1)}
    for number, (note, age) in enumerate(ages.items()):
        session = MONDAY - timedelta(days=100 + number)
        settled = {"status": "skipped", "note": note, "settled_at": EVENING - age}
        DueForecast.objects.create(session=session, **settled, **question)
    schedule_for(user, acme)

    schedule_due()

    assert [note for _, _, note in outcomes()] == ["YOUNG", ""]


def test_those_that_wait_for_a_bar_take_no_room(user: User, settings: Settings) -> None:
    settings.SCHEDULED_FORECASTS_PER_MINUTE = 1
    schedule_for(user, *(live(f"T{number}", last=FRIDAY) for number in range(3)), live())

    schedule_due()

    assert [asked.instrument.symbol for asked in Forecast.objects.all()] == ["ACME"]


def test_a_row_that_breaks_is_left_waiting_and_leaves_nothing_behind(
    user: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, ask = live(), releasing.ask_for_all
    for owner in (user, other):
        schedule_for(owner, acme)
    schedule_for(user, live("BETA"))

    def break_in_the_middle(*, question: services.Question, **asked: Any) -> Forecast:
        forecast = ask(question=question, **asked)
        if question.symbol == "ACME":
            raise RuntimeError("killed")
        return forecast

    monkeypatch.setattr(releasing, "ask_for_all", break_in_the_middle)
    schedule_due()
    assert outcomes() == [("ACME", "waiting", ""), ("BETA", "asked", "")]
    assert [row.forecast.instrument.symbol for row in ForecastRequest.objects.all()] == ["BETA"]

    monkeypatch.undo()
    schedule_due()

    assert outcomes() == [("ACME", "asked", ""), ("BETA", "asked", "")]
    assert ForecastRequest.objects.count() == 3


def test_a_round_reads_no_more_for_rows_that_wait(user: User, django_assert_num_queries: Any) -> None:
    schedule_for(user, live("T0", last=FRIDAY))
    schedule_due()
    with django_assert_num_queries(8):
        schedule_due()
    schedule_for(UserFactory(), *(live(f"T{number}", last=FRIDAY) for number in range(1, 6)))
    schedule_due()

    with django_assert_num_queries(8):
        schedule_due()
