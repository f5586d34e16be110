"""From cells to days, in whichever way a file writes them; never guessed where two ways would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecasts.market_data.upload.base import Unreadable, listed, shown

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from forecasts.market_data.upload.base import DateOrder

CLOCK = r"(?:(?:[T ]+|, ?)(?P<hour>[0-9]{1,2}):[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?: ?[AaPp][Mm])?"
ZONE = r"(?P<zone> ?(?:Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?))?)?"
DAY = "[0-9]{1,2}"
WORD = "[A-Za-zÄä]{3,9}"
IN_UTC = r"^ ?(?:Z|UTC|GMT|[+-]00:?(?:00)?)$"
SEPARATOR = r"(?:[-/ ]|\. ?)"
# The ways in which a date is written; the parts are numbered as they stand.
SHAPES = {
    "compact": r"^(?P<a>[0-9]{4})(?P<b>[0-9]{2})(?P<c>[0-9]{2})$",
    **{
        shape: rf"^(?P<a>{a}){SEPARATOR}(?P<b>{DAY}){SEPARATOR}(?P<c>{c}){CLOCK}{ZONE}$"
        for shape, a, c in (
            ("year first", "[0-9]{4}", DAY),
            ("year last", DAY, "[0-9]{4}"),
            ("short year", DAY, "[0-9]{2}"),
        )
    },
    "day and name": rf"^(?P<a>{DAY})[-. /]{{1,2}}(?P<b>{WORD})[-. ,/]{{1,2}}(?P<c>[0-9]{{4}}|[0-9]{{2}})$",
    "name and day": rf"^(?P<a>{WORD})\.?[- ](?P<b>{DAY}),?[- ](?P<c>[0-9]{{4}})$",
    "number": r"^(?P<a>-?[0-9]{1,19})$",
}
EXAMPLES = {
    "compact": "20240131",
    "year first": "2024-01-31",
    "day and name": "31 Jan 2024",
    "name and day": "Jan 31, 2024",
    "number": "1706659200 (seconds since 1970)",
}
ORDER_EXAMPLES = {"ymd": "24-01-31", "dmy": "31.01.2024", "mdy": "01/31/2024"}
# Which of a, b and c is the year, the month and the day.
PARTS = {"ymd": "abc", "dmy": "cba", "mdy": "cab"}
ORDER_NAMES = {"ymd": "year, month, day", "dmy": "day, month, year", "mdy": "month, day, year"}
POSSIBLE_ORDERS: dict[str, tuple[DateOrder, ...]] = {
    "compact": ("ymd",),
    "year first": ("ymd",),
    "year last": ("dmy", "mdy"),
    "short year": ("dmy", "mdy", "ymd"),
    "day and name": ("dmy",),
    "name and day": ("mdy",),
}
MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "mär": 3, "mrz": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7,
    "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
}  # fmt: skip
# Whole numbers up to here are a spreadsheet's days since 1899-12-30; from there on seconds since 1970.
LARGEST_DAY_NUMBER = 100_000
SPREADSHEET_EPOCH = "1899-12-30"
# Above this a number counts thousandths (or smaller parts) of seconds: in seconds it is the year 5138.
LARGEST_SECONDS = 10**11
# Days; longer than any exchange has been closed but for wars.
LONGEST_STEP = 40
# So many dates tell the shape of all.
SAMPLE = 1000
# An order of the parts is taken when others are so many times less believable.
CLEARLY = 5
# Daily bars whose time lies this late belong to the next day's session, east of Greenwich.
EVENING = 20
# They do where so many times more lie on Sundays than on Fridays.
CLEARLY_MORE = 2
UNCLEAR_EVENINGS = (
    "Times lie in the evening in UTC and are taken as of that day. If sessions begin then, as they do in "
    "Sydney, they are of the next: write the exchange's own dates."
)
LIKE_UTC = (
    "Times look like UTC, in the evening before a session; without a time zone their days are taken as they "
    "stand. If they are one too early, write the exchange's own dates."
)


@dataclass(frozen=True)
class Dates:
    """`days` is datetime64[D], NaT where a cell could not be read; `expected` says how dates are written."""

    days: NDArray[np.datetime64]
    order: DateOrder
    expected: str
    notes: list[str]


def read_dates(cells: list[str], asked: DateOrder | None) -> Dates:
    """Read all dates in the way that most are written; raises Unreadable where the owner must choose one."""
    import pandas as pd

    texts = pd.Series(cells, dtype="str")
    shape = _shape(texts)
    if shape is None:
        raise Unreadable(f"No date can be read; the first is {shown(cells[0])}. Write dates as 2024-01-31.")
    parts = texts.str.extract(SHAPES[shape])
    if shape == "number":
        return _from_numbers(parts["a"])
    by_order = {order: _days(parts, order) for order in POSSIBLE_ORDERS[shape]}
    order = asked if asked in by_order else _most_believable(by_order, parts["a"].notna().to_numpy(), cells)
    days, notes = _in_the_morning(by_order[order], parts)
    expected = EXAMPLES.get(shape) or ORDER_EXAMPLES[order]
    return Dates(days, order, expected, [f"Dates are {ORDER_NAMES[order]}, such as {expected}.", *notes])


def _shape(texts: pd.Series[str]) -> str | None:
    """Return the shape that most cells have, by a sample; eight digits are a day rather than a number."""
    sample = texts.iloc[:: max(1, len(texts) // SAMPLE)]
    return _commonest(sample) or _commonest(texts)


def _commonest(texts: pd.Series[str]) -> str | None:
    counts = {shape: int(texts.str.match(pattern).sum()) for shape, pattern in SHAPES.items()}
    best = max(counts, key=lambda shape: counts[shape])
    return best if counts[best] else None


def _days(parts: pd.DataFrame, order: DateOrder) -> NDArray[np.datetime64]:
    """Put the parts together; NaT where they are no day of the calendar."""
    import numpy as np

    year, month, day = (_number(parts[name]) for name in PARTS[order])
    year = _full_year(year)
    possible = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    year, month, day = (np.where(possible, part, 1).astype("int64") for part in (year, month, day))
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    days = months.astype("datetime64[D]") + (day - 1)
    possible &= days.astype("datetime64[M]") == months
    return np.where(possible, days, np.datetime64("NaT", "D"))


def _number(part: pd.Series[str]) -> NDArray[np.float64]:
    """Return whole numbers, or the numbers of months by name; NaN for neither."""
    import pandas as pd

    numbers = pd.to_numeric(part, errors="coerce")
    if numbers.isna().all():
        numbers = part.str.slice(0, 3).str.lower().map(MONTHS)
    return numbers.to_numpy("float64", na_value=float("nan"))


def _full_year(year: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two digits are the year from 1970 to 2069 that ends with them."""
    import numpy as np

    return np.where(year < 70, year + 2000, np.where(year < 100, year + 1900, year))


