"""What a forecast's page says of what became of it."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from forecasts import ledger, pipeline
from forecasts.models import Forecast, ForecastRequest, Instrument
from forecasts.views.scored import scored
from tests.factories import ForecastFactory, ForecastRequestFactory, InstrumentFactory, bars

SATURDAY = datetime(2013, 3, 2, 12, tzinfo=UTC)
TUESDAY = datetime(2013, 3, 5, 18, tzinfo=UTC)


@pytest.fixture
def acme(db: None) -> Instrument:
    made: Instrument = InstrumentFactory(yahoo=True, symbol="ACME")
    bars(made, 30)
    return made


def issue(instrument: Instrument, moment: datetime = SATURDAY) -> Forecast:
    with time_machine.travel(moment, tick=False):
        made: Forecast = ForecastFactory(
            instrument=instrument, succeeded=True, horizon=5, volatility=0.02, finished_at=moment
        )
        ledger.enter_issued(made)
    return made


def came(instrument: Instrument, **closes: float) -> None:
    for day, close in closes.items():
        bars(instrument, last=date(2013, 3, int(day[1:])), closes=[close])
    pipeline.score_due()


def again(forecast: Forecast) -> Forecast:
    return Forecast.objects.select_related("entry").get(pk=forecast.pk)


def test_each_final_session_is_told_with_its_scores(acme: Instrument) -> None:
    forecast = issue(acme)
    came(acme, d4=101.0, d5=90.0)

    told = scored(again(forecast))

    first, second = told.steps
    assert (first.step, first.date, first.price) == (1, date(2013, 3, 4), pytest.approx(101.0))
    assert first.change == pytest.approx(0.01)
    assert (first.held_80, second.held_80, second.held_95) == (True, False, False)
    assert first.naive_crps is not None
    assert first.is_sharper == (first.crps < first.naive_crps)
    assert (told.held_80, told.begun, told.waiting, told.lacking, told.why_none) == (1, 0, 3, 0, "")


def test_sessions_that_had_begun_and_those_without_a_price_are_counted(acme: Instrument) -> None:
    forecast = issue(acme, TUESDAY)
    came(acme, d4=101.0, d5=102.0, d6=103.0, d8=104.0)

    told = scored(again(forecast))

    assert [row.step for row in told.steps] == [3, 5]
    assert (told.begun, told.waiting, told.lacking) == (2, 0, 1)


def test_the_page_tells_it(client: Client, user: User, acme: Instrument) -> None:
    client.force_login(user)
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast=issue(acme, TUESDAY))
    came(acme, d4=101.0, d5=102.0, d6=103.0, d8=104.0)

    page = client.get(wish.get_absolute_url()).content.decode()

    assert "The 80 % band held at 2 of 2 scored sessions." in page
    assert "2 sessions had begun when it was issued and do not count." in page
    assert "For 1 session the source has no price, so it is not scored." in page
    assert '<a href="/ledger/1/">Entry 1</a> of 5 Mar 2013' in page


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (SATURDAY, "No session that it speaks of is final yet."),
        (datetime(2013, 4, 2, tzinfo=UTC), "All sessions that it speaks of had begun"),
    ],
)
def test_where_nothing_is_scored_the_page_says_why(
    client: Client, user: User, acme: Instrument, moment: datetime, words: str
) -> None:
    client.force_login(user)
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast=issue(acme, moment))

    assert words in client.get(wish.get_absolute_url()).content.decode()


def test_a_forecast_of_before_the_ledger_is_not_scored(client: Client, user: User) -> None:
    client.force_login(user)
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast__succeeded=True)

    page = client.get(wish.get_absolute_url()).content.decode()
    ledger.enter_endings()

    assert "It was issued before the ledger was kept" in page
    assert "It was issued before the ledger was kept" in client.get(wish.get_absolute_url()).content.decode()


def test_a_restated_outcome_is_marked(acme: Instrument) -> None:
    forecast = issue(acme)
    came(acme, d4=101.0)
    acme.bars.filter(date=date(2013, 3, 4)).update(adj_close=102.0)
    Instrument.objects.filter(pk=acme.pk).update(data_revision=2)
    pipeline.score_due()

    (row,) = scored(again(forecast)).steps

    assert (row.is_restated, row.price) == (True, pytest.approx(102.0))


def test_a_session_scored_before_its_bar_was_taken_away_is_not_waited_for(acme: Instrument) -> None:
    forecast = issue(acme)
    came(acme, d4=101.0, d5=102.0)
    acme.bars.filter(date=date(2013, 3, 5)).delete()
    Instrument.objects.filter(pk=acme.pk).update(data_revision=2)
    pipeline.score_due()

    told = scored(again(forecast))

    assert [row.step for row in told.steps] == [1, 2]
    assert (told.waiting, told.lacking) == (3, 0)
