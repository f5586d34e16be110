from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ml_engine.config import TrainingConfig
from ml_engine.domain import domain_of
from ml_engine.forecaster import LSTMForecaster, TrainingProgress
from ml_engine.house import train_house_model
from ml_engine.panel import read_panel
from tests.ml_engine.synthetic import make_bars


@pytest.fixture
def panel_path(tmp_path: Path) -> Path:
    frames = [
        make_bars(rows, seed=seed).reset_index().assign(symbol=f"S{seed}")
        for seed, rows in enumerate([1100, 900, 300])
    ]
    table = pd.concat(frames)
    table.assign(adj_close=table["close"]).to_parquet(tmp_path / "panel.parquet")
    return tmp_path / "panel.parquet"


def test_train_house_model(panel_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = TrainingConfig(hidden=4, epochs=1, window=128, folds=3)
    monkeypatch.setattr(TrainingConfig, "for_house", classmethod(lambda _: small))
    heard: list[TrainingProgress] = []

    trained = train_house_model(panel_path, date(2014, 1, 4), tmp_path / "out", on_progress=heard.append)
    again = train_house_model(panel_path, date(2014, 1, 4), tmp_path / "again")
    loaded = LSTMForecaster.load(path=tmp_path / "out")

    assert loaded.card == trained.card == again.card
    assert loaded.name == "house"
    assert loaded.card.config["folds"] == 3
    # The day asked was a Saturday; the stock with too few rows was left out.
    assert loaded.card.trained_until == date(2014, 1, 4)
    assert (loaded.card.data["to"], loaded.card.data["instruments"]) == ("2014-01-03", 2)
    learned_from = [bars for bars in read_panel(panel_path, date(2014, 1, 4)).values() if len(bars) >= 500]
    assert loaded.card.domain == domain_of(learned_from, ["equity", "etf"], ["XNYS"])
    assert heard[-1].fraction == 1.0
    assert [one.fraction for one in heard] == sorted(one.fraction for one in heard)
