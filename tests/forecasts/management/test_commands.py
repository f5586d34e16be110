"""The terminal: the same services and pipeline, no browser, worker or broker."""

import json
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from forecasts.models import Forecast, ForecastRequest, Instrument, PriceBar
from tests.factories import InstrumentFactory, bars


@pytest.fixture(autouse=True)
def _silent_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasts.heartbeat.LOOK_SECONDS", 3600)


def run(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_forecast_prints_a_row_for_each_session_and_the_verdict(goog: Instrument) -> None:
    lines = run("forecast", "SAMPLE:GOOG", "--method", "house", "--horizon", "3").splitlines()

    assert lines[0] == "SAMPLE:GOOG Google Inc.: 806.19 on 2013-03-01"
    assert [line[:10] for line in lines[2:5]] == ["2013-03-04", "2013-03-05", "2013-03-06"]
    assert lines[5].startswith(Forecast.objects.get().get_trust_display().capitalize())


def test_forecast_as_json_has_the_apis_shape(goog: Instrument) -> None:
    answer = json.loads(run("forecast", "SAMPLE:GOOG", "--method", "house", "--horizon", "3", "--json"))

    assert (answer["symbol"], answer["status"], answer["as_of"]) == ("SAMPLE:GOOG", "succeeded", "2013-03-01")
    assert [point["step"] for point in answer["points"]] == [1, 2, 3]
    assert len(answer["points"][0]["quantiles"]) == len(answer["levels"]) == 17


def test_forecast_for_a_user_is_in_their_list(goog: Instrument, user: User) -> None:
    run("forecast", "SAMPLE:GOOG", "--method", "house", "--horizon", "3", "--user", "ADA@example.com")

    assert ForecastRequest.objects.for_user(user).count() == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["SAMPLE:NOPE"], "There is no sample called SAMPLE:NOPE"),
        (["SAMPLE:GOOG", "--horizon", "0"], "from 1 to 60"),
        (["SAMPLE:GOOG", "--as-of", "2001-01-01"], "Choose a later day"),
        (["SAMPLE:GOOG", "--user", "no@example.com"], "Register on the site first"),
    ],
)
def test_forecast_says_what_is_wrong(goog: Instrument, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("forecast", *words)

    assert Forecast.objects.count() == 0


def test_forecast_tells_the_reason_of_a_failure(goog: Instrument) -> None:
    goog.bars.filter(date=date(2012, 1, 5)).update(low=1e6)

    with pytest.raises(CommandError, match="2012-01-05"):
        run("forecast", "SAMPLE:GOOG", "--method", "house")


def test_backtest_scores_the_model_beside_every_baseline(goog: Instrument) -> None:
    report = json.loads(run("backtest", "SAMPLE:GOOG", "--origins", "60", "--json"))

    assert report["origins"] == 60
    assert {row["method"] for row in report["metrics"]} == {
        "model",
        "random-walk",
        "drift",
        "historical",
        "filtered-historical",
    }
    assert (report["in_sample"], report["trust"]) == (False, "no_demonstrated_skill")


def test_backtest_can_add_the_slow_baselines(goog: Instrument) -> None:
    report = json.loads(run("backtest", "SAMPLE:GOOG", "--origins", "20", "--slow", "--json"))

    assert "gradient-boosting" in {row["method"] for row in report["metrics"]}


def test_backtest_prints_a_table(goog: Instrument) -> None:
    lines = run("backtest", "SAMPLE:GOOG", "--origins", "60").splitlines()

    assert lines[0].startswith("60 origins, ")
    assert lines[1].split()[:3] == ["step", "method", "crps"]


def test_backtest_of_too_short_a_history(fb: Instrument) -> None:
    with pytest.raises(CommandError, match="too few prices"):
        run("backtest", "SAMPLE:FB")


def write_panel(path: Path) -> Path:
    rows = ["date,symbol,open,high,low,close,adj_close,volume"]
    for number in range(3):
        instrument = InstrumentFactory()
        for bar in bars(instrument, count=900, last=date(2013, 3, 1)):
            price = bar.close * (1 + 0.01 * ((bar.date.toordinal() * (number + 3)) % 7))
            rows.append(f"{bar.date},S{number},{price},{price * 1.01},{price * 0.99},{price},{price},1000")
    path.write_text("\n".join(rows))
    return path


@pytest.mark.django_db
def test_train_house_model_writes_weights_and_card(tmp_path: Path) -> None:
    panel, output = write_panel(tmp_path / "panel.csv"), tmp_path / "vintage"

    said = run("train_house_model", "--panel", str(panel), "--until", "2012-12-31", "--output", str(output))

    card = json.loads((output / "card.json").read_text())
    assert card["trained_until"] == "2012-12-31"
    assert card["sha256"] in said
    assert (output / "weights.safetensors").stat().st_size < 1_000_000


@pytest.mark.django_db
def test_train_house_model_without_a_panel_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.parquet"):
        run(
            "train_house_model",
            *("--panel", str(tmp_path / "missing.parquet")),
            *("--until", "2012-12-31", "--output", str(tmp_path / "out")),
        )


@pytest.mark.django_db
def test_load_sample_loads_five_stocks_once() -> None:
    run("load_sample")
    before = list(
        PriceBar.objects.order_by("instrument_id", "date").values_list("instrument__symbol", "close")
    )

    assert run("load_sample") == ""
    assert Instrument.objects.with_history().count() == 5
    assert ForecastRequest.objects.for_user(None).count() == 1
    assert (
        list(PriceBar.objects.order_by("instrument_id", "date").values_list("instrument__symbol", "close"))
        == before
    )
