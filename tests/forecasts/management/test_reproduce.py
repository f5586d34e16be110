"""manage.py reproduce: forecasts made again, and what is found where something has changed."""

from io import StringIO
from typing import Any

import pandas as pd
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from forecasts import ingest, services, tasks
from forecasts.market_data.base import Action, History
from forecasts.models import (
    BAR_COLUMNS,
    CorporateAction,
    Forecast,
    ForecastPoint,
    ForecastRequest,
    Instrument,
    PriceBar,
    Restatement,
)
from tests.factories import ForecastRequestFactory, InstrumentFactory

Reason = Restatement.Reason


@pytest.fixture(autouse=True)
def _silent_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasts.heartbeat.LOOK_SECONDS", 3600)


def issued(instrument: Instrument, method: str = "house", **wish: Any) -> ForecastRequest:
    question = services.Question(instrument.symbol, horizon=5, method=method, **wish)
    request = services.ask_forecast(owner=None, question=question)
    Forecast.objects.update(prices_ready=True)
    tasks.compute(request.forecast_id)
    return ForecastRequest.objects.with_forecast().get(pk=request.pk)


def reproduce(what: object) -> tuple[int, str]:
    """Return exit code and words."""
    out = StringIO()
    try:
        call_command("reproduce", str(what), stdout=out, no_color=True)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}\n"
    return 0, out.getvalue()


def history(instrument: Instrument, actions: tuple[Action, ...] = ()) -> History:
    """What is stored, as a source would answer it."""
    frame = instrument.bars.all().as_frame()[list(BAR_COLUMNS)]
    return History(bars=frame, actions=list(actions), about={})


