"""The whole accuracy report on a made-up panel; every figure is worked out again here, another way."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from benchmarks import accuracy
from ml_engine.baselines import fast_baselines
from ml_engine.forecaster import LSTMForecaster
from ml_engine.panel import market_index, read_panel
from ml_engine.quantiles import LEVELS
from ml_engine.significance import diebold_mariano
from tests.ml_engine.synthetic import make_bars

STEPS = (1, 5, 10, 20)
METHODS = ("house", "random-walk", "historical")
LEFT_OUT = (0.01, 0.25, 0.75, 0.99)


@pytest.fixture(scope="module")
def panel_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three stocks that trade at the same time, one listed later."""
    frames = [
        make_bars(700, seed=seed, scale=scale).reset_index().iloc[late:].assign(symbol=f"S{seed}")
        for seed, scale, late in [(1, 0.01, 0), (2, 0.02, 0), (3, 0.03, 150)]
    ]
    rows, path = pd.concat(frames), tmp_path_factory.mktemp("panel") / "panel.parquet"
    rows.assign(adj_close=rows["close"]).to_parquet(path)
    return path


def run(panel_path: Path, workers: int) -> dict[str, Any]:
    """What the command writes."""
    output = panel_path.with_name(f"{workers}.json")
    given = ["--panel", str(panel_path), "--from", "2011-03-01", "--methods", "house,historical"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        accuracy.main([*given, "--step", "2", "--workers", str(workers), "--json", str(output)])
    written: dict[str, Any] = json.loads(output.read_text())
    return written


@pytest.fixture(scope="module")
def figures(panel_path: Path) -> dict[str, Any]:
    return run(panel_path, 2)


@pytest.fixture(scope="module")
def table(panel_path: Path) -> pd.DataFrame:
    """A row for each method, stock, origin and step: what came, the quantiles, the loss."""
    panel = read_panel(panel_path, date(2020, 1, 1))
    market, models = market_index(panel), fast_baselines()
    models["house"] = LSTMForecaster.load(known_at=date(2011, 3, 1))
    dates = panel["S1"].index[panel["S1"].index >= "2011-03-01"][::2]
    rows: list[dict[str, Any]] = []
    for symbol, bars in panel.items():
        origins = dates[(dates >= bars.index[249]) & (dates <= bars.index[-21])]
        for method in METHODS:
            quantiles = np.log(models[method].predict(bars, origins, 20, market).prices)
            rows += table_rows(method, symbol, bars["close"], origins, quantiles)
    return pd.DataFrame(rows)


def table_rows(
    method: str, symbol: str, close: pd.Series, origins: pd.DatetimeIndex, quantiles: np.ndarray
) -> Iterator[dict[str, Any]]:
    for step in STEPS:
        came, base = np.log(close.shift(-step)[origins]), np.log(close[origins])
        for number, origin in enumerate(origins):
            law = dict(zip(LEVELS, quantiles[number, step - 1], strict=True))
            losses = [
                2 * max(level * (came[origin] - value), (level - 1) * (came[origin] - value))
                for level, value in law.items()
                if level not in LEFT_OUT
            ]
            yield {
                "method": method,
                "stock": symbol,
                "origin": origin,
                "step": step,
                "crps": np.mean(losses),
                "error": came[origin] - law[0.5],
                "move": came[origin] - base[origin],
                **{f"q{level}": came[origin] - value for level, value in law.items()},
            }


def frame(rows: list[dict[str, Any]], *index: str) -> pd.DataFrame:
    return pd.DataFrame(rows).set_index(list(index)).sort_index()


def test_crps_and_skill(figures: dict[str, Any], table: pd.DataFrame) -> None:
    found = frame(figures["skill"], "method", "step")
    crps = table.groupby(["method", "step"])["crps"].mean()

    assert set(found.index) == set(crps.index)
    assert_allclose(found["crps"], crps, rtol=1e-9)
    for method, step in found.index:
        skill = 100 * (1 - crps[method, step] / crps["random-walk", step])
        assert_allclose(found["skill"][method, step], skill, atol=1e-8)


def test_each_stock_weighs_the_same(figures: dict[str, Any], table: pd.DataFrame) -> None:
    found = frame(figures["duels"], "against", "step")["stocks_lower"]
    crps = table.groupby(["method", "step", "stock"])["crps"].mean()

    for against, step in found.index:
        ratios = crps["house", step] / crps[against, step]
        assert_allclose(found[against, step], 100 * (1 - ratios.mean()), atol=1e-8)


def test_rmse_against_the_last_close(figures: dict[str, Any], table: pd.DataFrame) -> None:
    found = frame(figures["skill"], "method", "step")["rmse_ratio"]
    squares = (table[["error", "move"]] ** 2).groupby([table["method"], table["step"]]).mean()

    assert_allclose(found, np.sqrt(squares["error"] / squares["move"]), rtol=1e-9)


@pytest.mark.parametrize(("band", "low", "high"), [(50, 0.25, 0.75), (80, 0.1, 0.9), (95, 0.025, 0.975)])
def test_coverage_by_year(
    figures: dict[str, Any], table: pd.DataFrame, band: int, low: float, high: float
) -> None:
    inside = (table[f"q{low}"] >= 0) & (table[f"q{high}"] <= 0)
    keys = [table["method"], table["origin"].dt.year.astype(str), table["step"]]
    found = frame(figures["coverage"], "band", "method", "group", "step").loc[band, "coverage"]

    by_year, over_all = 100 * inside.groupby(keys).mean(), 100 * inside.groupby([keys[0], keys[2]]).mean()
    assert_allclose(found[by_year.index], by_year)
    assert_allclose(found.xs("all", level="group"), over_all)


def test_terciles_share_the_rows_and_errors_are_known(figures: dict[str, Any], table: pd.DataFrame) -> None:
    found = frame(figures["coverage"], "method", "step", "band", "group").loc["house", 1, 80]

    thirds = found.loc[["low volatility", "middle volatility", "high volatility"]]
    assert thirds["rows"].sum() == found["rows"]["all"] == len(table) / len(METHODS) / len(STEPS)
    assert thirds["rows"].max() - thirds["rows"].min() <= 1
    assert_allclose(
        (thirds["rows"] * thirds["coverage"]).sum() / thirds["rows"].sum(), found["coverage"]["all"]
    )
    assert 0.5 < found["error"]["all"] < 6


def test_pit_counts_outcomes_below_the_quantiles(figures: dict[str, Any], table: pd.DataFrame) -> None:
    house = table[table["method"] == "house"]
    for step in STEPS:
        counts, errors = figures["pit"]["house"][str(step)], house[house["step"] == step]
        below = [int((errors[f"q{tenth}"] < 0).sum()) for tenth in (0.1, 0.2, 0.5, 0.9)]
        assert [sum(counts[:tenths]) for tenths in (1, 2, 5, 9)] == below
        assert sum(counts) == len(errors)


def test_same_figures_from_another_number_of_processes(panel_path: Path, figures: dict[str, Any]) -> None:
    varies = {"made", "arguments", "seconds"}
    again = run(panel_path, 1)

    assert {name: again[name] for name in again.keys() - varies} == {
        name: figures[name] for name in figures.keys() - varies
    }


def test_json_says_what_it_is_about(figures: dict[str, Any]) -> None:
    assert figures["panel"]["stocks"] == 3
    assert figures["panel"]["from"] == "2011-03-01"
    assert figures["model"]["trained_until"] == "2007-12-31"
    assert figures["symbols"] == ["S1", "S2", "S3"]


def test_unknown_methods_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        accuracy.main(["--panel", "panel.parquet", "--from", "2020-01-01", "--methods", "house,oracle"])

    assert "no method oracle; there are house, fine-tuned, random-walk" in capsys.readouterr().err


def test_p_values_are_of_each_dates_mean_over_stocks(figures: dict[str, Any], table: pd.DataFrame) -> None:
    losses = table.pivot_table(index=["step", "origin"], columns=["method", "stock"], values="crps")
    gaps = (losses["house"] - losses["historical"]).mean(axis=1)
    found = frame(figures["duels"], "against", "step")["p_value"]["historical"]

    # Origins lie two sessions apart: targets 1, 5, 10 and 20 sessions ahead overlap as many halves of that.
    for step, overlap in zip(STEPS, (1, 3, 5, 10), strict=True):
        assert_allclose(found[step], diebold_mariano(gaps[step].to_numpy(), overlap), rtol=1e-6)
