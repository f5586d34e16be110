"""Parquet files of people and of attackers."""

import io
import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecasts.market_data.upload import MAX_ROWS, decoder
from forecasts.market_data.upload import parquet as parquet_module
from forecasts.market_data.upload.parquet import DAMAGED
from tests.forecasts.market_data.upload.files import (
    PLAIN_BARS,
    bars_of,
    parquet,
    plain_frame,
    problems_of,
    reading,
    refusal,
)


def written(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def table_with(name: str, column: pa.Array) -> pa.Table:
    table = pa.Table.from_pandas(plain_frame())
    return table.set_column(table.schema.get_field_index(name), name, column)


@pytest.mark.parametrize(
    "dress",
    [
        lambda frame: frame,
        lambda frame: frame.set_index("Date"),
        lambda frame: frame.set_index("Date").rename_axis(None),
        lambda frame: frame.assign(Date=frame["Date"].dt.date),
        lambda frame: frame.assign(Date=frame["Date"].dt.tz_localize("America/New_York")),
        lambda frame: frame.assign(Date=frame["Date"].dt.tz_localize("UTC")),
        lambda frame: frame.assign(Date=frame["Date"].astype(str)),
        lambda frame: frame.assign(Date=frame["Date"].astype(str).astype("category")),
        lambda frame: frame.assign(Open=frame["Open"].map(Decimal)),
        lambda frame: frame.assign(Close=frame["Close"].astype(str)),
        lambda frame: frame.assign(symbol="ACME", Note=[[1], [2], [3]]),
    ],
)
def test_a_frame_is_read_however_it_was_written(dress: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    answer = reading(parquet(dress(plain_frame())), "prices.parquet")

    assert bars_of(answer) == PLAIN_BARS
    assert (answer.format, answer.delimiter, answer.encoding) == ("Parquet", None, None)


def test_values_arrive_to_the_last_bit() -> None:
    frame = plain_frame().assign(Open=[1 / 3, 2 / 3, 1.1], Low=0.1)

    assert [row[1] for row in bars_of(reading(parquet(frame)))] == [1 / 3, 2 / 3, 1.1]


def test_bad_rows_are_named_as_below_a_header() -> None:
    frame = pd.concat([plain_frame(), plain_frame().iloc[:1]])
    frame["Close"] = [10.5, float("nan"), 11.75, 10.5]

    assert [(row, column) for row, column, _ in problems_of(reading(parquet(frame)))] == [
        (3, "Close"),
        (5, "Date"),
    ]


def test_several_symbols_are_refused() -> None:
    error = refusal(parquet(plain_frame().assign(symbol=["A", "B", "C"])))

    assert error.message.startswith("The file holds 3 symbols: A, B, C.")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            table_with("Open", pa.array([[1.0], [2.0], [3.0]])),
            "The column “Open” holds “list<element: double>”",
        ),
        (table_with("Open", pa.array([{"a": 1}] * 3)), "The column “Open” holds “struct<a: int64>”"),
        (table_with("Date", pa.array([b"2024-01-02"] * 3)), "The column “Date” holds “binary”"),
        (pa.table({f"c{at}": [1] for at in range(101)}), "The file has 101 columns; 100 are the most."),
        (pa.table({"Date": pa.nulls(MAX_ROWS + 1)}), "The file has 200,001 rows; 200,000 are the most."),
        (pa.table({"Date": [1], "Close": [1]}), "There is no column for open, high and low."),
    ],
)
def test_what_holds_no_prices_is_refused(table: pa.Table, said: str) -> None:
    assert refusal(written(table)).message.startswith(said)


def test_a_few_bytes_that_stand_for_gigabytes_are_not_expanded() -> None:
    """One text of a megabyte, named by 20,000 rows: expanded it has 20 GB."""
    rows = 20_000
    dates = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * 2**20]))
    ones = pa.array([1.0] * rows)

    content = written(pa.table({"date": dates, "open": ones, "high": ones, "low": ones, "close": ones}))

    assert len(content) < 2**20
    assert refusal(content).message.startswith("No date can be read; the first is “xxx")


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "MAX_UNPACKED", 100)

    with pytest.raises(decoder.Unreadable) as caught:
        decoder.decode(parquet(plain_frame()))

    assert caught.value.message.startswith("The file unpacks to more than")


def bomb(rows: int, word: str) -> bytes:
    """One long text in every cell of all ten columns."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([word]))
    names = ["date", "open", "high", "low", "close", "adj_close", "volume", "dividend", "split", "symbol"]
    return written(pa.table(dict.fromkeys(names, column)))


def test_what_cells_would_take_is_bounded_in_the_process_that_asked() -> None:
    content = bomb(MAX_ROWS, "\U0001f600" * 64)
    tracemalloc.start()

    try:
        message = refusal(content).message
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(content) < 100_000
    assert message == DAMAGED
    assert peak < 150 * 2**20


def test_a_decoder_that_answers_too_much_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_module, "MAX_ANSWER", 100)

    assert refusal(parquet(plain_frame())).message == DAMAGED


def test_a_decoder_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_module, "SECONDS", 0.01)

    assert refusal(parquet(plain_frame())).message == DAMAGED


def test_a_long_text_is_cut_and_then_no_number() -> None:
    column = pa.array(["10.5", "1" * 60, "11.75"])

    answer = reading(written(table_with("Close", column)))

    assert problems_of(answer)[0] == (
        3,
        "Close",
        f"“{'1' * 40}…” is not a price as expected here, such as 12.34.",
    )


def test_a_name_is_the_same_however_long_its_rest() -> None:
    """Names are cut; what is left is a name, here a second one of the date."""
    table = pa.Table.from_pandas(plain_frame()).append_column(f"date{'.' * 300}x", pa.array([1, 2, 3]))

    assert "could each be the date. Keep one of these columns." in refusal(written(table)).message


def test_an_evening_without_a_zone_is_noted() -> None:
    days = pd.to_datetime(["2023-12-31 23:00", "2024-01-01 23:00", "2024-01-02 23:00"])

    answer = reading(parquet(plain_frame().assign(Date=days)))

    assert any(note.startswith("Times look like UTC") for note in answer.notes)


@pytest.mark.parametrize(
    "content",
    [
        b"PAR1",
        b"PAR1" + b"\xff" * 100 + b"PAR1",
        parquet(plain_frame())[:-100],
        parquet(plain_frame())[:40] + b"\xff" * 200 + parquet(plain_frame())[240:],
    ],
)
def test_a_damaged_file_is_called_so(content: bytes) -> None:
    assert refusal(content).message in (decoder.DAMAGED, DAMAGED)


def test_a_decoder_that_dies_is_told_as_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "__name__", "no.such.module")

    assert refusal(parquet(plain_frame())).message == DAMAGED


def test_days_beyond_the_calendar_are_problems() -> None:
    stamps = pa.array([2**62, 1_704_153_600_000_000, 1_704_240_000_000_000], pa.timestamp("us"))

    answer = reading(written(table_with("Date", stamps)))

    assert [row for row, _, _ in problems_of(answer)] == [2]
    assert answer.bars.index[0].date() == date(2024, 1, 2)
