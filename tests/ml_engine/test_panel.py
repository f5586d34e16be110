from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from ml_engine.errors import InvalidBars, UnadjustedSplitWarning
from ml_engine.panel import market_index, market_indices, panel_hash, read_panel
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


def write(path: Path, table: pd.DataFrame) -> Path:
    table.to_parquet(path)
    return path


def spoil(column: str, value: object) -> pd.DataFrame:
    """The table with one cell of A's session 2010-01-18 changed."""
    table = long_table()
    cell = (table["symbol"] == "A") & (table["date"] == "2010-01-18")
    return table.astype({column: object}).mask(cell, table.assign(**{column: value}))


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("close", np.nan, "A: On 2010-01-18 close is missing or not finite"),
        ("close", -1.0, "A: On 2010-01-18 close is not positive"),
        ("open", "ten", "A: On 2010-01-18 open is not a number: 'ten'"),
        ("adj_close", np.nan, "A: On 2010-01-18 adj_close is missing or not positive"),
        ("adj_close", 0.0, "A: On 2010-01-18 adj_close is missing or not positive"),
        ("volume", -1.0, "A: On 2010-01-18 volume is negative"),
        ("date", pd.Timestamp("2010-01-15"), "A: 2010-01-15 appears twice"),
    ],
)
def test_bad_row_is_named_with_its_symbol(tmp_path: Path, column: str, value: object, problem: str) -> None:
    path = tmp_path / "panel.csv"
    spoil(column, value).to_csv(path, index=False)

    with pytest.raises(InvalidBars) as caught:
        read_panel(path, date(2030, 1, 1))

    assert caught.value.message == f"{problem}."
    assert caught.value.remedy != ""


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (long_table().assign(date=20200101), "column date of panel.parquet holds numbers"),
        (long_table().assign(date="soon"), "panel.parquet has a date that is none"),
        (long_table().assign(date=long_table()["date"].dt.tz_localize("UTC")), "carry a time zone"),
        (long_table().assign(date=pd.NaT), "Row 1 of panel.parquet has no date"),
        (long_table().assign(symbol=["A"] * 4 + [None] * 56), "Row 5 of panel.parquet has no symbol"),
        (long_table().iloc[:0], "panel.parquet has no row up to 2030-01-01"),
        (long_table().drop(columns="symbol"), "panel.parquet lacks the column symbol"),
    ],
)
def test_bad_table(tmp_path: Path, table: pd.DataFrame, problem: str) -> None:
    with pytest.raises(InvalidBars, match=problem):
        read_panel(write(tmp_path / "panel.parquet", table), date(2030, 1, 1))


@pytest.mark.parametrize("name", ["panel.parquet", "panel.csv", "absent.parquet", "absent.csv"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    for existing in ("panel.parquet", "panel.csv"):
        (tmp_path / existing).write_bytes(b"\x00\xff" * 50)

    with pytest.raises(InvalidBars, match=rf"{name} cannot be read: .* Give a Parquet or CSV file"):
        read_panel(tmp_path / name, date(2030, 1, 1))


def test_a_stock_called_na(tmp_path: Path) -> None:
    long_table().replace({"symbol": {"A": "NA"}}).to_csv(tmp_path / "panel.csv", index=False)

    assert list(read_panel(tmp_path / "panel.csv", date(2030, 1, 1))) == ["B", "NA"]


def test_a_csv_row_without_symbol(tmp_path: Path) -> None:
    spoil("symbol", "").to_csv(tmp_path / "panel.csv", index=False)

    with pytest.raises(InvalidBars, match=r"Row \d+ of panel.csv has no symbol\. Fill it in"):
        read_panel(tmp_path / "panel.csv", date(2030, 1, 1))


def test_rows_after_until_are_not_looked_at(tmp_path: Path) -> None:
    path = write(tmp_path / "panel.parquet", spoil("close", -1.0).astype({"close": float}))

    assert len(read_panel(path, date(2010, 1, 15))["A"]) == 10


def test_a_jump_like_a_split_is_told_with_its_symbol(tmp_path: Path) -> None:
    table = long_table()
    later = (table["symbol"] == "B") & (table["date"] >= "2010-01-18")
    table.loc[later, ["open", "high", "low", "close", "adj_close"]] *= 10

    with pytest.warns(UnadjustedSplitWarning, match="B: The price changed .*-fold into 2010-01-18"):
        read_panel(write(tmp_path / "panel.parquet", table), date(2030, 1, 1))


def test_a_spin_off_that_was_paid_for_does_not_warn(tmp_path: Path) -> None:
    table = long_table()
    earlier = (table["symbol"] == "B") & (table["date"] < "2010-01-18")
    table.loc[earlier, ["open", "high", "low", "close"]] *= 3

    assert list(read_panel(write(tmp_path / "panel.parquet", table), date(2030, 1, 1))) == ["A", "B"]


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


def test_each_market_has_an_index_of_its_own_members() -> None:
    panel = {name: make_bars(50, seed=seed) for seed, name in enumerate("ABCD")}
    home = {"A": panel["A"], "B": panel["B"]}

    indices = market_indices(panel, {"A": "XNYS", "B": "XNYS", "C": "XETR", "D": "XTKS"})

    assert indices["A"] is not None
    assert indices["B"] is not None
    assert indices["A"].equals(market_index(home))
    assert indices["B"].equals(market_index(home))
    assert (indices["C"], indices["D"]) == (None, None)
