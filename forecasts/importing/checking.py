"""Which rows of a panel cannot be imported, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecasts.importing.panels import FAULTS_NAMED, NO_SYMBOL, Batch
from forecasts.market_data.cleaning import SLOPPY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from forecasts.importing.panels import Panel
    from forecasts.importing.registry import Registry

FIRST_DAY = np.datetime64("1900-01-01")
OPEN, HIGH, LOW, CLOSE, ADJ_CLOSE, VOLUME = range(6)


@dataclass(frozen=True)
class Fault:
    """Why one row cannot be imported; `row` is counted from 1."""

    row: int
    symbol: str
    day: str
    reason: str

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.symbol, self.day)))
        return f"row {self.row}{f' ({what})' if what else ''}: {self.reason}"


@dataclass(frozen=True)
class Checked:
    """A batch's good rows: places in the file, numbers, days, prices as Batch has them.

    `repaired` (row,) marks bars whose high or low were widened to enclose open and close.
    """

    rows: NDArray[np.int64]
    numbers: NDArray[np.int32]
    days: NDArray[np.datetime64]
    prices: NDArray[np.float64]
    repaired: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.bool_]) -> Checked:
        return Checked(
            self.rows[chosen],
            self.numbers[chosen],
            self.days[chosen],
            self.prices[:, chosen],
            self.repaired[chosen],
        )


def check(panel: Panel, registry: Registry, batch: Batch) -> tuple[Checked, int, list[Fault]]:
    """Part a batch into the rows that can be imported, the count of the others, and their first faults.

    Bars are held to what is asked of a source's: a missing volume is none, and a high or low that open or
    close overshoot by up to 1 % is widened to them.
    """
    volume = np.nan_to_num(batch.prices[VOLUME], nan=0.0, posinf=np.inf, neginf=-np.inf)
    batch = replace(batch, prices=np.vstack([batch.prices[:VOLUME], volume]))
    reasons = np.zeros(len(batch.numbers), dtype=np.intp)
    phrases = [""]
    for bad, phrase in _faults(registry, panel, batch):
        phrases.append(phrase)
        reasons[bad & (reasons == 0)] = len(phrases) - 1
    places = np.flatnonzero(reasons)
    faults = [_fault(panel, batch, int(place), phrases[reasons[place]]) for place in places[:FAULTS_NAMED]]
    return _widened(batch).of(reasons == 0), len(places), faults


def _faults(registry: Registry, panel: Panel, batch: Batch) -> Iterator[tuple[NDArray[np.bool_], str]]:
    """Yield masks of rows and what is wrong with them, the plainest first."""
    yield batch.numbers == NO_SYMBOL, "it has no symbol"
    for number in np.unique(batch.numbers[batch.numbers != NO_SYMBOL]).tolist():
        if reason := registry.refusal(panel.symbols[number]):
            yield batch.numbers == number, reason
    yield np.isnat(batch.days), "it has no date, which is written 2020-12-31"
    yield batch.days < FIRST_DAY, "its date lies before 1900"
    yield _unfinished(registry, panel, batch), "its session is not over yet"
    prices = batch.prices[:VOLUME]
    with np.errstate(invalid="ignore"):
        yield _in_any(np.isnan(prices)), "it lacks a price"
        yield _in_any(~((prices > 0) & np.isfinite(prices))), "a price is not a positive number"
        volume = batch.prices[VOLUME]
        yield np.isinf(volume), "its volume is not a number"
        yield volume < 0, "its volume is negative"
        body = prices[[OPEN, CLOSE]]
        yield prices[HIGH] < body.max(axis=0) * (1 - SLOPPY), "its high lies below open or close"
        yield prices[LOW] > body.min(axis=0) * (1 + SLOPPY), "its low lies above open or close"


def _in_any(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the rows of a mask (column, row) that are so in any column: (row,)."""
    return np.asarray(mask.any(axis=0))


def _unfinished(registry: Registry, panel: Panel, batch: Batch) -> NDArray[np.bool_]:
    """Mark bars of sessions that go on; calendars are asked only where a bar is as new as that."""
    unfinished = np.zeros(len(batch.days), dtype=np.bool_)
    recent = (batch.days >= registry.recent) & (batch.numbers != NO_SYMBOL)
    for number in np.unique(batch.numbers[recent]).tolist():
        last = np.datetime64(registry.last_closed_session(panel.symbols[number]), "D")
        unfinished |= (batch.numbers == number) & (batch.days > last)
    return unfinished


def _fault(panel: Panel, batch: Batch, place: int, reason: str) -> Fault:
    number, day = batch.numbers[place], batch.days[place]
    return Fault(
        row=panel.row_in_file(batch.first_row + place),
        symbol="" if number == NO_SYMBOL else panel.symbols[number],
        day="" if np.isnat(day) else str(day),
        reason=reason,
    )


def _widened(batch: Batch) -> Checked:
    prices = batch.prices.copy()
    body = prices[[OPEN, CLOSE]]
    prices[HIGH] = np.fmax(prices[HIGH], body.max(axis=0))
    prices[LOW] = np.fmin(prices[LOW], body.min(axis=0))
    repaired = (prices[HIGH] != batch.prices[HIGH]) | (prices[LOW] != batch.prices[LOW])
    return Checked(batch.rows, batch.numbers, batch.days, prices, repaired)
