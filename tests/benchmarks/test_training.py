"""Training and timing in processes of their own, on a panel small enough to train in a second."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import training
from benchmarks.timings import largest_difference, longest
from ml_engine.vintages import FOLDER
from tests.ml_engine.synthetic import make_bars


@pytest.fixture(scope="module")
def panel_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [make_bars(rows, seed=rows).reset_index().assign(symbol=f"S{rows}") for rows in (1000, 800)]
    table, path = pd.concat(frames), tmp_path_factory.mktemp("panel") / "panel.parquet"
    table.assign(adj_close=table["close"]).to_parquet(path)
    return path


@pytest.mark.slow
def test_a_model_is_trained_twice_and_timed(
    panel_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.json"

    training.main(
        ["--panel", str(panel_path), "--until", "2013-06-30", "--repeat", "2", "--json", str(output)]
    )

    figures = json.loads(output.read_text())
    first, second = figures["training"]
    assert first["sha256"] == second["sha256"]
    assert (first["stocks"], first["device"]) == (2, "cpu")
    assert 0 < first["learning_seconds"] < first["wall_seconds"]
    assert figures["forecasting"]["fine_tuning_rows"] == figures["forecasting"]["rows"] == 910
    assert "trained again" in capsys.readouterr().out


def test_other_bits_are_shouted() -> None:
    forecasting = {"origins": 5000, "origins_seconds": 0.0821, "rows": 5536, "latest_seconds": 0.0099}
    forecasting |= {"fine_tuning_rows": 5040, "fine_tuning_seconds": 0.339}
    run = {"stocks": 2, "rows": 1, "parameters": 3, "wall_seconds": 1.0, "learning_seconds": 0.5}
    run |= {"cpu_seconds": 1.0, "peak_mebibytes": 700}

    text = training.report(
        {"training": [run | {"sha256": "a"}, run | {"sha256": "b"}], "forecasting": forecasting}
    )

    assert "OTHER BITS" in text
    assert text.splitlines()[-3].split() == ["5,000", "origins,", "20", "sessions", "0.082", "s", "0.5", "s"]


def test_speed_up_is_told_apart_for_learning() -> None:
    cpu, cuda = (
        {"wall_seconds": 100.0, "learning_seconds": 80.0},
        {"wall_seconds": 40.0, "learning_seconds": 8.0},
    )

    assert training.speed_up([cpu], cuda) == {"wall": 2.5, "learning": 10.0}


def test_models_are_compared_by_their_forecasts(panel_path: Path) -> None:
    until = pd.Timestamp("2013-06-30").date()
    older, newer = FOLDER / "2007-12-31", FOLDER / "2012-12-31"

    assert largest_difference(panel_path, until, older, older) == 0
    assert 1e-4 < largest_difference(panel_path, until, older, newer) < 0.5


def test_the_longest_history_is_timed() -> None:
    panel = {name: make_bars(rows) for name, rows in [("B", 300), ("A", 300), ("C", 260)]}

    assert longest(panel) is panel["A"]
