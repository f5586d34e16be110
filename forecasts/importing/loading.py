"""One of an import's connections: it stages its share of the instruments, then stores them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection as of_django
from psycopg.errors import UniqueViolation

from forecasts.errors import RequestRefused
from forecasts.importing import rows, statements
from forecasts.importing.checking import Fault
from forecasts.importing.joints import OTHER_DIVIDENDS, Joint, Refused, rescaling
from forecasts.importing.panels import FAULTS_NAMED
from forecasts.ingest.restating import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    import psycopg

    from forecasts.importing.checking import Checked
    from forecasts.importing.panels import Panel
    from forecasts.importing.registry import Registry, Sessions


@dataclass
class Counts:
    """What an import did, or would do.

    Rows of the file; then instruments, those of them not known before, and those whose history was restated;
    then sessions found missing.
    """

    read: int = 0
    skipped: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    instruments: int = 0
    registered: int = 0
    restated: int = 0
    missing: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


class Loader:
    """A connection of its own with temporary tables, outside Django's pool; `share` numbers it."""

    def __init__(self, panel: Panel, registry: Registry, share: int) -> None:
        self.panel, self.registry, self.share = panel, registry, share
        self._django = of_django.copy()
        self._django.settings_dict["OPTIONS"].pop("pool", None)
        self._django.ensure_connection()
        self.connection: psycopg.Connection[Any] = self._django.connection
        self.connection.execute(statements.STAGE)
        self._knows_sessions = False
        self.rescaled: list[int] = []
        # Of the instruments that are locked now: those of each calendar, and those that have bars.
        self._ids: dict[str, list[int]] = {}
        self._stored: list[int] = []

    def close(self) -> None:
        self._django.close()

    # Staging --------------------------------------------------------------------------------------------

    @contextmanager
    def copying(self) -> Iterator[Callable[[Checked], None]]:
        """Yield what takes good rows into the staging table."""
        with self.connection.cursor() as cursor, cursor.copy(statements.COPY_ROWS) as copy:
            copy.write(rows.HEADER)
            yield lambda batch: copy.write(rows.encode(batch))
            copy.write(rows.TRAILER)

    def index(self, twice: Callable[[int, list[Fault]], None]) -> None:
        """Make staged rows findable; rows of sessions that the file had before are told and dropped."""
        try:
            self.connection.execute(statements.INDEX)
        except UniqueViolation:
            named = list(islice(self._twice(), FAULTS_NAMED))
            twice(self._execute(statements.FORGET_LATER), named)
            self.connection.execute(statements.INDEX)

    def _twice(self) -> Iterator[Fault]:
        found = self.connection.execute(statements.FIND_TWICE, {"named": FAULTS_NAMED})
        return (
            Fault(
                self.panel.row_in_file(place),
                self.panel.symbols[number],
                str(day),
                f"row {self.panel.row_in_file(places[0])} holds this session already",
            )
            for places, number, day in found
            for place in places[1:]
        )

    def staged(self, number: int) -> list[tuple[Any, ...]]:
        """Return a symbol's rows by rising date: date, prices, and whether they were repaired."""
        return self.connection.execute(statements.STAGED, {"number": number}).fetchall()

    # Storing --------------------------------------------------------------------------------------------

    def inspect(self, numbers: Sequence[int]) -> Refused:
        """Return which of some symbols cannot be joined with what is stored of them."""
        self._aim(self._symbols(numbers), statements.FIND)
        return self._refused(self._joints())

    def store(self, numbers: Sequence[int], expected: Future[Sessions], *, dry_run: bool) -> Counts:
        """Write the staged rows of some symbols in one transaction, and which sessions they lack.

        Those whose whole history is put on another basis are left out, and noted in `rescaled`.
        """
        self._learn(expected)
        with self.connection.transaction(force_rollback=dry_run):
            counts = Counts(instruments=len(numbers))
            symbols = self._symbols(numbers)
            counts.registered = self._register(list(symbols))
            self._aim(symbols, statements.LOCK)
            if self._stored:
                self._correct(counts)
            counts.new = self._execute(statements.ADD)
            if counts.new or counts.changed:
                counts.missing = self._note_gaps(expected.result())
            return counts

    def _symbols(self, numbers: Sequence[int]) -> dict[str, int]:
        return {self.panel.symbols[number]: number for number in numbers}

    def _joints(self) -> list[Joint]:
        return [Joint(*row) for row in self.connection.execute(statements.JOINTS)] if self._stored else []

    def _refused(self, joints: list[Joint]) -> Refused:
        refused = Refused()
        for joint in joints:
            if joint.fault:
                refused.add(joint.fault, self.panel.symbols[joint.number])
        numbers = list({joint.number for joint in rescaling(joints)})
        if numbers:  # a stored session between the file's own would keep its basis
            for (number,) in self.connection.execute(statements.HOLED, {"numbers": numbers}):
                refused.add(OTHER_DIVIDENDS, self.panel.symbols[number])
        return refused

    def _correct(self, counts: Counts) -> None:
        """Bring stored bars to what the file says, and write down what they were."""
        joints = self._joints()
        refused = self._refused(joints)
        if refused.symbols:  # somebody has stored other prices since they were inspected
            raise RequestRefused(refused.told(self.panel.path.name))
        compared = self._execute(statements.COMPARE, stored=self._stored)
        kept = self._keep(rescaling(joints))
        if compared or kept:
            self._leave_rescaled()
            counts.restated = self._execute(statements.LOG_LATE) + self._execute(statements.LOG)
            counts.changed = self._execute(statements.CORRECT) - kept

    def _keep(self, joints: list[Joint]) -> int:
        """Put the adjusted closes of bars that stay on the file's dividend basis."""
        if not joints:
            return 0
        return self._execute(
            statements.KEEP,
            ids=[joint.instrument_id for joint in joints],
            early=[joint.is_early for joint in joints],
            days=[joint.day for joint in joints],
            factors=[joint.factor for joint in joints],
        )

    def _leave_rescaled(self) -> None:
        left: dict[int, int] = dict(self.connection.execute(statements.RESCALED).fetchall())
        if left:
            self._execute(statements.LEAVE, numbers=list(left))
            self.rescaled += left
            gone = set(left.values())
            self._ids = {name: [pk for pk in ids if pk not in gone] for name, ids in self._ids.items()}

    def _register(self, symbols: list[str]) -> int:
        return self._execute(
            statements.REGISTER,
            source=self.registry.source.key,
            symbols=symbols,
            kinds=[self.registry.kind(symbol).value for symbol in symbols],
            calendars=[self.registry.calendar(symbol) for symbol in symbols],
        )

    def _aim(self, symbols: dict[str, int], find: str) -> None:
        """Find the instruments that the next statements are about.

        They are locked by rising key, so that two imports never wait for each other in a ring.
        """
        found = self.connection.execute(find, {"symbols": list(symbols)}).fetchall()
        for _, symbol, source, _ in found:
            if source != self.registry.source.key:
                raise RequestRefused(f"Somebody has just added {symbol} from another source. Import again.")
        self._ids = {}
        for pk, _, _, calendar in found:
            self._ids.setdefault(calendar, []).append(pk)
        numbers = [symbols[symbol] for _, symbol, _, _ in found]
        ids = [pk for pk, _, _, _ in found]
        recent = self.connection.execute(
            statements.FIND_RECENT, {"numbers": numbers, "day": self.registry.settled}
        )
        recents = {number for (number,) in recent}
        unsettled = [
            self.registry.unsettled(calendar) if number in recents else None
            for number, (*_, calendar) in zip(numbers, found, strict=True)
        ]
        self._execute(statements.AIM, ids=ids, numbers=numbers, unsettled=unsettled)
        self._stored = [pk for (pk,) in self.connection.execute(statements.STORED)]

    def _note_gaps(self, expected: Sessions) -> int:
        """Compare what is stored with the calendars; return how many sessions are newly missing."""
        missing = 0
        for calendar, ids in self._ids.items():
            if sessions := expected.get(calendar):
                self._execute(statements.FORGET_GAPS, ids=ids)
                missing += self._execute(
                    statements.NOTE_GAPS,
                    ids=ids,
                    calendar=calendar,
                    recent=sessions.recent,
                    closed=sessions.closed,
                )
        return missing

    def _learn(self, expected: Future[Sessions]) -> None:
        """Bring the calendars' sessions once, and in no transaction: a dry run's is rolled back."""
        if self._knows_sessions:
            return
        with self.connection.cursor() as cursor, cursor.copy(statements.COPY_SESSIONS) as copy:
            for calendar, sessions in expected.result().items():
                copy.write("".join(f"{calendar}\t{day}\n" for day in sessions.days))
        self.connection.execute("ANALYZE import_session")
        self._knows_sessions = True

    def _execute(self, statement: str, **values: object) -> int:
        """Return how many rows it touched."""
        return self.connection.execute(statement, {"tolerance": TOLERANCE, **values}).rowcount
