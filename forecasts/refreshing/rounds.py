"""Once a minute: ring for those whose prices are due, no faster than their sources may be asked."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING

from django.utils import timezone
from kombu.exceptions import OperationalError

from forecasts import bell
from forecasts.market_data import sources
from forecasts.market_data.lane import lane_of
from forecasts.models import Instrument
from forecasts.refreshing.due import Clock, choose
from forecasts.refreshing.looking import facts_of
from forecasts.refreshing.runs import current_run

if TYPE_CHECKING:
    from forecasts.market_data.base import Source
    from forecasts.models.instruments import InstrumentQuerySet

logger = logging.getLogger(__name__)

# The share of a source's requests that is spent on what nobody waits for; a fetch is one request or two.
SHARE = 0.6
# More messages than this are not put before the worker: what is due stays due.
QUEUE = 60
# After its last session a forecast's instrument is looked after until that one's bar is final, whatever the
# holidays: a close that is provisional still is not scored.
AFTERWARDS = timedelta(days=10)


def watched(now: datetime) -> InstrumentQuerySet:
    """Return what somebody follows, and the stored indices of those markets."""
    followed = Instrument.objects.live().watched((now - AFTERWARDS).date())
    markets = {instrument.market_symbol for instrument in followed}
    indices = Instrument.objects.live().filter(symbol__in=markets - {None}, owner=None)
    return Instrument.objects.filter(pk__in={row.pk for row in followed} | {row.pk for row in indices})


def refresh_due() -> None:
    """Ring for who is due, longest first. Calendar and stored bars are the truth: a lost bell heals."""
    now = timezone.now()
    allowed = {key: _allowed(source, now) for key, source in sources().items()}
    run = current_run()
    known = list((watched(now) | Instrument.objects.filter(pk__in=run.pks if run else ())).with_last_closed())
    rung = bell.rung_in_background([instrument.pk for instrument in known])
    quiet = [instrument for instrument in known if instrument.pk not in rung]
    try:
        room = max(0, QUEUE - bell.messages_waiting(bell.PRICES))
        for pk in islice(choose(facts_of(quiet), Clock(now), allowed), room):
            bell.ring_for_prices(pk, waited_for=False)
    except OperationalError as error:
        logger.warning("The broker cannot be reached (%s); prices that are due wait.", error)


def _allowed(source: Source, now: datetime) -> int:
    """Return how many looks at a source this minute has room for: none while its lane is paused."""
    if not source.is_live or not source.configured():
        return 0
    if not source.rate:
        return QUEUE
    status = lane_of(source.key).status()
    if status.paused_until:
        return 0
    per_minute = 60 * status.rate * SHARE
    # Where a look takes longer than a minute, only every second or tenth minute has room for one.
    return int(per_minute) if per_minute >= 1 else int(_minute(now) % ceil(1 / per_minute) == 0)


def _minute(now: datetime) -> int:
    return int(now.timestamp() // 60)
