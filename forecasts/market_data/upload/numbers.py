"""From cells to numbers: decimal points and commas, thousands separators, signs of currencies."""

from __future__ import annotations

import re
from math import isnan, nan
from typing import TYPE_CHECKING

from forecasts.market_data.upload.base import MAX_PROBLEMS, Unreadable, shown

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from forecasts.market_data.upload.base import Decimal

# What files write where they have no number.
NOTHING = ("", "-", "–", "—", "null", "nan", "n/a", "na", "#n/a", "none", "nil")
EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?"
PLAIN = rf"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+){EXPONENT}$"
# Cells that only one decimal mark explains: one of these signs, and other than three digits after it.
ONLY_DECIMAL = (
    r"^[+-]?(?:[0-9]*{mark}(?:[0-9]{{1,2}}|[0-9]{{4,}})|0?{mark}[0-9]+|[0-9]{{4,}}{mark}[0-9]+){exponent}$"
)
GROUPED_DECIMAL = r"^[+-]?[0-9]{{1,3}}(?:{other}[0-9]{{3}})+{mark}[0-9]*$"
GROUPED_TWICE = r"^[+-]?[0-9]{{1,3}}(?:{other}[0-9]{{3}}){{2,}}$"
UNDECIDED = r"^[+-]?[1-9][0-9]{{0,2}}{mark}[0-9]{{3}}$"
# A character that no text has a meaning for.
SPOILT = "\ue000"
CURRENCIES = "$€£¥ \t\u00a0\u202f\u2009"
SPACES = "'’ \u00a0\u202f\u2009"
GROUP_MARKS = {".": f"[,{SPACES}]", ",": f"[.{SPACES}]"}
GROUPED = {
    decimal: re.compile(
        rf"[+-]?[0-9]{{1,3}}(?P<mark>{marks})[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*(?:[{decimal}][0-9]*)?"
    )
    for decimal, marks in GROUP_MARKS.items()
}
# The commonest grouping, found for all cells at once; where commas are decimal, points are spoilt by then.
GROUP_MARK = {".": ",", ",": SPOILT}
GROUPED_BY = {
    decimal: rf"^[+-]?[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+(?:\.[0-9]*)?$"
    for decimal, mark in GROUP_MARK.items()
}
# Makes a point of a decimal comma, and spoils what has points already.
COMMA_TO_POINT = str.maketrans({".": SPOILT, ",": "."})
# So many cells tell the decimal mark of all, if they tell it at all.
SAMPLE = 5000
# A split as its new and old shares: 4:1, 4/1, 4-for-1.
RATIO = r"^(?P<new>[0-9.,]+)\s*(?:[:/]|[- ]?[Ff][Oo][Rr][- ]?)\s*(?P<old>[0-9.,]+)$"
SUFFIXES = {"K": 1e3, "M": 1e6, "B": 1e9}
DELIMITERS_OF_COMMA_COUNTRIES = (";", "\t")


def is_said_nothing(cell: str) -> bool:
    """Whether a cell holds a word for nothing, which is more than being empty."""
    return cell != "" and cell.lower() in NOTHING


def is_nothing(cells: pd.Series[str]) -> NDArray[np.bool_]:
    return cells.str.lower().isin(NOTHING).to_numpy()


