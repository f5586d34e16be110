"""What a watchlist says of an instrument."""

from datetime import date
from math import exp, sqrt
from statistics import NormalDist

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from forecasts.models import CorporateAction, Instrument, Trust
from forecasts.views.watch_rows import WatchRow, spark_points, watch_rows
from tests.factories import DAILY_VOLATILITY, ForecastFactory, ForecastRequestFactory, InstrumentFactory, bars
from tests.forecasts.scored import record

EIGHTY = exp(NormalDist().inv_cdf(0.9) * DAILY_VOLATILITY * sqrt(5))


def row_of(user: User, instrument: Instrument) -> WatchRow:
    return watch_rows(user, [instrument.pk])[instrument.pk]


def test_watch_row_of_an_instrument_without_prices_is_empty(user: User) -> None:
    instrument = InstrumentFactory()

    assert row_of(user, instrument) == WatchRow(instrument)


def test_watch_row_has_the_last_close_and_the_change_since_the_session_before(user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument, closes=[80.0, 100.0, 110.0])

    row = row_of(user, instrument)

    assert (row.last_close, row.last_date, row.change) == (110.0, date(2013, 3, 1), pytest.approx(0.1))


def test_watch_row_shows_a_provisional_close_and_says_so(user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument, closes=[100.0, 110.0], last=date(2013, 2, 28))
    bars(instrument, closes=[121.0], state="provisional")

    row = row_of(user, instrument)

    assert (row.last_close, row.is_provisional, row.change) == (121.0, True, pytest.approx(0.1))


def test_watch_row_leaves_out_a_session_that_is_not_over(user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument, closes=[100.0], last=date(2013, 2, 28))
    bars(instrument, closes=[120.0], state="unfinished")

    assert row_of(user, instrument).last_close == 100.0


def test_watch_row_expects_the_eighty_per_cent_band_in_five_sessions(user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument)
    request = ForecastRequestFactory(owner=user, forecast__instrument=instrument, forecast__succeeded=True)

    outlook = row_of(user, instrument).outlook

    assert outlook is not None
    assert (outlook.low, outlook.high) == (pytest.approx(100 / EIGHTY), pytest.approx(100 * EIGHTY))
    assert (outlook.date, outlook.request_id) == (date(2013, 3, 8), request.pk)


def test_watch_row_puts_the_band_on_todays_share_basis(user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument)
    ForecastFactory(instrument=instrument, succeeded=True)
    CorporateAction.objects.create(instrument=instrument, date=date(2013, 3, 4), kind="split", value=2.0)

    outlook = row_of(user, instrument).outlook

    assert outlook is not None
    assert outlook.high == pytest.approx(50 * EIGHTY)


def test_watch_row_takes_anybodys_newest_forecast_without_linking_to_it(user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument)
    ForecastFactory(instrument=instrument, succeeded=True, as_of=date(2013, 2, 27))
    ForecastRequestFactory(forecast__instrument=instrument, forecast__succeeded=True)

    outlook = row_of(user, instrument).outlook

    assert outlook is not None
    assert (outlook.date, outlook.request_id) == (date(2013, 3, 8), None)


def test_watch_row_shows_the_naive_cone_where_the_forecast_does(user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument)
    ForecastFactory(instrument=instrument, succeeded=True, evaluation__trust=Trust.WORSE_THAN_NAIVE)

    outlook = row_of(user, instrument).outlook

    assert outlook is not None
    assert outlook.high == pytest.approx(100 * EIGHTY**1.1)


def test_watch_rows_show_the_trust_of_now_in_as_many_queries_for_three_as_for_one(
    user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    instruments = InstrumentFactory.create_batch(3)
    for instrument in instruments:
        bars(instrument)
        ForecastFactory(instrument=instrument, succeeded=True)
    record(instruments[0], crps_skill=-0.04, p_value=0.01)
    keys = [instrument.pk for instrument in instruments]

    with django_assert_num_queries(6):
        watch_rows(user, keys[:1])
    with django_assert_num_queries(6):
        rows = watch_rows(user, keys)

    found = [rows[key].outlook for key in keys]
    assert [(outlook.trust, outlook.shown) for outlook in found if outlook] == [
        ("worse_than_naive", "naive"),
        ("sharper", "model"),
        ("sharper", "model"),
    ]


@pytest.mark.parametrize("what", [{"as_of": date(2013, 2, 1)}, {"horizon": 4}])
def test_watch_row_expects_nothing_from_a_forecast_that_is_past_or_too_short(
    user: User, what: dict[str, object]
) -> None:
    instrument = InstrumentFactory()
    bars(instrument)
    ForecastFactory(instrument=instrument, succeeded=True, **what)

    assert row_of(user, instrument).outlook is None


def test_watch_row_names_the_readers_own_unfinished_request(user: User) -> None:
    instrument = InstrumentFactory()
    mine = ForecastRequestFactory(owner=user, forecast__instrument=instrument, forecast__running=True)
    ForecastRequestFactory(forecast__instrument=instrument)

    assert row_of(user, instrument).pending == mine


def test_spark_points_run_from_left_to_right_and_high_to_low() -> None:
    assert spark_points([1.0, 3.0, 2.0]) == "2.0,28.0 56.0,2.0 110.0,15.0"


@pytest.mark.parametrize(("closes", "points"), [([], ""), ([5.0], ""), ([5.0, 5.0], "2.0,2.0 110.0,2.0")])
def test_spark_points_of_little_or_flat_history(closes: list[float], points: str) -> None:
    assert spark_points(closes) == points
