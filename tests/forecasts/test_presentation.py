from datetime import date
from math import exp, log

import pytest

from forecasts import presentation
from forecasts.models import CorporateAction, Forecast, PriceBar
from tests.factories import ForecastFactory, InstrumentFactory, bars, normal_quantiles
from tests.forecasts.scored import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def forecast() -> Forecast:
    made: Forecast = ForecastFactory(succeeded=True, horizon=5)
    bars(made.instrument, closes=[98.0, 99.0, 100.0], last=date(2013, 3, 1))
    return made


def target_bar(forecast: Forecast, close: float, adj_close: float) -> None:
    PriceBar.objects.create(
        instrument=forecast.instrument,
        date=date(2013, 3, 4),
        **dict.fromkeys(("open", "high", "low", "close"), close),
        adj_close=adj_close,
        volume=1.0,
    )


def test_prices_are_the_anchor_times_the_exponential_of_the_quantiles(forecast: Forecast) -> None:
    first = presentation.price_points(forecast)[0]

    assert first.quantiles == pytest.approx([100 * exp(quantile) for quantile in normal_quantiles(1)])
    assert (first.median, first.actual) == (pytest.approx(100.0), None)


def test_the_actual_price_counts_dividends_as_return(forecast: Forecast) -> None:
    bars_adjusted = forecast.instrument.bars.filter(date__lte=date(2013, 3, 1))
    bars_adjusted.update(adj_close=98.0)
    target_bar(forecast, close=99.0, adj_close=99.0)

    assert presentation.price_points(forecast)[0].actual == pytest.approx(100 * 99 / 98)


@pytest.mark.parametrize("state", ["provisional", "unfinished"])
def test_a_provisional_bar_is_not_yet_an_actual_price(forecast: Forecast, state: str) -> None:
    target_bar(forecast, close=99.0, adj_close=99.0)
    PriceBar.objects.filter(date=date(2013, 3, 4)).update(state=state)

    assert presentation.price_points(forecast)[0].actual is None


@pytest.mark.parametrize(("ratio", "close"), [(2.0, 50.0), (0.1, 1000.0)])
def test_a_split_since_the_forecast_re_bases_it(forecast: Forecast, ratio: float, close: float) -> None:
    CorporateAction.objects.create(
        instrument=forecast.instrument, date=date(2013, 3, 4), kind="split", value=ratio
    )

    assert presentation.last_close(forecast) == pytest.approx(close)
    assert presentation.price_points(forecast)[0].median == pytest.approx(close)


def test_a_split_that_a_replay_already_contains_changes_nothing(forecast: Forecast) -> None:
    CorporateAction.objects.create(
        instrument=forecast.instrument, date=date(2013, 3, 4), kind="split", value=2.0
    )
    Forecast.objects.update(split_factor=2.0)
    forecast.refresh_from_db()

    assert presentation.last_close(forecast) == pytest.approx(100.0)


def test_without_a_result_there_are_no_points() -> None:
    assert presentation.price_points(ForecastFactory()) == []
    assert presentation.last_close(ForecastFactory()) is None


# What a forecast starts from ----------------------------------------------------------------------------


def test_an_ordinary_origin_needs_no_note(forecast: Forecast) -> None:
    forecast.model = {"origin": "final"}

    assert presentation.origin_note(forecast) == ""


def test_a_forecast_of_before_origins_were_noted_has_no_note(forecast: Forecast) -> None:
    assert presentation.origin_note(forecast) == ""


def test_a_forecast_without_a_result_has_no_note() -> None:
    assert presentation.origin_note(ForecastFactory()) == ""


def test_a_missing_session_is_named() -> None:
    forecast = ForecastFactory(
        instrument=InstrumentFactory(yahoo=True),
        succeeded=True,
        as_of=date(2024, 7, 5),
        data_as_of=date(2024, 7, 3),
    )

    assert presentation.origin_note(forecast) == (
        "The session of 5 July 2024 was missing at Yahoo Finance when this was made; "
        "this forecast starts from 3 July 2024."
    )


def test_a_provisional_close_is_named(forecast: Forecast) -> None:
    forecast.model = {"origin": "provisional"}

    assert presentation.origin_note(forecast) == (
        "The close of 1 March 2013 was provisional when this was made."
    )


def test_the_series_shown_first_follows_what_the_ledger_has_said_since(forecast: Forecast) -> None:
    before = presentation.shown_series(forecast)
    record(forecast.instrument, crps_skill=-0.04, p_value=0.01)

    after = presentation.shown_series(Forecast.objects.get(pk=forecast.pk))

    assert (before, after) == (("model", "random-walk"), ("random-walk", "model"))


@pytest.mark.parametrize(
    ("factor", "scored", "words"),
    [
        (1.08, 43, "43 earlier forecasts by this method has widened the model’s 5-session band by 8 %"),
        (0.9, 1, "1 earlier forecast by this method has narrowed the model’s 5-session band by 10 %"),
        (
            1.001,
            2,
            "2 earlier forecasts by this method has left the model’s 5-session band nearly as it was",
        ),
    ],
)
def test_what_the_ledger_did_to_the_bands_is_said(
    forecast: Forecast, factor: float, scored: int, words: str
) -> None:
    widths = [0.0, 0.0, 0.0, 0.0, log(factor)]
    forecast.calibration = {"log_widths": widths, "scored": scored, "entry": 7}

    assert words in presentation.calibration_note(forecast)


def test_bands_that_the_ledger_left_alone_need_no_words(forecast: Forecast) -> None:
    assert presentation.calibration_note(forecast) == ""


def test_the_band_spoken_of_is_within_the_horizon() -> None:
    forecast = Forecast(horizon=2, calibration={"log_widths": [0.0, log(1.2)], "scored": 9, "entry": 9})

    assert "2-session band by 20 %" in presentation.calibration_note(forecast)
