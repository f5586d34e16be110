"""From a panel file to stored bars: check and stage all of it, then store instrument by instrument."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from django.template.defaultfilters import pluralize

from forecasts.errors import RequestRefused
from forecasts.importing import rescaling
from forecasts.importing.checking import Fault, check
from forecasts.importing.joints import Refused
from forecasts.importing.loading import Counts, Loader
from forecasts.importing.panels import FAULTS_NAMED, Panel
from forecasts.importing.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from forecasts.importing.checking import Checked
    from forecasts.importing.registry import Sessions

# Rows of one transaction, and so of what a killed import has to write again.
TRANSACTION_ROWS = 50_000
# One connection keeps one core of the database busy.
LOADERS = 2


class Told(Protocol):
    """Who is told of progress: the phase, how many rows of how many are done (None where nobody knows)."""

    def __call__(self, phase: str, done: int, total: int | None) -> None: ...


@dataclass(frozen=True)
class Wish:
    """What is to be imported: `source` is the key of the one that the prices are from."""

    path: Path
    source: str
    dry_run: bool = False
    skip_bad_rows: bool = False


@dataclass
class Outcome:
    """What became of it, and the first of the rows that were left out."""

    counts: Counts
    faults: list[Fault] = field(default_factory=list)


def import_panel(wish: Wish, told: Told) -> Outcome:
    """Import a file of daily bars of many instruments; raises RequestRefused, and has stored nothing then.

    All rows are checked and staged before the first is stored. Then each transaction stores some instruments
    with all their rows, so that a killed import, run again, ends as one that was not.
    """
    registry = Registry(wish.source)
    panel = Panel(wish.path, registry.source.prefix)
    with ExitStack() as stack:
        loaders = [Loader(panel, registry, share) for share in range(LOADERS)]
        for loader in loaders:
            stack.callback(loader.close)
        run = _Run(wish, panel, registry, loaders, told)
        run.stage()
        return run.store()


class _Run:
    def __init__(
        self, wish: Wish, panel: Panel, registry: Registry, loaders: list[Loader], told: Told
    ) -> None:
        self.wish, self.panel, self.registry, self.loaders, self.told = wish, panel, registry, loaders, told
        self.counts = Counts()
        self.faults: list[Fault] = []
        self.rows_of: np.ndarray = np.zeros(0, dtype=np.int64)
        self._done, self._lock, self._stop = 0, Lock(), Event()

    # Reading --------------------------------------------------------------------------------------------

    def stage(self) -> None:
        """Read the file once, from its rows to staging tables; raises RequestRefused for bad ones."""
        with ExitStack() as stack:
            takers = [stack.enter_context(loader.copying()) for loader in self.loaders]
            for batch in self.panel.batches():
                good, bad, faults = check(self.panel, self.registry, batch)
                self._note(bad, faults)
                self._share_out(takers, good)
                self.counts.read += len(batch.numbers)
                self.told("reading", self.counts.read, self.panel.total)
        ragged = [Fault(row, "", "", reason) for row, reason in self.panel.ragged]
        self._note(self.panel.ragged_count, ragged)
        self.counts.read += self.panel.ragged_count
        for loader in self.loaders:
            loader.index(self._note)
        self._refuse_faults()

    def _note(self, bad: int, faults: list[Fault]) -> None:
        """Count bad rows, and keep some to name."""
        self.counts.skipped += bad
        self.faults = (self.faults + faults)[:FAULTS_NAMED]

    def _share_out(self, takers: list[Callable[[Checked], None]], good: Checked) -> None:
        counted = np.bincount(good.numbers, minlength=len(self.panel.symbols))
        counted[: len(self.rows_of)] += self.rows_of
        self.rows_of = counted
        for share, take in enumerate(takers):
            mine = good.numbers % len(takers) == share
            if mine.any():
                take(good.of(mine))

    def _refuse_faults(self) -> None:
        if self.faults and not self.wish.skip_bad_rows:
            raise RequestRefused(self._faults_told())
        if self.counts.read == self.counts.skipped:
            raise RequestRefused(f"{self.wish.path.name} has no row that can be imported.")

    def _faults_told(self) -> str:
        bad = self.counts.skipped
        lines = [
            f"{self.wish.path.name} has {bad:,} row{pluralize(bad)} that cannot be imported, so nothing "
            "was. Mend them, or leave them out with --skip-bad-rows. Row 1 is the first one of data.",
            *(f"  {fault}" for fault in sorted(self.faults, key=lambda fault: fault.row)),
        ]
        if more := bad - len(self.faults):
            lines.append(f"  and {more:,} more")
        return "\n".join(lines)

    # Storing --------------------------------------------------------------------------------------------

    def store(self) -> Outcome:
        """Write all instruments, each loader its share; raises RequestRefused before the first of them."""
        with ThreadPoolExecutor(1 + len(self.loaders)) as threads:
            expected = threads.submit(self.registry.expected, self.panel.symbols)
            self._refuse_joints(threads)
            shares = [threads.submit(self._store_share, loader, expected) for loader in self.loaders]
            try:
                for share in shares:
                    self.counts += share.result()
            finally:
                self._stop.set()  # after a failure, the others end with the transaction that they are in
        for loader in self.loaders:
            for number in loader.rescaled:
                rows = loader.staged(number)
                self.counts += rescaling.restate(self.panel.symbols[number], rows, dry_run=self.wish.dry_run)
        kept = self.counts.read - self.counts.skipped
        self.counts.unchanged = kept - self.counts.new - self.counts.changed
        return Outcome(self.counts, self.faults)

    def _refuse_joints(self, threads: ThreadPoolExecutor) -> None:
        refused = Refused()
        for one in threads.map(lambda loader: loader.inspect(self._share(loader)), self.loaders):
            refused.merge(one)
        if refused.symbols:
            raise RequestRefused(refused.told(self.wish.path.name))

    def _share(self, loader: Loader) -> list[int]:
        """Return the loader's symbols that have rows, by name."""
        mine = range(loader.share, len(self.rows_of), len(self.loaders))
        return sorted((number for number in mine if self.rows_of[number]), key=self.panel.symbols.__getitem__)

    def _store_share(self, loader: Loader, expected: Future[Sessions]) -> Counts:
        counts = Counts()
        for numbers in self._transactions(loader):
            counts += loader.store(numbers, expected, dry_run=self.wish.dry_run)
            with self._lock:
                self._done += int(self.rows_of[numbers].sum())
                self.told("storing", self._done, int(self.rows_of.sum()))
        return counts

    def _transactions(self, loader: Loader) -> Iterator[list[int]]:
        """Yield a loader's symbols, as many at a time as have the rows of one transaction."""
        chosen: list[int] = []
        for number in self._share(loader):
            if not self._stop.is_set():
                chosen.append(number)
                if self.rows_of[chosen].sum() >= TRANSACTION_ROWS:
                    yield chosen
                    chosen = []
        if chosen and not self._stop.is_set():
            yield chosen
