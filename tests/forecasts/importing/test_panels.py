from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecasts.errors import RequestRefused
from forecasts.importing import panels
from forecasts.importing.panels import Panel
from tests.forecasts.importing.panel_files import HEADER, history, row, write_csv, write_parquet

ROWS = [row("MSFT", "2020-01-02", 160.5, 155.25), row("aapl", "2020-01-03", 74.25)]


@pytest.fixture(params=["csv", "parquet"])
def panel(request: pytest.FixtureRequest, tmp_path: Path) -> Panel:
    write = {"csv": write_csv, "parquet": write_parquet}[request.param]
    return Panel(write(tmp_path / f"panel.{request.param}", ROWS))


def test_a_panel_is_read_as_arrays(panel: Panel) -> None:
    (batch,) = panel.batches()

    assert panel.symbols == ["MSFT", "AAPL"]
    assert batch.numbers.tolist() == [0, 1]
    assert batch.rows.tolist() == [1, 2]
    assert batch.days.tolist() == [date(2020, 1, 2), date(2020, 1, 3)]
    assert batch.prices[:, 0].tolist() == [160.5, 240.75, 80.25, 160.5, 155.25, 1000.0]


def test_batches_number_rows_and_symbols_through_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "BATCH_ROWS", 5)
    days = [row(symbol, f"2020-01-{day:02}", 10) for day in range(1, 9) for symbol in ("A", "B", "C")]
    panel = Panel(write_parquet(tmp_path / "panel.parquet", days))

    batches = list(panel.batches())

    assert len(batches) > 3
    assert np.concatenate([batch.rows for batch in batches]).tolist() == list(range(1, 25))
    assert np.concatenate([batch.numbers for batch in batches]).tolist() == [0, 1, 2] * 8
    assert panel.total == 24


def test_other_spellings_of_columns_are_understood(tmp_path: Path) -> None:
    header = '"Ticker";Date;Open;High;Low;Close;"Adj Close";Vol.'
    path = write_csv(tmp_path / "panel.csv", ["NA;2020-01-02 00:00:00;1;2;0.5;1.5;1.25;100"], header)

    panel = Panel(path)
    (batch,) = panel.batches()

    assert panel.symbols == ["NA"]
    assert batch.days.tolist() == [date(2020, 1, 2)]
    assert batch.prices[:, 0].tolist() == [1.0, 2.0, 0.5, 1.5, 1.25, 100.0]


def test_without_adjusted_closes_the_close_stands_in(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "panel.csv", ["2020-01-02,A,1,2,0.5,1.5,7"], "date,symbol,open,high,low,close,volume"
    )

    (batch,) = Panel(path).batches()

    assert batch.prices[4].tolist() == [1.5]


def test_a_sources_prefix_is_added_where_it_lacks(tmp_path: Path) -> None:
    rows = [row("MSFT", "2020-01-02", 1), row("TIINGO:MSFT", "2020-01-03", 1)]
    panel = Panel(write_csv(tmp_path / "panel.csv", rows), prefix="TIINGO:")

    (batch,) = panel.batches()

    assert panel.symbols == ["TIINGO:MSFT"]
    assert batch.numbers.tolist() == [0, 0]


def test_what_is_no_number_or_date_becomes_none_and_costs_only_its_row(tmp_path: Path) -> None:
    rows = ["yesterday,A,1,2,0.5,1,1,7", "2020-01-02,,1,2,0.5,1,1,7", "2020-01-03,A,1,2,n/a,1,1,"]

    (batch,) = Panel(write_csv(tmp_path / "panel.csv", rows)).batches()

    assert np.isnat(batch.days).tolist() == [True, False, False]
    assert batch.numbers.tolist() == [0, panels.NO_SYMBOL, 0]
    assert np.isnan(batch.prices[2]).tolist() == [False, False, True]
    assert np.isnan(batch.prices[5]).tolist() == [False, False, True]


def test_rows_with_too_few_fields_are_told_by_their_place(tmp_path: Path) -> None:
    rows = [row("A", "2020-01-02", 1), "2020-01-03,A,1", row("A", "2020-01-06", 1)]
    panel = Panel(write_csv(tmp_path / "panel.csv", rows))

    (batch,) = panel.batches()

    assert panel.ragged == [(2, "3 fields where there should be 8")]
    assert [panel.row_in_file(int(place)) for place in batch.rows] == [1, 3]


def test_many_ragged_rows_are_counted_and_the_first_named(tmp_path: Path) -> None:
    lines = [line for n in range(1, 29) for line in (row("A", f"2020-02-{n:02}", 1), "x", "y")]
    panel = Panel(write_csv(tmp_path / "panel.csv", lines))

    (batch,) = panel.batches()

    assert (panel.ragged_count, len(panel.ragged)) == (56, 20)
    assert [panel.row_in_file(int(place)) for place in batch.rows] == [*range(1, 84, 3)]


def test_a_volume_that_is_no_number_is_told_from_none(tmp_path: Path) -> None:
    volumes = ["", "1.2M", "7", "nan", "n/a"]
    rows = [f"2020-01-02,{place},1,1,1,1,1,{volume}" for place, volume in enumerate(volumes)]

    (batch,) = Panel(write_csv(tmp_path / "panel.csv", rows)).batches()

    assert np.isnan(batch.prices[5]).tolist() == [True, False, False, True, False]
    assert np.isinf(batch.prices[5]).tolist() == [False, True, False, False, True]


def test_times_count_on_the_day_that_they_are_written_with(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(["2020-01-06"]).tz_localize("Asia/Tokyo"),
            "symbol": pd.Categorical(["7203.T"]),
            **{name: [10] for name in ("open", "high", "low", "close", "volume")},
        }
    )
    frame.to_parquet(tmp_path / "panel.parquet")

    (batch,) = Panel(tmp_path / "panel.parquet").batches()

    assert batch.days.tolist() == [date(2020, 1, 6)]


def test_numbers_are_no_dates(tmp_path: Path) -> None:
    rows = [line.replace("2020-12-31", "20201231") for line in history("A", 1)]

    (batch,) = Panel(write_parquet(tmp_path / "panel.parquet", rows)).batches()

    assert np.isnat(batch.days).all()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("panel.parquet", b"PAR1 and then rubbish", "cannot be read as Parquet"),
        ("panel.parquet", b"date,symbol\n", "does not begin as Parquet does"),
        ("panel.csv", b"date,symbol,open\n", "lacks the columns high, low, close, volume"),
        ("panel.csv", b"", "lacks the columns date, symbol"),
        ("panel.csv", HEADER.encode("utf-16"), "lacks the columns"),
        ("panel.csv.gz", b"\x1f\x8b and no more", "cannot be read"),
    ],
)
def test_what_is_no_panel_is_refused_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(RequestRefused, match=words):
        Panel(tmp_path / name)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_bytes(f"{HEADER}\n".encode() + b"2020-01-02,\xff\xfe\xff,1,1,1,1,1,1\n")

    with pytest.raises(RequestRefused, match="cannot be read"):
        list(Panel(path).batches())