def _most_believable(
    by_order: dict[DateOrder, NDArray[np.datetime64]], matched: NDArray[np.bool_], cells: list[str]
) -> DateOrder:
    """Return the only order in which dates exist, run one way and are those of daily prices."""
    if len(by_order) == 1:
        return next(iter(by_order))
    faults = {order: (_impossible(days[matched]), _unlikely(days)) for order, days in by_order.items()}
    best, next_best = sorted(faults, key=lambda order: faults[order])[:2]
    clear = faults[next_best][0] > CLEARLY * faults[best][0]
    if clear or (faults[best] == (0, 0) and faults[next_best] > (0, 0)):
        return best
    example = shown(cells[int(matched.argmax())])
    choices = listed([f"{ORDER_NAMES[order]} ({order})" for order in by_order], "or")
    raise Unreadable(
        f"Dates such as {example} can be read in more than one way. Choose the date order: {choices}.",
        option="date_order",
    )


def _impossible(days: NDArray[np.datetime64]) -> int:
    """Count cells that are no day, and steps against the direction that most go."""
    import numpy as np

    real = days[~np.isnat(days)]
    steps = np.diff(real).astype("int64")
    return len(days) - len(real) + min(int((steps <= 0).sum()), int((steps >= 0).sum()))


def _unlikely(days: NDArray[np.datetime64]) -> int:
    """Count weekends and leaps that daily prices do not make."""
    import numpy as np

    leaps = np.abs(np.diff(days[~np.isnat(days)]).astype("int64")) > LONGEST_STEP
    return _weekends(days) + int(leaps.sum())


