"""What a house model learns from: which histories, which of their bars, and when these are too few."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecasts.models import Instrument
from forecasts.pipeline.training_data import training_panel
from ml_engine.bars import content_hash
from tests.factories import InstrumentFactory
from tests.forecasts.house_models import listed, priced
from tests.ml_engine.synthetic import make_bars

pytestmark = pytest.mark.django_db
UNTIL = date(2012, 12, 31)
DATA = "forecasts.pipeline.training_data"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{DATA}.FEWEST_INSTRUMENTS", 2)
    monkeypatch.setattr(f"{DATA}.FEWEST_ROWS", 1500)


@pytest.fixture
def stocks() -> list[Instrument]:
    """Two stocks of New York, 800 sessions from 2010-01-04 to 2013-01-25."""
    return [listed("AAA", seed=1), listed("BBB", seed=2)]


def test_bars_enter_as_forecasts_see_them_and_none_after_until(stocks: list[Instrument]) -> None:
    before = training_panel(UNTIL).histories
    stocks[0].bars.filter(date__gt=UNTIL).update(open=1, high=1, low=1, close=1, adj_close=1)
    stocks[0].bars.filter(date=date(2012, 12, 28)).update(state="provisional")

    after = training_panel(UNTIL).histories

    assert before["AAA"].index[-1] == pd.Timestamp("2012-12-31")
    assert len(after["AAA"]) == len(before["AAA"]) - 1
    assert content_hash(after["BBB"]) == content_hash(before["BBB"])


@pytest.mark.parametrize(
    "about",
    [{"kind": "crypto"}, {"kind": "fx"}, {"kind": "index"}, {"rows": 499}],
)
def test_what_is_no_stock_or_too_short_is_left_out(stocks: list[Instrument], about: dict[str, Any]) -> None:
    listed("CCC", **about)

    assert set(training_panel(UNTIL).histories) == {"AAA", "BBB"}


def test_uploads_and_samples_are_left_out(stocks: list[Instrument]) -> None:
    for instrument in (InstrumentFactory(upload=True), InstrumentFactory()):
        instrument.bars.upsert(instrument, priced(make_bars(800)))

    assert set(training_panel(UNTIL).histories) == {"AAA", "BBB"}


def test_an_exchange_of_few_is_left_out_and_others_are_markets_of_their_own(stocks: list[Instrument]) -> None:
    listed("CCC.DE", calendar="XETR")
    listed("DDD.T", calendar="XTKS")
    listed("EEE.T", calendar="XTKS")

    assert training_panel(UNTIL).exchanges == {
        "AAA": "XNYS",
        "BBB": "XNYS",
        "DDD.T": "XTKS",
        "EEE.T": "XTKS",
    }


def test_a_history_that_no_model_should_see_is_left_out(
    stocks: list[Instrument], caplog: pytest.LogCaptureFixture
) -> None:
    listed("CCC").bars.filter(date=date(2011, 3, 1)).update(high=0.5, low=0.9)

    assert set(training_panel(UNTIL).histories) == {"AAA", "BBB"}
    assert "CCC is left out" in caplog.text


def test_of_very_many_rows_a_sample_is_taken(
    stocks: list[Instrument], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "CDEF":
        listed(3 * name)
    monkeypatch.setattr(f"{DATA}.MOST_ROWS", 2500)

    chosen = training_panel(UNTIL)

    assert len(chosen.histories) == 3
    assert training_panel(UNTIL).histories.keys() == chosen.histories.keys()


@pytest.fixture
def panel_file(tmp_path: Path) -> Path:
    """AAA with other prices than are stored, CCC, a currency and one that is short."""
    sizes = {"AAA": 700, "CCC": 600, "EURUSD=X": 700, "DDD": 400}
    frames = [
        priced(make_bars(rows, seed=9)).reset_index().assign(symbol=symbol) for symbol, rows in sizes.items()
    ]
    pd.concat(frames).to_parquet(tmp_path / "panel.parquet")
    return tmp_path / "panel.parquet"


def test_a_panel_file_adds_what_is_not_stored(stocks: list[Instrument], panel_file: Path) -> None:
    stored = training_panel(UNTIL).histories

    both = training_panel(UNTIL, panel_file)

    assert set(both.histories) == {"AAA", "BBB", "CCC"}
    assert content_hash(both.histories["AAA"]) == content_hash(stored["AAA"])
    assert both.exchanges["CCC"] == "XNYS"
