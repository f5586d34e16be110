"""Days in all the ways that files write them."""

import pytest

from forecasts.market_data.upload import Unreadable
from forecasts.market_data.upload.base import DateOrder
from forecasts.market_data.upload.dates import read_dates


def days(cells: list[str], asked: DateOrder | None = None) -> list[str]:
    return [str(day) for day in read_dates(cells, asked).days]


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["2024-01-30", "2024-01-31"], "ymd"),
        (["2024/1/30", "2024/1/31"], "ymd"),
        (["20240130", "20240131"], "ymd"),
        (["2024-01-30 00:00:00", "2024-01-31 00:00:00"], "ymd"),
        (["2024-01-30T16:00:00-05:00", "2024-01-31T16:00:00-05:00"], "ymd"),
        (["30.01.2024", "31.01.2024"], "dmy"),
        (["30. 1. 2024", "31. 1. 2024"], "dmy"),
        (["30/01/24", "31/01/24"], "dmy"),
        (["01/30/2024", "01/31/2024"], "mdy"),
        (["1/30/2024 16:00", "1/31/2024 16:00"], "mdy"),
        (["1-30-24", "1-31-24"], "mdy"),
        (["24-01-30", "24-01-31"], "ymd"),
        (["30-Jan-2024", "31-Jan-2024"], "dmy"),
        (["30 January 2024", "31 January 2024"], "dmy"),
        (["30. Jan. 2024", "31. Jan. 2024"], "dmy"),
        (["Jan 30, 2024", "Jan 31, 2024"], "mdy"),
        (["1706572800", "1706659200"], "ymd"),
        (["1706572800000", "1706659200000"], "ymd"),
        (["1706572800000000000", "1706659200000000000"], "ymd"),
        (["45321", "45322"], "ymd"),
    ],
)
def test_a_day_is_read_however_it_is_written(cells: list[str], order: str) -> None:
    assert days(cells) == ["2024-01-30", "2024-01-31"]
    assert read_dates(cells, None).order == order


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["03/04/2024", "04/04/2024", "05/04/2024"], ["2024-04-03", "2024-04-04", "2024-04-05"]),
        (["02/01/2024", "02/02/2024", "02/05/2024"], ["2024-02-01", "2024-02-02", "2024-02-05"]),
    ],
)
def test_weekends_tell_the_order_where_the_numbers_do_not(cells: list[str], read: list[str]) -> None:
    assert days(cells) == read


def test_one_wrong_date_does_not_change_the_order() -> None:
    cells = [f"{day:02d}/01/2024" for day in range(8, 27) if day % 7 not in (6, 0)] + ["01/29/2024", "?"]

    read = read_dates(cells, None)

    assert read.order == "dmy"
    assert [str(day) for day in read.days[-3:]] == ["2024-01-26", "NaT", "NaT"]


@pytest.mark.parametrize("cells", [["01/02/2024", "02/02/2024"], ["01.02.24", "02.02.24"]])
def test_an_order_that_cannot_be_told_is_asked_for(cells: list[str]) -> None:
    with pytest.raises(Unreadable) as caught:
        days(cells)

    assert caught.value.option == "date_order"
    assert f"“{cells[0]}” can be read in more than one way. Choose the date order" in caught.value.message


@pytest.mark.parametrize(
    ("asked", "read"),
    [("dmy", ["2024-02-01", "2024-02-02"]), ("mdy", ["2024-01-02", "2024-02-02"])],
)
def test_the_owners_order_decides(asked: DateOrder, read: list[str]) -> None:
    assert days(["01/02/2024", "02/02/2024"], asked) == read


def test_a_date_written_unlike_the_others_is_not_guessed() -> None:
    assert days(["2024-01-30", "01/31/2024", "2024-02-01"]) == ["2024-01-30", "NaT", "2024-02-01"]


def test_prices_before_1970_have_negative_seconds() -> None:
    assert days(["-252374400", "-252288000"]) == ["1962-01-02", "1962-01-03"]


def test_no_date_at_all_is_refused() -> None:
    with pytest.raises(Unreadable) as caught:
        days(["soon", "later"])

    assert caught.value.message == "No date can be read; the first is “soon”. Write dates as 2024-01-31."


SUN_TO_THU = ["2024-01-07", "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11"]
MON_TO_FRI = ["2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12"]
UNCLEAR = "Times lie in the evening in UTC"


@pytest.mark.parametrize("time", ["T23:00:00Z", "T22:00:00+00:00", " 23:00 UTC"])
def test_evenings_in_utc_from_sunday_on_are_of_the_next_day(time: str) -> None:
    assert days([day + time for day in SUN_TO_THU]) == MON_TO_FRI


def test_one_evening_before_a_sunday_does_not_hold_up_the_others() -> None:
    cells = [f"{day}T23:00:00Z" for day in ("2023-12-31", "2024-01-01", "2024-01-06", *SUN_TO_THU)]

    assert days(cells) == ["2024-01-01", "2024-01-02", "2024-01-07", *MON_TO_FRI]


def test_only_evenings_move_where_summer_time_changes_the_hour() -> None:
    winter = [f"{day}T00:00:00Z" for day in ("2024-01-15", "2024-01-16")]

    assert days([f"{day}T23:00:00Z" for day in SUN_TO_THU] + winter) == [
        *MON_TO_FRI,
        "2024-01-15",
        "2024-01-16",
    ]


def test_evenings_up_to_friday_are_of_their_own_day() -> None:
    read = read_dates([f"{day}T21:00:00Z" for day in MON_TO_FRI], None)

    assert [str(day) for day in read.days] == MON_TO_FRI
    assert not any("evening" in note for note in read.notes)


def test_evenings_of_every_day_are_of_their_own_day() -> None:
    cells = [f"2024-01-{day:02d}T23:59:59Z" for day in range(6, 29)]

    assert days(cells) == [cell[:10] for cell in cells]


def test_evenings_that_do_not_tell_their_day_are_noted() -> None:
    read = read_dates([f"{day}T23:00:00Z" for day in MON_TO_FRI[:3]], None)

    assert [str(day) for day in read.days] == MON_TO_FRI[:3]
    assert any(note.startswith(UNCLEAR) for note in read.notes)


def test_evenings_in_seconds_since_1970_that_do_not_tell_their_day_are_noted() -> None:
    read = read_dates(["1704150000", "1704236400"], None)

    assert any(note.startswith(UNCLEAR) for note in read.notes)


def test_evenings_without_a_zone_are_left_and_noted() -> None:
    read = read_dates([f"{day}T23:00:00" for day in SUN_TO_THU], None)

    assert [str(day) for day in read.days] == SUN_TO_THU
    assert any(note.startswith("Times look like UTC") for note in read.notes)
