from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from ml_engine.errors import InvalidBars
from ml_engine.panel import market_index, panel_hash, read_panel
from tests.ml_engine.synthetic import make_bars


def long_table() -> pd.DataFrame:
    """Two stocks in one table, the newest rows first; one paid dividends."""
    frames = [
        make_bars(30, seed=seed).reset_index().assign(symbol=symbol) for seed, symbol in enumerate(["B", "A"])
    ]
    table = pd.concat(frames).sort_values("date", ascending=False)
    return table.assign(adj_close=table["close"] * np.where(table["symbol"] == "A", 0.5, 1.0))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_read_panel(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"panel.{suffix}"
    table = long_table()
    table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
    bars = make_bars(30, seed=1)

    panel = read_panel(path, bars.index[20].date())

    assert list(panel) == ["A", "B"]
    assert panel["A"].index.equals(bars.index[:21])
    assert_allclose(panel["A"]["high"], bars["high"].iloc[:21] / 2)
    assert list(panel["B"].columns) == ["open", "high", "low", "close", "volume"]


def test_missing_column(tmp_path: Path) -> None:
    long_table().drop(columns="adj_close").to_csv(tmp_path / "panel.csv")

    with pytest.raises(InvalidBars, match=r"panel.csv lacks the column adj_close"):
        read_panel(tmp_path / "panel.csv", date(2020, 1, 1))


def test_market_index_is_the_mean_return_of_those_that_trade() -> None:
    dates = pd.bdate_range("2020-01-01", periods=3)
    panel = {
        "A": pd.DataFrame({"close": [1.0, 2.0, 2.0]}, index=dates),
        "B": pd.DataFrame({"close": [4.0, 1.0]}, index=dates[1:]),
    }

    index = market_index(panel)

    assert_allclose(np.log(index), [0, np.log(2), np.log(2) - np.log(4) / 2])


def test_panel_hash_knows_symbols_and_bars() -> None:
    one, two = make_bars(10, seed=1), make_bars(10, seed=2)

    hashes = {panel_hash(panel) for panel in ({"A": one, "B": two}, {"A": two, "B": one}, {"A": one})}

    assert len(hashes) == 3
    assert panel_hash({"B": two, "A": one}) == panel_hash({"A": one, "B": two})