def find_decimal(cells: pd.Series[str], delimiter: str | None, asked: Decimal | None) -> Decimal:
    """Return the prices' decimal mark; raises Unreadable where the cells do not tell it from thousands."""
    if asked:
        return asked
    for some_cells in (cells.iloc[:: max(1, len(cells) // SAMPLE)], cells):
        points, commas = (_count_proofs(some_cells, mark, other) for mark, other in ((".", ","), (",", ".")))
        if points or commas:
            return "." if points >= commas else ","
    return _undecided(cells, delimiter)


def _count_proofs(cells: pd.Series[str], mark: str, other: str) -> int:
    patterns = (ONLY_DECIMAL, GROUPED_DECIMAL, GROUPED_TWICE)
    marks = {"mark": re.escape(mark), "other": re.escape(other), "exponent": EXPONENT}
    return int(sum(cells.str.match(pattern.format(**marks)).sum() for pattern in patterns))


def _undecided(cells: pd.Series[str], delimiter: str | None) -> Decimal:
    """Every number is whole, or has one mark and three digits after it, as in 1.234."""
    decided: dict[str, NDArray[np.bool_]] = {
        mark: cells.str.match(UNDECIDED.format(mark=re.escape(mark))).to_numpy() for mark in (".", ",")
    }
    with_point, with_comma = decided["."], decided[","]
    comma_country = delimiter in DELIMITERS_OF_COMMA_COUNTRIES
    if not with_comma.any() and (not with_point.any() or (with_point.all() and not comma_country)):
        return "."
    if with_comma.all() and comma_country:
        return ","
    example = cells[with_point | with_comma].iloc[0]
    raise Unreadable(
        f"{shown(example)} may have a decimal mark or a thousands separator. Choose the decimal mark.",
        option="decimal",
    )


def to_numbers(cells: pd.Series[str], decimal: Decimal, *, with_suffix: bool = False) -> NDArray[np.float64]:
    """Return the numbers; NaN for cells that hold none. A suffix is that of 1.2M.

    After MAX_PROBLEMS unusual cells that are no numbers, further unusual ones are not tried.
    """
    import numpy as np

    numbers = _usual(cells, decimal)
    left = np.flatnonzero(np.isnan(numbers))
    left = left[~is_nothing(cells.iloc[left])]
    if len(left):
        numbers[left] = _usual(cells.iloc[left].str.strip(CURRENCIES), decimal)
    failures = 0
    for at in left[np.isnan(numbers[left])]:
        numbers[at] = _unusual(cells.iloc[at], decimal, with_suffix=with_suffix)
        failures += bool(np.isnan(numbers[at]))
        if failures == MAX_PROBLEMS:
            break
    return numbers


def to_ratios(cells: pd.Series[str], decimal: Decimal) -> NDArray[np.float64]:
    """Return numbers, also those told as one to another, as in 4:1; NaN for cells that hold neither."""
    import numpy as np

    parts = cells.str.extract(RATIO)
    told = parts["new"].notna().to_numpy()
    numbers = to_numbers(cells.mask(told, ""), decimal)
    new, old = (to_numbers(parts.loc[told, part], decimal) for part in ("new", "old"))
    with np.errstate(all="ignore"):  # what is out of range is a problem of its row
        numbers[told] = np.where(old > 0, new / old, np.nan)
    return numbers


def number_in(cell: str, decimal: Decimal) -> float:
    """Return a cell's number with this decimal mark, else with the other; NaN if it holds none."""
    other: Decimal = "," if decimal == "." else "."
    marks: tuple[Decimal, ...] = (decimal, other)
    numbers = (_unusual(cell, mark, with_suffix=False) for mark in marks)
    return next((number for number in numbers if not isnan(number)), nan)


def _usual(cells: pd.Series[str], decimal: Decimal) -> NDArray[np.float64]:
    """Read plain numbers and those with the commonest thousands separators, all at once; NaN for others."""
    import numpy as np

    texts = cells if decimal == "." else cells.str.translate(COMMA_TO_POINT)
    is_plain = texts.str.match(PLAIN).to_numpy()
    numbers = np.full(len(cells), np.nan)
    numbers[is_plain] = texts[is_plain].astype("float64")
    is_grouped = texts.str.match(GROUPED_BY[decimal]).to_numpy() & ~is_plain
    numbers[is_grouped] = (
        texts[is_grouped].str.replace(GROUP_MARK[decimal], "", regex=False).astype("float64")
    )
    return numbers


def _unusual(cell: str, decimal: Decimal, *, with_suffix: bool) -> float:
    """Read a number with thousands separators, a currency's sign or a suffix."""
    bare = cell.strip(CURRENCIES)
    factor = SUFFIXES.get(bare[-1:].upper(), 1.0) if with_suffix else 1.0
    bare = bare if factor == 1.0 else bare[:-1].rstrip()
    if GROUPED[decimal].fullmatch(bare):
        bare = re.sub(GROUP_MARKS[decimal], "", bare)
    text = bare if decimal == "." else bare.translate(COMMA_TO_POINT)
    return float(text) * factor if re.fullmatch(PLAIN, text) else float("nan")
