"""Which stocks and origins are compared, and which models may not be."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.selection import Span, choose_model, choose_origins, choose_symbols, read_prices, rows_needed
from tests.ml_engine.synthetic import make_bars

ALWAYS = Span(date(2000, 1, 1), date(2030, 1, 1))


@pytest.fixture
def panel() -> dict[str, pd.DataFrame]:
    """One long history, and one that begins 100 sessions later."""
    bars = make_bars(600)
    return {"OLD": bars, "NEW": make_bars(500, seed=1).set_axis(bars.index[100:])}


@pytest.mark.parametrize(
    ("wanted", "excluded", "every", "offset", "expected"),
    [
        ((), (), 1, 0, ["A", "B", "C", "D", "E"]),
        ((), ("B", "Z"), 2, 1, ["C", "E"]),
        (("E", "A"), (), 1, 0, ["A", "E"]),
    ],
)
def test_choose_symbols(
    wanted: tuple[str, ...], excluded: tuple[str, ...], every: int, offset: int, expected: list[str]
) -> None:
    panel = dict.fromkeys("EDCBA", pd.DataFrame())

    assert choose_symbols(panel, wanted, excluded, every, offset) == expected


def test_unknown_symbols_are_named() -> None:
    with pytest.raises(SystemExit, match="The panel has no X, Y"):
        choose_symbols({"A": pd.DataFrame()}, ("Y", "A", "X"), (), 1, 0)


def test_origins_have_a_past_and_a_known_future(panel: dict[str, pd.DataFrame]) -> None:
    stocks = choose_origins(panel, ["NEW", "OLD"], ALWAYS, 250)

    sessions = panel["OLD"].index
    assert [stock.symbol for stock in stocks] == ["NEW", "OLD"]
    assert list(stocks[0].origins) == list(sessions[349:580])
    assert list(stocks[1].origins) == list(sessions[249:580])


def test_stocks_share_the_dates_of_sparse_origins(panel: dict[str, pd.DataFrame]) -> None:
    sessions = panel["OLD"].index
    span = Span(sessions[252].date(), sessions[400].date(), every=30)

    stocks = choose_origins(panel, ["NEW", "OLD"], span, 250)

    assert list(stocks[1].origins) == list(sessions[[252, 282, 312, 342, 372]])
    assert list(stocks[0].origins) == list(sessions[[372]])


def test_fine_tuning_needs_rows_before_the_embargo() -> None:
    assert rows_needed(["house", "drift"]) == 250
    assert rows_needed(["house", "fine-tuned"]) == 560


def test_the_newest_model_that_is_fair_is_taken() -> None:
    _, card = choose_model(date(2015, 6, 1), None, None)

    assert card.trained_until == date(2012, 12, 31)


@pytest.mark.parametrize(
    ("first", "vintage", "message"),
    [
        (date(2013, 2, 1), date(2012, 12, 31), "was trained until 2012-12-31 and can be judged from"),
        (date(2006, 1, 1), None, "No shipped model had ended its training 60 sessions before 2006-01-01"),
        (date(2020, 1, 1), date(2011, 12, 31), "missing or damaged"),
    ],
)
def test_unfair_models_are_refused(first: date, vintage: date | None, message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        choose_model(first, None, vintage)


def test_a_forgotten_split_is_told_and_a_missing_file_ends_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = make_bars(300)
    bars.iloc[150:, :4] /= 10
    bars.reset_index().assign(symbol="S", adj_close=bars["close"].to_numpy()).to_parquet(tmp_path / "panel")

    panel = read_prices(tmp_path / "panel")

    assert list(panel) == ["S"]
    assert capsys.readouterr().err.startswith("S: The price")
    with pytest.raises(SystemExit, match="cannot be read"):
        read_prices(tmp_path / "nothing")