def _weekends(days: NDArray[np.datetime64]) -> int:
    import numpy as np

    return int((~np.is_busday(days[~np.isnat(days)])).sum())


def _in_the_morning(
    days: NDArray[np.datetime64], parts: pd.DataFrame
) -> tuple[NDArray[np.datetime64], list[str]]:
    """Dates are taken as they stand, but for times in UTC, which may be of the evening before."""
    if "zone" not in parts or parts["hour"].isna().all():
        return days, []
    hours = _number(parts["hour"])
    if parts["zone"].str.match(IN_UTC).any():
        return _without_evenings(days, hours)
    without_zone = parts["zone"].isna().all()
    return days, [LIKE_UTC] if without_zone and _without_evenings(days, hours)[1] else []


def _without_evenings(
    days: NDArray[np.datetime64], hours: NDArray[np.float64]
) -> tuple[NDArray[np.datetime64], list[str]]:
    """Move evenings to the next day where they lie on Sundays and hardly on Fridays.

    In Sydney a session begins when it is the evening before in UTC: Monday's is stamped with Sunday. With the
    hour of summer time these may be a part of the bars only. A stray row does not decide.
    """
    import numpy as np

    late = (hours >= EVENING) & ~np.isnat(days)
    moved = days + late.astype("int64")
    # The first of all days, in 1970, was a Thursday.
    fridays, saturdays, sundays = ((days[late].astype("int64") % 7 == day).sum() for day in (1, 2, 3))
    makes_doubles = len(np.unique(moved)) < len(np.unique(days))
    if sundays > max(CLEARLY_MORE * fridays, saturdays) and not makes_doubles:
        return moved, [f"{late.sum():,} times are of the evening before in UTC: taken as the next day."]
    mostly_late = late.sum() > len(days) / 2
    return days, [UNCLEAR_EVENINGS] if mostly_late and not fridays else []


def _from_numbers(texts: pd.Series[str]) -> Dates:
    """Read days since 1899-12-30, or seconds (or thousandths and smaller parts) since 1970, in UTC."""
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(texts, errors="coerce").to_numpy("float64", na_value=float("nan"))
    largest = np.nanmax(np.abs(numbers))
    missing = np.isnan(numbers)
    if largest <= LARGEST_DAY_NUMBER:
        days = np.datetime64(SPREADSHEET_EPOCH) + np.where(missing, 0, numbers).astype("int64")
        days[missing] = np.datetime64("NaT")
        return Dates(
            days,
            "ymd",
            "45322 (a spreadsheet's number of a day)",
            ["Dates are a spreadsheet's numbers of days."],
        )
    unit = 1000 ** max(0, int(np.ceil(np.log10(largest / LARGEST_SECONDS) / 3)))
    seconds = np.where(missing, 0, numbers // unit).astype("int64").astype("datetime64[s]")
    days = np.where(missing, np.datetime64("NaT", "D"), seconds.astype("datetime64[D]"))
    hours = (seconds - seconds.astype("datetime64[D]")).astype("int64") // 3600
    days, notes = _without_evenings(days, hours.astype("float64"))
    return Dates(days, "ymd", EXAMPLES["number"], ["Dates are seconds since 1970 (UTC).", *notes])
