"""The replay of splits, on a market of two stocks made up for it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.splits import SOURCES, Replay, as_told_by, read, replays, splits_of, told_on

DAYS = pd.bdate_range("2024-01-02", periods=60, name="date")
SPLIT_DAY, DIVIDEND_DAY = DAYS[40], DAYS[20]


def raw(symbol: str, ratio: float) -> pd.DataFrame:
    """Return one stock as traded: it splits on the 41st day and pays 1 on the 21st."""
    value = 100 * np.exp(0.01 * np.sin(np.arange(60.0)))
    close = np.where(DAYS < SPLIT_DAY, value, value / ratio)
    frame = pd.DataFrame({"date": DAYS, "symbol": symbol, "open": close, "high": close, "low": close})
    share = 1 - 1 / value[19]
    return frame.assign(
        close=close,
        adj_close=np.where(DAYS < DIVIDEND_DAY, value * share, value) / ratio,
        volume=1e6,
        dividend=np.where(DAYS == DIVIDEND_DAY, 1.0, 0.0),
        split=np.where(DAYS == SPLIT_DAY, ratio, 1.0),
    )


@pytest.fixture
def panel() -> pd.DataFrame:
    return pd.concat([raw("AAA", 10.0), raw("BBB", 0.125)], ignore_index=True)


def test_splits_are_found_in_the_file(panel: pd.DataFrame, tmp_path: Path) -> None:
    panel.to_parquet(tmp_path / "panel.parquet")

    assert splits_of(read(tmp_path / "panel.parquet")) == [("AAA", SPLIT_DAY), ("BBB", SPLIT_DAY)]


def test_a_file_of_other_columns_is_refused(panel: pd.DataFrame, tmp_path: Path) -> None:
    panel.drop(columns=["split", "low"]).to_parquet(tmp_path / "panel.parquet")

    with pytest.raises(ValueError, match="lacks the columns low, split"):
        read(tmp_path / "panel.parquet")


def test_a_source_knows_nothing_of_tomorrows_split(panel: pd.DataFrame) -> None:
    stock = panel[panel["symbol"] == "AAA"].set_index("date")

    eve, evening = told_on(stock, DAYS[39]), told_on(stock, SPLIT_DAY)

    assert list(eve.bars["close"]) == list(stock["close"][:40])
    assert np.allclose(evening.bars["close"][:40], stock["close"][:40] / 10)
    assert [action.kind for action in eve.actions] == ["dividend"]
    assert [action.kind for action in evening.actions] == ["split", "dividend"]
    assert eve.bars["adj_close"].iloc[-1] == eve.bars["close"].iloc[-1]


def test_sources_tell_a_split_in_three_ways(panel: pd.DataFrame) -> None:
    true = told_on(panel[panel["symbol"] == "AAA"].set_index("date"), SPLIT_DAY)

    prompt, silent, late = (as_told_by(source, true, SPLIT_DAY) for source in SOURCES)

    assert (prompt.actions, prompt.bars.equals(true.bars)) == (true.actions, True)
    assert [action.kind for action in silent.actions] == ["dividend"]
    assert np.allclose(late.bars["close"][:40], 10 * true.bars["close"][:40])
    assert late.bars[40:].equals(true.bars[40:])


@pytest.mark.django_db
@pytest.mark.parametrize("source", SOURCES)
def test_whatever_the_source_tells_every_split_leaves_everything_right(
    panel: pd.DataFrame, source: str
) -> None:
    seen = list(replays(panel, source))

    assert [(one.symbol, one.ratio, one.revision) for one in seen] == [("AAA", 10.0, 2), ("BBB", 0.125, 2)]
    assert all(one.is_right for one in seen)


def test_a_forecast_off_its_basis_is_not_right() -> None:
    wrong = Replay("AAA", SPLIT_DAY, 10.0, 0.01, 2, 0.0, 0.9, 0.0, 0.0, 0.0)

    assert not wrong.is_right
