"""Whatever is uploaded is read or refused in words, and what is valid is read as it was meant."""

import io
import random
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forecasts.market_data.upload import Options, Reading, Unreadable, read
from forecasts.market_data.upload.decoder import decode
from tests.forecasts.market_data.upload.files import PLAIN, TODAY, parquet, plain_frame

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=3000)

VALID = [
    PLAIN,
    "Datum;Eröffnung;Hoch;Tief;Schluss\n30.01.2024;1.010,5;1.020;1.000,25;1.015,75\n31.01.2024;1,5;2;1;1\n",
    "Date\tOpen\tHigh\tLow\tClose*\tAdj Close**\tVolume\n"
    "Jan 3, 2024\t4:1 Stock Splits\nJan 3, 2024\t5\t5\t4\t5\t5\t-\n"
    "Jan 2, 2024\t0.25 Dividend\nJan 2, 2024\t4\t5.5\t4\t5\t4.75\t1,000\n",
    "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
    "2024-01-03,25,26,24,25,25,4,0,4\n2024-01-02,100,104,96,100,24,1,0.5,1\n",
    "time,open,high,low,close,Volume\n1704205800,10,11,9,10.5,1\n1704292200,10,11,9,10,1\n",
]
PIECES = [
    ",", ";", "\t", '"', "\n", "\r", "=1+1", "-", "+", "1e400", "nan", "inf", "0", "9" * 400, "\x00",
    "\ud7ff", "é", " ", "01/02/2024", "9999-12-31", "0000-00-00", "-1704205800", "99999999999999999999", ".",
    "1,5", "0.000001", "M", "Dividend", "1:0 Stock Splits", "Close", "sep=;\n", "null",
]  # fmt: skip
options = st.builds(
    Options,
    date_order=st.sampled_from([None, "ymd", "dmy", "mdy"]),
    decimal=st.sampled_from([None, ".", ","]),
    currency=st.sampled_from([None, "EUR", "??"]),
)


def answered(content: bytes, chosen: Options) -> Reading | Unreadable:
    try:
        return read(content, "prices.csv", chosen, today=TODAY)
    except Unreadable as error:
        return error


def read_or_refused(content: bytes, chosen: Options) -> None:
    """Anything but an answer or Unreadable fails; an answer has bars that can be stored."""
    answer = answered(content, chosen)
    if isinstance(answer, Unreadable):
        assert 10 < len(answer.message) < 500
        assert answer.message.endswith(".")
        return
    bars = answer.bars
    assert len(bars) >= 2
    assert bars.index.is_monotonic_increasing
    assert bars.index.is_unique
    assert bars.lt(float("inf")).all(axis=None)
    assert bars.drop(columns="volume").gt(0).all(axis=None)
    assert bars["volume"].ge(0).all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()


def mutated(seed: int) -> bytes:
    """Return a valid file with pieces cut out, doubled, swapped and put in, in some encoding."""
    dice = random.Random(seed)
    text = dice.choice(VALID)
    for _ in range(dice.randint(1, 8)):
        at, end = sorted((dice.randint(0, len(text)), dice.randint(0, len(text))))
        end = min(end, at + dice.choice([0, 1, 3, 30]))
        text = (
            text[:at]
            + dice.choice(["", dice.choice(PIECES), text[at:end] * 2, dice.choice(PIECES)])
            + text[end:]
        )
    content = bytearray(text.encode(dice.choice(["utf-8", "utf-8", "utf-16", "cp1252"]), "replace"))
    if content and dice.random() < 0.2:
        content[dice.randrange(len(content))] = dice.randrange(256)
    return bytes(content)


@given(st.binary(max_size=400), options)
@example(b"PK\x03\x04", Options())
@FEW
def test_any_bytes_are_read_or_refused(content: bytes, chosen: Options) -> None:
    read_or_refused(content, chosen)


@given(st.integers(0), options)
@FEW
def test_spoilt_files_are_read_or_refused(seed: int, chosen: Options) -> None:
    read_or_refused(mutated(seed), chosen)


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(
    st.binary(max_size=2000) | st.text(alphabet="Date,Open;High\tLowClose\n0123456789./- \"'", max_size=600),
    options,
)
@MANY
def test_very_many_bytes_are_read_or_refused(content: bytes | str, chosen: Options) -> None:
    read_or_refused(content if isinstance(content, bytes) else content.encode(), chosen)


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(st.integers(0), options)
@MANY
def test_very_many_spoilt_files_are_read_or_refused(seed: int, chosen: Options) -> None:
    read_or_refused(mutated(seed), chosen)


def test_spoilt_parquet_files_are_decoded_or_refused() -> None:
    """In this process, where a crash would be seen; uploads are decoded in one of their own."""
    valid = parquet(plain_frame())
    dice = random.Random(7)

    for _ in range(300):
        content = bytearray(valid)
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(4, len(content))] = dice.randrange(256)
        try:
            decoded = decode(bytes(content))
        except (Unreadable, MemoryError):
            continue
        assert decoded.columns.keys() <= set(range(len(decoded.names)))


@st.composite
def histories(draw: st.DrawFn) -> pd.DataFrame:
    """Bars of rising weekdays, with two digits after the decimal mark."""
    count = draw(st.integers(2, 30))
    start = draw(st.dates(date(1950, 1, 1), date(2023, 12, 1)))
    days = [day for day in (start + timedelta(days=step) for step in range(3 * count)) if day.weekday() < 5][
        :count
    ]
    rows = []
    for day in days:
        low, *body, high = sorted(draw(st.lists(st.integers(1, 10**7), min_size=4, max_size=4)))
        rows.append((day, body[0] / 100, high / 100, low / 100, body[1] / 100, draw(st.integers(0, 10**9))))
    return pd.DataFrame(rows, columns=["Date", "Open", "High", "Low", "Close", "Volume"])


ways = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "decimal": st.sampled_from([".", ","]),
        "order": st.sampled_from(["ymd", "dmy", "mdy"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
        "newest_first": st.booleans(),
        "told": st.booleans(),
    }
)
PATTERNS = {"ymd": "%Y-%m-%d", "dmy": "%d.%m.%Y", "mdy": "%m/%d/%Y"}


def round_trip(history: pd.DataFrame, way: dict[str, Any]) -> None:
    """Write a history in one way and read it back; a date order that cannot be told must be asked for."""
    written = history.iloc[::-1] if way["newest_first"] else history
    dates = [day.strftime(PATTERNS[way["order"]]) for day in written["Date"]]
    buffer = io.StringIO()
    written.assign(Date=dates).to_csv(
        buffer, index=False, sep=way["delimiter"], decimal=way["decimal"], float_format="%.2f"
    )
    content = buffer.getvalue().encode(way["encoding"])
    chosen = Options(date_order=way["order"], decimal=way["decimal"]) if way["told"] else Options()

    answer = answered(content, chosen)
    if isinstance(answer, Unreadable):
        assert not way["told"]
        assert answer.option == "date_order"
        return
    assert answer.problems == []
    assert [day.date() for day in answer.bars.index] == list(history["Date"])
    for column in ("Open", "High", "Low", "Close", "Volume"):
        assert list(answer.bars[column.lower()]) == list(history[column])


@given(histories(), ways)
@settings(FEW, max_examples=25)
def test_a_valid_history_is_read_back_as_it_was(history: pd.DataFrame, way: dict[str, Any]) -> None:
    round_trip(history, way)


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(histories(), ways)
@settings(MANY, max_examples=1000)
def test_very_many_valid_histories_are_read_back(history: pd.DataFrame, way: dict[str, Any]) -> None:
    round_trip(history, way)
