"""A person's wish to look for the prices of many instruments at once, and how far that is.

It is kept in the cache: if it is lost, only the progress is, and prices are looked for when they are due.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.utils import timezone

from forecasts import ingest
from forecasts.models import Instrument

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "prices:run"
KEPT_SECONDS = int(timedelta(days=1).total_seconds())


@dataclass(frozen=True)
class Run:
    """Whose prices are to be looked for, since when, and who asked (an e-mail address)."""

    id: str
    asked_at: datetime
    asked_by: str
    pks: tuple[int, ...]

    def looked_at(self) -> set[int]:
        """Return whose prices have been looked for since, whatever came of it."""
        return {pk for pk, at in ingest.looked_at_many(self.pks).items() if at >= self.asked_at}


@dataclass(frozen=True)
class Progress:
    run: Run
    done: int
    failed: int

    @property
    def total(self) -> int:
        return len(self.run.pks)

    @property
    def is_over(self) -> bool:
        return self.done >= self.total


def begin_run(pks: Sequence[int], asked_by: str) -> Run:
    """Wish for all of these to be looked for, in place of an earlier wish; rounds ring for them."""
    run = Run(str(uuid.uuid4()), timezone.now(), asked_by, tuple(pks))
    cache.set(KEY, asdict(run), KEPT_SECONDS)
    return run


def current_run() -> Run | None:
    kept = cache.get(KEY)
    return Run(**kept) if kept else None


def progress_of(run: Run) -> Progress:
    done = run.looked_at()
    failed = Instrument.objects.filter(pk__in=done, fetch_error__at__gte=run.asked_at.isoformat()).count()
    return Progress(run, len(done), failed)


def wished_at(pks: Sequence[int]) -> dict[int, datetime]:
    """Return since when each of these is wished for and has not been looked for yet."""
    run = current_run()
    if run is None:
        return {}
    return dict.fromkeys((set(run.pks) & set(pks)) - run.looked_at(), run.asked_at)
