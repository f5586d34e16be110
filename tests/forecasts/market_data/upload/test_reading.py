"""What files of the well-known sources become."""

from datetime import date

import pytest

from forecasts.market_data.base import Action
from forecasts.market_data.upload import MAX_BYTES
from tests.forecasts.market_data.upload.files import (
    HEADER,
    PLAIN,
    PLAIN_BARS,
    ROWS,
    bars_of,
    problems_of,
    reading,
    refusal,
)


def test_a_plain_file_is_read() -> None:
    answer = reading(PLAIN)

    assert bars_of(answer) == PLAIN_BARS
    assert answer.bars.index.name == "date"
    assert problems_of(answer) == []
    assert (answer.format, answer.date_order, answer.decimal) == ("Stooq", "ymd", ".")
    assert (answer.delimiter, answer.encoding) == (",", "utf-8")


def test_rows_may_come_newest_first() -> None:
    lines = ROWS.splitlines()

    answer = reading(HEADER + "\n".join(reversed(lines)))

    assert bars_of(answer) == PLAIN_BARS
    assert "Rows come newest first: turned round." in answer.notes


def test_yahoos_file_with_adjusted_closes_and_a_day_without_prices() -> None:
    answer = reading(
        "Date,Open,High,Low,Close,Adj Close,Volume\n"
        "2024-01-02,10,11,9,10.5,10.25,100\n2024-01-03,null,null,null,null,null,null\n2024-01-04,10,11,9,10,9.5,50\n"
    )

    assert bars_of(answer) == [
        ("2024-01-02", 10.0, 11.0, 9.0, 10.5, 10.25, 100.0),
        ("2024-01-04", 10.0, 11.0, 9.0, 10.0, 9.5, 50.0),
    ]
    assert answer.format == "Yahoo Finance"
    assert "Rows that say that there is no price are left out: 3." in answer.notes
    assert problems_of(answer) == []


def test_a_table_copied_from_yahoos_page() -> None:
    answer = reading(
        "Date\tOpen\tHigh\tLow\tClose*\tAdj Close**\tVolume\n"
        "Jan 4, 2024\t5\t5.5\t4.5\t5\t5\t2,000\n"
        "Jan 3, 2024\t4:1 Stock Splits\n"
        "Jan 3, 2024\t5\t5.5\t4.5\t5\t5\t-\n"
        "Jan 2, 2024\t0.25 Dividend\n"
        "Jan 2, 2024\t4\t5.5\t4\t5\t4.75\t1,000\n"
    )

    assert bars_of(answer)[0] == ("2024-01-02", 4.0, 5.5, 4.0, 5.0, 4.75, 1000.0)
    assert [row[-1] for row in bars_of(answer)] == [1000.0, 0.0, 2000.0]
    assert answer.actions == [
        Action(date(2024, 1, 2), "dividend", 1.0),
        Action(date(2024, 1, 3), "split", 4.0),
    ]
    assert problems_of(answer) == []


def test_stooqs_file_with_names_in_angle_brackets() -> None:
    answer = reading(
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "AAPL.US,D,20240102,000000,10,11,9,10.5,100,0\nAAPL.US,D,20240103,000000,10.5,12,10,11.5,200,0\n"
    )

    assert bars_of(answer) == PLAIN_BARS[:2]
    assert answer.format == "Stooq"
    assert "Not used: <PER>, <TIME>, <OPENINT>." in answer.notes


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1704205800", "1704292200"),
        ("1704205800000", "1704292200000"),
        ("2024-01-02T14:30:00Z", "2024-01-03T14:30:00Z"),
        ("2024-01-02", "2024-01-03"),
    ],
)
def test_tradingviews_times(first: str, second: str) -> None:
    answer = reading(
        f"time,open,high,low,close,Volume,MA\n{first},10,11,9,10.5,100,\n{second},10.5,12,10,11.5,200,7\n"
    )

    assert bars_of(answer) == PLAIN_BARS[:2]
    assert answer.format == "TradingView"


def test_tradingviews_times_before_midnight_in_utc_are_of_the_next_session_in_sydney() -> None:
    """2024-01-01 to 2024-01-05 from Monday on, opening at 23:00 UTC the evening before."""
    rows = "".join(f"{1704063600 + 86400 * day},10,11,9,10,1\n" for day in range(5))

    answer = reading("time,open,high,low,close,Volume\n" + rows)

    assert [row[0] for row in bars_of(answer)] == [f"2024-01-0{day}" for day in (1, 2, 3, 4, 5)]
    assert "5 times are of the evening before in UTC: taken as the next day." in answer.notes


def test_alpha_vantages_prices_as_traded_are_adjusted_for_splits() -> None:
    answer = reading(
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
        "2024-01-04,25,26,24,25.5,25.5,400,0.0,4.0\n"
        "2024-01-03,100,104,96,102,25.25,100,0.5,1.0\n"
        "2024-01-02,100,104,96,100,24.5,100,0.0,1.0\n"
    )

    assert bars_of(answer) == [
        ("2024-01-02", 25.0, 26.0, 24.0, 25.0, 24.5, 400.0),
        ("2024-01-03", 25.0, 26.0, 24.0, 25.5, 25.25, 400.0),
        ("2024-01-04", 25.0, 26.0, 24.0, 25.5, 25.5, 400.0),
    ]
    assert answer.actions == [
        Action(date(2024, 1, 3), "dividend", 0.5),
        Action(date(2024, 1, 4), "split", 4.0),
    ]
    assert "Prices were not adjusted for splits: 1 split applied." in answer.notes


