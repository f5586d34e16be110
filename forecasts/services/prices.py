"""How fresh an instrument's stored prices are, and asking for newer ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from forecasts import bell, calendars, ingest, refreshing
from forecasts.errors import RequestRefused
from forecasts.ingest.needs import LOOK_AGAIN_AFTER
from forecasts.market_data import sources
from forecasts.market_data.base import ProviderError
from forecasts.market_data.lane import lane_of
from forecasts.refreshing.due import is_gone

if TYPE_CHECKING:
    from accounts.models import User
    from forecasts.models import Instrument
    from forecasts.refreshing import Progress, Run

# A worker that has not answered for so long may not be there.
SLOW_AFTER = timedelta(seconds=30)
# What the source says is no more is not asked for each time somebody opens its page.
GONE_PAUSE = timedelta(days=1)


@dataclass(frozen=True)
class Freshness:
    """How an instrument's stored prices stand against its calendar.

    `expected` is the last closed session, `newest` the last stored one of those that were over; `missed`
    counts the sessions after it. `asked_at` is since when somebody waits for a look, `looked_at` when the
    last one was.
    """

    expected: date
    newest: date | None
    missed: int
    asked_at: datetime | None
    looked_at: datetime | None

    @property
    def is_stale(self) -> bool:
        return self.newest is None or self.missed > 0

    @property
    def is_fetching(self) -> bool:
        return self.is_stale and self.asked_at is not None

    @property
    def was_looked_for(self) -> bool:
        """Whether somebody has looked so lately that nobody is asked to."""
        return self.looked_at is not None and timezone.now() - self.looked_at < LOOK_AGAIN_AFTER

    @property
    def is_slow(self) -> bool:
        return self.asked_at is not None and timezone.now() - self.asked_at > SLOW_AFTER


def freshness_of(instrument: Instrument) -> Freshness | None:
    """Compare stored bars and calendar; None for an instrument whose history is all there is."""
    if not instrument.is_live:
        return None
    expected = calendars.last_closed_session(instrument.calendar, timezone.now())
    newest = instrument.bars.closed().order_by("-date").values_list("date", flat=True).first()
    return Freshness(
        expected=expected,
        newest=newest,
        missed=missed_sessions(instrument.calendar, newest, expected),
        asked_at=bell.rung_for_prices(instrument.pk),
        looked_at=ingest.looked_at(instrument.pk) or instrument.fetched_at,
    )


def missed_sessions(calendar: str, newest: date | None, expected: date) -> int:
    """Return how many sessions after `newest` were over by `expected`; 0 where nothing is stored at all."""
    if newest is None or newest >= expected:
        return 0
    return len(calendars.sessions_between(calendar, newest + timedelta(days=1), expected))


def ask_for_prices(instrument: Instrument) -> bool:
    """Ring for newer prices, after the commit, if the newest closed session lacks and nobody has just looked.

    However many people ask, a worker looks once. Returns whether there was anything to ask for.
    """
    if not _is_wanted(instrument):
        return False
    transaction.on_commit(lambda: bell.ring_for_prices(instrument.pk))
    return True


def _is_wanted(instrument: Instrument) -> bool:
    if not instrument.is_live:
        return False
    now, error = timezone.now(), instrument.fetch_error or {}
    if is_gone(error) and datetime.fromisoformat(error["at"]) > now - GONE_PAUSE:
        return False
    return not ingest.is_current(instrument, calendars.last_closed_session(instrument.calendar, now))


# All at once ---------------------------------------------------------------------------------------------


def refresh_all_watched(*, asked_by: User) -> Run:
    """Wish for a look at everything that anybody watches; workers follow it as fast as the sources allow.

    Raises RequestRefused where nothing is watched, or a wish is being followed already.
    """
    progress = refresh_progress()
    if progress is not None and not progress.is_over:
        raise RequestRefused("All watched instruments are being refreshed already. Wait for the end of that.")
    pks = sorted(refreshing.watched(timezone.now()).values_list("pk", flat=True))
    if not pks:
        raise RequestRefused("Nobody watches an instrument whose prices can be fetched.")
    run = refreshing.begin_run(pks, asked_by.email)
    transaction.on_commit(bell.ring_for_due)
    return run


def refresh_progress() -> Progress | None:
    """Return how far the newest wish for all is; None a day after it, and where there was none."""
    run = refreshing.current_run()
    return refreshing.progress_of(run) if run else None


def reopen_lane(*, source: str) -> str:
    """Forget a source's pause and return what people call it; raises RequestRefused if that cannot be."""
    known = sources().get(source)
    if known is None or not known.rate:
        raise RequestRefused(f"There is no source {source[:20]!r} that could be paused.")
    try:
        lane_of(source).reopen()
    except ProviderError as error:
        raise RequestRefused(f"{error.message} {error.remedy}") from error
    return known.name
