"""From a file to bars, step by step: cells, columns, days, numbers, faults, splits, calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from forecasts import calendars
from forecasts.market_data.upload import bars, columns, delimited, encodings, parquet, sessions
from forecasts.market_data.upload.base import (
    MAX_BYTES,
    Options,
    Problem,
    Reading,
    Table,
    Unreadable,
    shown,
    some,
)
from forecasts.market_data.upload.checking import FEWEST_ROWS, problems_of, too_few
from forecasts.market_data.upload.sheet import Sheet, findings, understand

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIND_OUT = Options()
# A file in which so large a part of the rows repeats a day holds prices within the day.
REPEATED = 0.5
NEVER_ADJUSTED = ("Alpha Vantage",)
GUESSED = {
    calendars.EVERY_DAY: "There are prices of weekends: trading every day is assumed.",
    calendars.SUNDAY_TO_THURSDAY: "There are Sundays and no Fridays: Sunday to Thursday is assumed.",
    calendars.WEEKDAYS: "The days fit no exchange's calendar: Monday to Friday is assumed.",
}
KNOWN = f"{calendars.EVERY_DAY} or {calendars.WEEKDAYS}"
MARKS = {".": "decimal point", ",": "decimal comma"}


def read(content: bytes, filename: str, options: Options = FIND_OUT, *, today: date | None = None) -> Reading:
    """Return what a file of prices says, with every problem by row; `bars` are of the good rows alone.

    Raises Unreadable where that is nothing, or could be two things. `today` is the day in UTC.
    """
    if len(content) > MAX_BYTES:
        raise Unreadable(
            f"The file is larger than {MAX_BYTES // 1024**2} MB. Upload one instrument at a time."
        )
    if options.calendar and not calendars.is_known(options.calendar):
        raise Unreadable(
            f"There is no calendar {shown(options.calendar)}. Take XNYS or another exchange's code, {KNOWN}.",
            option="calendar",
        )
    sheet = understand(_table(content, filename), options)
    _demand_daily(sheet)
    # When it is today in UTC, it may be tomorrow in the East.
    latest = (today or datetime.now(UTC).date()) + timedelta(days=1)
    problems, good = _checked(sheet, latest)
    return _reading(sheet, problems, good, options)


def _table(content: bytes, filename: str) -> Table:
    if content.startswith(encodings.PARQUET):
        return parquet.read_table(content)
    if filename.lower().endswith((".parquet", ".pq")):
        raise Unreadable("The file's name says Parquet, and its content is something else. Export it again.")
    return delimited.read_table(content)


def _demand_daily(sheet: Sheet) -> None:
    import numpy as np

    days = sheet.dates.days[~np.isnat(sheet.dates.days)]
    if len(np.unique(days)) < len(days) * (1 - REPEATED):
        raise Unreadable(
            "Most days have several rows. StockCast forecasts daily prices: upload one row a day."
        )


def _checked(sheet: Sheet, latest: date) -> tuple[list[Problem], NDArray[np.bool_]]:
    """Return all problems by rising row, and which rows are good."""
    import numpy as np

    found = list(findings(sheet, latest))
    good = ~np.any([finding.wrong for finding in found], axis=0)
    problems = problems_of(found, sheet.table)
    if good.sum() < FEWEST_ROWS:
        raise too_few(int(good.sum()), problems)
    return problems, good


def _reading(sheet: Sheet, problems: list[Problem], good: NDArray[np.bool_], options: Options) -> Reading:
    table = sheet.table
    written = "Parquet" if table.delimiter is None else columns.format_name(table.names)
    frame, actions, notes = bars.history(sheet, good, as_traded=written in NEVER_ADJUSTED)
    days = [stamp.date() for stamp in frame.index]
    calendar = options.calendar or sessions.guess(days, options.currency)
    return Reading(
        bars=frame,
        actions=actions,
        problems=problems,
        notes=[*_understood(sheet, written), *notes, *_calendar_notes(calendar, options, days)],
        format=written,
        date_order=sheet.dates.order,
        decimal=sheet.decimal,
        delimiter=table.delimiter,
        encoding=table.encoding,
        calendar=calendar,
        calendar_guessed=options.calendar is None,
        missing_sessions=sessions.missing(calendar, days),
    )


def _understood(sheet: Sheet, written: str) -> list[str]:
    table, notes = sheet.table, []
    if table.delimiter:
        divided = delimited.DELIMITER_NAMES[table.delimiter]
        notes.append(f"Columns are divided by {divided}, numbers have a {MARKS[sheet.decimal]}.")
    if written not in ("Parquet", "plain"):
        notes.append(f"Columns are as {written} writes them.")
    unused = [name for at, name in enumerate(table.names) if at not in sheet.roles.values() and name]
    if unused:
        notes.append(f"Not used: {some(unused)}.")
    return [*notes, *sheet.dates.notes, *sheet.notes]


def _calendar_notes(calendar: str, options: Options, days: list[date]) -> list[str]:
    guessed = GUESSED.get(
        calendar, f"The days fit the calendar {calendar}; choose another if it trades elsewhere."
    )
    notes = [guessed] if options.calendar is None else []
    off = sessions.off_sessions(calendar, days)
    if off:
        when = some([day.isoformat() for day in off])
        notes.append(f"{len(off):,} rows lie on days on which {calendar} does not trade: {when}.")
    return notes