def test_a_reverse_split_as_traded_is_applied() -> None:
    answer = reading(
        "timestamp,open,high,low,close,volume,split_coefficient\n"
        "2024-01-02,1,1,1,1,800,1\n2024-01-03,8,8,8,8,100,0.125\n"
    )

    assert [row[1:] for row in bars_of(answer)] == [
        (8.0, 8.0, 8.0, 8.0, 8.0, 100.0),
        (8.0, 8.0, 8.0, 8.0, 8.0, 100.0),
    ]


def test_prices_that_run_on_over_a_split_are_left_as_they_are() -> None:
    """As yfinance writes them: dividends too are on today's share basis, and become as paid."""
    answer = reading(
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
        "2024-01-02 00:00:00-05:00,10,11,9,10,100,0.1,0.0\n"
        "2024-01-03 00:00:00-05:00,10,11,9,10.5,100,0.0,10.0\n"
    )

    assert [row[4] for row in bars_of(answer)] == [10.0, 10.5]
    assert answer.actions == [
        Action(date(2024, 1, 2), "dividend", 1.0),
        Action(date(2024, 1, 3), "split", 10.0),
    ]
    assert "Prices are adjusted for 1 split already." in answer.notes


def test_a_fall_that_looks_like_an_untold_split_is_pointed_out() -> None:
    answer = reading(HEADER + "2024-01-02,40,40,40,40,1\n2024-01-03,10,10,10,10,1\n")

    assert any("nearly halves or doubles within a day: 2024-01-03." in note for note in answer.notes)


def test_german_names_decimal_commas_and_windows_letters() -> None:
    text = (
        "Datum;Eröffnung;Hoch;Tief;Schlusskurs;Volumen\r\n"
        "30.01.2024;1.010,5;1.020;1.000,25;1.015,75;1.500.000\r\n31.01.2024;1.015,5;1.020;1.000,25;1.010;900\r\n"
    )

    answer = reading(text.encode("cp1252"))

    assert bars_of(answer) == [
        ("2024-01-30", 1010.5, 1020.0, 1000.25, 1015.75, 1015.75, 1_500_000.0),
        ("2024-01-31", 1015.5, 1020.0, 1000.25, 1010.0, 1010.0, 900.0),
    ]
    assert (answer.date_order, answer.decimal, answer.delimiter, answer.encoding) == (
        "dmy",
        ",",
        ";",
        "cp1252",
    )


def test_nasdaqs_dollars_and_us_dates() -> None:
    answer = reading(
        "Date,Close/Last,Volume,Open,High,Low\n01/30/2024,$10.50,100,$10.00,$11.00,$9.00\n01/31/2024,$11,1,$11,$11,$11\n"
    )

    assert bars_of(answer)[0] == ("2024-01-30", 10.0, 11.0, 9.0, 10.5, 10.5, 100.0)
    assert answer.date_order == "mdy"


def test_volumes_with_a_suffix() -> None:
    answer = reading(
        "Date,Price,Open,High,Low,Vol.\n2024-01-02,10.5,10,11,9,1.5M\n2024-01-03,10.5,10,11,9,2K\n"
    )

    assert [row[-1] for row in bars_of(answer)] == [1_500_000.0, 2000.0]


def test_an_open_slightly_outside_is_widened_and_noted() -> None:
    answer = reading(HEADER + "2024-01-02,10,11,10.05,10.5,1\n2024-01-03,10,11,9,10.5,1\n")

    assert bars_of(answer)[0][3] == 10.0
    assert any("slightly outside low to high" in note and "2024-01-02" in note for note in answer.notes)


def test_a_file_without_volume_and_adjusted_close_says_so() -> None:
    answer = reading("Date,Open,High,Low,Close\n2024-01-02,10,11,9,10.5\n2024-01-03,10,11,9,10.5\n")

    assert [row[5:] for row in bars_of(answer)] == [(10.5, 0.0), (10.5, 0.0)]
    assert "There is no volume: taken as 0." in answer.notes
    assert any(note.startswith("There is no adjusted close") for note in answer.notes)


def test_several_rows_a_day_are_refused() -> None:
    rows = "".join(
        f"2024-01-{day:02d} {hour}:00,10,11,9,10,1\n" for day in (2, 3, 4) for hour in (10, 11, 12)
    )

    assert refusal(HEADER + rows).message.startswith("Most days have several rows.")


def test_a_file_of_several_symbols_is_refused() -> None:
    error = refusal("symbol,date,open,high,low,close\nA,2024-01-02,1,1,1,1\nB,2024-01-02,1,1,1,1\n")

    assert error.message.startswith("The file holds 2 symbols: A, B.")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER, "No row of prices is in the file; 2 are the fewest."),
        (HEADER + ROWS.splitlines()[0], "Only one row of prices is in the file; 2 are the fewest."),
        (
            HEADER + "2024-01-02,x,1,1,1,1\n2024-01-03,1,1,1,1,1\n",
            "Only one row of the file can be used; 2 are the fewest. "
            "Row 2, Open: “x” is not a price as expected here, such as 12.34.",
        ),
    ],
)
def test_fewer_than_two_good_rows_are_refused(content: str, said: str) -> None:
    assert refusal(content).message == said


def test_more_than_twenty_megabytes_are_refused() -> None:
    error = refusal(b"x" * (MAX_BYTES + 1))

    assert error.message == "The file is larger than 20 MB. Upload one instrument at a time."
