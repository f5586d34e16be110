"""Recomputing the whole chain, and comparing it with the rows that it tells of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.db import connection, transaction

from forecasts.ledger.chain import NOTHING_BEFORE, hash_of_entry, hash_of_text, parsed
from forecasts.ledger.guards import broken_guard
from forecasts.ledger.telling import Told, unentered
from forecasts.models import LedgerEntry

# Clocks of several machines may differ by so much, one behind the other.
CLOCKS = timedelta(minutes=5)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# Entries whose forecasts and points are held in memory at once.
CHUNK = 50


@dataclass(frozen=True)
class Break:
    """The first thing that does not fit: `number` is the entry's, None where it is no entry's fault."""

    number: int | None
    message: str

    def __str__(self) -> str:
        return self.message if self.number is None else f"Entry {self.number:,}: {self.message}"


@dataclass(frozen=True)
class Examination:
    """How many entries were read, and the last one's hash, up to the first break if there is one."""

    entries: int
    head: str
    found: Break | None


def verify() -> Break | None:
    """Return the first thing in the ledger that does not fit; None where all is whole."""
    return examine().found


def examine(expected_head: str = "") -> Examination:
    """Recompute every hash from the first entry on, and compare each entry with its forecast's rows.

    A chain that somebody has written anew as a whole fits itself. Only a hash noted outside tells: an entry,
    not necessarily the last, must have `expected_head`, if it is given.
    """
    with _one_moment():
        read, head, met = 0, NOTHING_BEFORE, not expected_head
        for entry, message in _examined():
            if message:
                return Examination(read, head, Break(entry.number, message))
            read, head, met = entry.number, entry.hash, met or entry.hash == expected_head
        return Examination(read, head, _afterwards(expected_head, met))


def _afterwards(expected_head: str, met: bool) -> Break | None:
    if not met:
        return Break(None, f"No entry has the hash {expected_head}: the chain was written anew or cut short.")
    message = unentered() or broken_guard()
    return Break(None, message) if message else None


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read everything as it is at one moment, while others go on; a test may have begun a transaction."""
    begun = connection.in_atomic_block
    with transaction.atomic():
        if not begun:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _examined() -> Iterator[tuple[LedgerEntry, str]]:
    """Yield each entry with what is wrong with it; empty where it fits."""
    stream = LedgerEntry.objects.order_by("number").select_related("erased_by").iterator(CHUNK)
    number, previous, moment = 0, NOTHING_BEFORE, LONG_AGO
    while chunk := list(islice(stream, CHUNK)):
        told = Told.by(chunk)
        for entry in chunk:
            yield (
                entry,
                _broken_link(entry, number, previous) or _backdated(entry, moment) or told.wrong_in(entry),
            )
            number, previous, moment = entry.number, entry.hash, entry.entered_at


def _broken_link(entry: LedgerEntry, number: int, previous: str) -> str:
    """Say how an entry does not follow the one before, or is not what its hashes are of."""
    if entry.number != number + 1:
        return f"the one before it is {number:,}; those between are gone." if number else "the first is gone."
    if entry.previous_hash != previous:
        return "the hash before it is not that of the entry before."
    if entry.content and hash_of_text(entry.content) != entry.content_hash:
        return "its content is not what it was when it was entered."
    if hash_of_entry(entry) != entry.hash:
        return "its number, kind, moment or hashes are not what they were when it was entered."
    return _broken_erasure(entry)


def _backdated(entry: LedgerEntry, before: datetime) -> str:
    """Say that an entry claims to be older than the one before it, as one made after the fact would."""
    return "it claims to be older than the one before it." if entry.entered_at < before - CLOCKS else ""


def _broken_erasure(entry: LedgerEntry) -> str:
    erasure = getattr(entry, "erased_by", None)
    if entry.is_erased and not entry.is_private:
        return "its content is gone, which may happen to an upload's alone."
    if entry.is_erased and (erasure is None or erasure.kind != LedgerEntry.Kind.ERASURE):
        return "its content is gone, and no later entry says that it was erased."
    if erasure is not None and (not entry.is_erased or erasure.number <= entry.number):
        return f"entry {erasure.number:,} says that it was erased, and it was not."
    if (entry.kind == LedgerEntry.Kind.ERASURE) != (entry.erases_id is not None):
        return "it is an erasure of nothing, or erases without being an erasure."
    if entry.kind == LedgerEntry.Kind.ERASURE and parsed(entry).get("erases") != entry.erases_id:
        return f"it names another entry as erased than {entry.erases_id:,}."
    return ""
