"""Whether a file's prices go on where stored ones end: on the same share and dividend basis, or by a factor.

Prices are adjusted back from the day when they were asked for. Where stored sessions stay before or after
those of the file, both must stand on one basis, or returns across the joint are no market's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forecasts.ingest.splits import SMALLEST, UNIFORM

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

NO_OVERLAP = "no settled session of these is both stored and in the file"
OTHER_SHARES = "these are on another share basis than what is stored"
OTHER_DIVIDENDS = "the adjusted closes of these are on another basis than what is stored"
SYMBOLS_NAMED = 20


@dataclass(frozen=True)
class Joint:
    """Where stored sessions stay before (`is_early`) the file's first `day` or after its last.

    `price` and `adjusted` are quartiles of new close over stored close, and of adj_close, in the sessions of
    both that are nearest; None where there is none.
    """

    number: int
    instrument_id: int
    is_early: bool
    day: date
    price: list[float] | None
    adjusted: list[float] | None

    @property
    def fault(self) -> str:
        """Say why the two cannot be joined, or nothing."""
        if self.price is None or self.adjusted is None:
            return NO_OVERLAP
        if _is_off(self.price):
            return OTHER_SHARES
        if _is_off(self.adjusted) and not _is_even(self.adjusted):
            return OTHER_DIVIDENDS
        return ""

    @property
    def factor(self) -> float:
        """What adjusted closes that stay are to be multiplied by."""
        return self.adjusted[1] if self.adjusted and _is_off(self.adjusted) else 1.0


@dataclass
class Refused:
    """Symbols that cannot be joined with what is stored, by fault."""

    symbols: dict[str, list[str]] = field(default_factory=dict)

    def add(self, fault: str, symbol: str) -> None:
        known = self.symbols.setdefault(fault, [])
        if symbol not in known:
            known.append(symbol)

    def merge(self, other: Refused) -> None:
        for fault, symbols in other.symbols.items():
            for symbol in symbols:
                self.add(fault, symbol)

    def told(self, file: str) -> str:
        """Return what is said of it: a sentence, and a line for each fault."""
        return "\n".join(
            [
                f"{file} cannot be joined with stored sessions before or after its own, so it was not "
                "imported. Import whole histories, or sessions of which some are stored at the same prices.",
                *(f"  {fault}: {_listed(symbols)}" for fault, symbols in sorted(self.symbols.items())),
            ]
        )


def rescaling(joints: Iterable[Joint]) -> list[Joint]:
    return [joint for joint in joints if joint.factor != 1]


def _is_off(quartiles: list[float]) -> bool:
    """Whether prices are on another basis: by one factor, or by more than sources correct them."""
    step = abs(math.log(quartiles[1]))
    return step >= SMALLEST or (step > UNIFORM and _is_even(quartiles))


def _is_even(quartiles: list[float]) -> bool:
    return quartiles[2] / quartiles[0] - 1 <= UNIFORM


def _listed(symbols: list[str]) -> str:
    more = len(symbols) - SYMBOLS_NAMED
    named = ", ".join(sorted(symbols)[:SYMBOLS_NAMED])
    return f"{named} and {more:,} more" if more > 0 else named