def tamper(statement: str, *values: Any) -> None:
    """Change what a trigger of the database protects, as somebody with its password could."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.mark.parametrize("method", ["house", "fine-tuned", "from-scratch"])
def test_a_forecast_is_made_again_to_the_bit(goog: Instrument, method: str) -> None:
    request = issued(goog, method)

    code, words = reproduce(request.pk)

    lines = words.splitlines()
    assert (code, lines[-1]) == (0, "identical")
    assert lines[0].startswith(f"SAMPLE:GOOG by {method}, 5 sessions from 2013-03-01: ledger entry")
    assert "bars: 2148 sessions up to 2013-03-01, as they were" in lines
    assert "points of model: 5 steps, identical" in lines
    assert "points of random-walk: 5 steps, identical" in lines


def test_a_forecast_is_found_by_its_ledger_entry(goog: Instrument) -> None:
    request = issued(goog)

    assert reproduce(request.forecast.entry_id)[0] == 0


def test_sessions_since_change_nothing(goog: Instrument) -> None:
    request = issued(goog, as_of=pd.Timestamp("2012-06-29").date())

    assert reproduce(request.pk)[1].endswith("identical\n")


def test_a_changed_bar_is_named(goog: Instrument) -> None:
    request = issued(goog)
    PriceBar.objects.filter(date="2013-02-28").update(close=F("close") * 1.05, high=F("high") * 1.06)

    code, words = reproduce(request.pk)

    assert code == 1
    assert "their hash is another, and no change of them is on record" in words
    assert "points of model: up to" in words


def test_a_changed_anchor_is_named(goog: Instrument) -> None:
    request = issued(goog)
    PriceBar.objects.filter(date="2013-03-01").update(close=F("close") * 1.05, high=F("high") * 1.06)

    code, words = reproduce(request.pk)

    assert code == 1
    assert "anchor: the close of 2013-03-01 was 806.19, and is 846.5" in words


def test_a_split_since_is_undone(goog: Instrument) -> None:
    request = issued(goog)
    told = history(goog, (Action(goog.bars.order_by("-date")[0].date, CorporateAction.Kind.SPLIT, 2.0),))
    told.bars[["open", "high", "low", "close", "adj_close"]] /= 2
    told.bars["volume"] *= 2
    ingest.store(goog, told, reason=Reason.SPLIT)

    code, words = reproduce(request.pk)

    assert goog.data_revision == 2
    assert code == 0
    assert "as they were, after undoing split of" in words
    assert words.endswith("identical\n")


def test_corrected_prices_are_had_back(goog: Instrument) -> None:
    request = issued(goog)
    told = history(goog)
    told.bars.loc["2013-02-04":"2013-02-08", ["open", "high", "low", "close", "adj_close"]] *= 1.01
    ingest.store(goog, told, reason=Reason.DISAGREEMENT)

    code, words = reproduce(request.pk)

    assert (code, words.splitlines()[-1]) == (0, "identical")
    assert "after undoing disagreement of" in words


def test_a_session_that_came_late_is_left_out_again(goog: Instrument) -> None:
    late = history(goog).bars.loc["2013-02-05":"2013-02-05"]
    PriceBar.objects.filter(date="2013-02-05").delete()
    request = issued(goog)
    ingest.store(goog, History(bars=late, actions=[], about={}))

    code, words = reproduce(request.pk)

    assert goog.data_revision == 2
    assert (code, words.splitlines()[-1]) == (0, "identical")


def test_prices_that_are_restored_in_rounding_are_compared_within_it(goog: Instrument) -> None:
    request = issued(goog)
    told = history(goog)
    told.bars[["open", "high", "low", "close", "adj_close"]] /= 1.37
    ingest.store(goog, told, reason=Reason.DISAGREEMENT)
    PriceBar.objects.update(close=F("close") * (1 + 1e-9))

    code, words = reproduce(request.pk)

    assert code == 0
    assert "not to the bit as they were, after undoing split of" in words
    assert "stored anew since" in words
    assert words.endswith("the same, as far as restored prices allow\n")


def test_volumes_that_were_counted_up_are_named(goog: Instrument) -> None:
    request = issued(goog)
    told = history(goog)
    told.bars.loc["2013-02-28":, "volume"] *= 1.001
    ingest.store(goog, told)

    code, words = reproduce(request.pk)

    assert code == 0
    assert "2 were stored anew since, 2013-02-28 to 2013-03-01" in words


def test_a_changed_point_is_named(goog: Instrument) -> None:
    request = issued(goog)
    point = ForecastPoint.objects.get(forecast=request.forecast, series="drift", step=3)
    quantiles = [*point.quantiles[:-1], point.quantiles[-1] + 0.01]
    tamper(
        "UPDATE forecasts_forecastpoint SET quantiles = %s WHERE forecast_id = %s AND series = 'drift' "
        "AND step = 3",
        quantiles,
        request.forecast_id,
    )

    code, words = reproduce(request.pk)

    assert code == 1
    assert "points of drift: up to 0.01 of log return apart, at step 3" in words
    assert "points of model: 5 steps, identical" in words


@pytest.mark.parametrize("method", ["house", "fine-tuned"])
def test_a_missing_model_is_named(goog: Instrument, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = issued(goog, method)
    monkeypatch.setattr("forecasts.pipeline.reproducing.house_of", lambda _sha256: None)

    code, words = reproduce(request.pk)

    assert code == 2
    assert "model: the house model it is from is neither shipped nor stored" in words


def test_other_weights_are_named(goog: Instrument) -> None:
    request = issued(goog, "fine-tuned")
    model = request.forecast.model | {"sha256": "f" * 64}
    Forecast.objects.update(model=model)

    code, words = reproduce(request.pk)

    assert code == 1
    assert "model: fitted again it has other weights" in words


def test_what_the_ledger_did_to_the_bands_is_done_again(goog: Instrument) -> None:
    request = issued(goog)
    plain = reproduce(request.pk)[1]
    said = {"log_widths": [0.1] * 5, "scored": 40, "entry": 3}
    Forecast.objects.update(calibration=said)

    code, words = reproduce(request.pk)

    assert "calibration" not in plain
    assert code == 1
    assert "calibration: by 40 scored forecasts, as stored" in words
    assert "points of model: up to" in words
    assert "points of random-walk: 5 steps, identical" in words


def test_a_series_that_nothing_makes_any_more_is_named(goog: Instrument) -> None:
    request = issued(goog)
    ForecastPoint.objects.create(
        forecast=request.forecast, series="tea-leaves", step=1, date="2013-03-04", quantiles=[0.0] * 17
    )

    code, words = reproduce(request.pk)

    assert code == 2
    assert "points of tea-leaves: nothing makes them any more" in words


def test_a_step_that_is_gone_is_named(goog: Instrument) -> None:
    request = issued(goog)
    tamper(
        "DELETE FROM forecasts_forecastpoint WHERE forecast_id = %s AND series = 'drift' AND step = 5",
        request.forecast_id,
    )

    code, words = reproduce(request.pk)

    assert (code, "points of drift: 4 steps are stored, of 5" in words) == (1, True)


def test_settings_of_an_older_version_are_said(goog: Instrument) -> None:
    request = issued(goog)
    Forecast.objects.update(settings={"version": 1, "seed": 7})

    code, words = reproduce(request.pk)

    assert code == 0
    assert "settings: version 1, and this release makes version" in words


def test_bars_that_are_gone_are_named(goog: Instrument) -> None:
    request = issued(goog)
    PriceBar.objects.all().delete()

    code, words = reproduce(request.pk)

    assert (code, "bars: none are stored any more" in words) == (2, True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("1", "The ledger has no entry 1."),
        ("0f8b0000-0000-4000-8000-000000000000", "There is no forecast"),
        ("tomorrow", "Give a forecast's id or the number"),
    ],
)
def test_what_is_not_there_is_said(what: str, words: str) -> None:
    code, said = reproduce(what)

    assert (code, words in said) == (2, True)


@pytest.mark.django_db
def test_what_has_no_numbers_is_said() -> None:
    request = ForecastRequestFactory(forecast__failed=True, forecast__instrument=InstrumentFactory())

    code, words = reproduce(request.pk)

    assert (code, "is failed; only one that succeeded" in words) == (2, True)
