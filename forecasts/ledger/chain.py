"""How entries are written and hashed. Knows nothing of forecasts."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from forecasts.models import LedgerEntry

# Of content and of entries; what is written by an older format stays as it is and is read as such.
FORMAT = 1
NOTHING_BEFORE = "0" * 64
SALT_BYTES = 16

Json = dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """An entry that has no place in the chain yet."""

    kind: str
    content: Json
    erases: LedgerEntry | None = None
    is_private: bool = False


def canonical(value: Json) -> str:
    """Return JSON that is the same text for the same value: sorted keys, no spaces, ASCII, never a NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def salted(content: Json) -> str:
    """Return content as it is stored: nobody who knows the rest can guess what its hash is of."""
    return canonical({"v": FORMAT, **content, "salt": secrets.token_hex(SALT_BYTES)})


def parsed(entry: LedgerEntry) -> Json:
    """Return an entry's content; nothing of one that was erased."""
    content: Json = json.loads(entry.content) if entry.content else {}
    return content


def hash_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hash_of_entry(entry: LedgerEntry) -> str:
    """SHA-256 of number, kind, moment (UTC, microseconds), privacy, the hash before and the content's."""
    moment = entry.entered_at.astimezone(UTC).isoformat(timespec="microseconds")
    linked = {
        "v": FORMAT,
        "number": entry.number,
        "kind": entry.kind,
        "entered_at": moment,
        "is_private": entry.is_private,
        "previous_hash": entry.previous_hash,
        "content_hash": entry.content_hash,
    }
    return hash_of_text(canonical(linked))


def linked(last: LedgerEntry | None, drafts: list[Draft], moment: datetime) -> list[LedgerEntry]:
    """Return entries, not yet saved, that continue the chain after `last`, in the order of `drafts`."""
    entries = []
    for draft in drafts:
        content = salted(draft.content)
        entry = LedgerEntry(
            number=last.number + 1 if last else 1,
            kind=draft.kind,
            entered_at=moment,
            is_private=draft.is_private,
            content=content,
            content_hash=hash_of_text(content),
            previous_hash=last.hash if last else NOTHING_BEFORE,
            erases=draft.erases,
        )
        entry.hash = hash_of_entry(entry)
        entries.append(entry)
        last = entry
    return entries
