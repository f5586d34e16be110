"""One look at a source for one instrument, by whoever asks, and what came of it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.utils import timezone

from forecasts import bell, calendars, ingest
from forecasts.market_data import sources
from forecasts.market_data.base import ProviderError, RateLimited
from forecasts.market_data.lane import lane_of, waiting
from forecasts.models import Instrument
from forecasts.refreshing.due import Clock, Facts, due_since, is_gone
from forecasts.refreshing.runs import wished_at

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

# How long a look that nobody waits for lets others go first.
PATIENCE_SECONDS = 60.0
# Looks in vain are forgotten after this; then the first pause is short again.
REMEMBERED_SECONDS = int(timedelta(days=2).total_seconds())


def refresh(instrument_id: int) -> None:
    """Look for the newest closed session because somebody waits for it, unless it is there by now."""
    try:
        instrument = Instrument.objects.filter(pk=instrument_id).first()
        if instrument is not None and not ingest.is_current(instrument, _last_session(instrument)):
            look(instrument)
    finally:
        bell.answered_for_prices(instrument_id)


def refresh_in_background(instrument_id: int) -> None:
    """Look because it is due, unless somebody has done so since the bell was rung."""
    try:
        instrument = Instrument.objects.with_last_closed().filter(pk=instrument_id).first()
        if instrument is None:
            return
        (facts,) = facts_of([instrument])
        if due_since(facts, Clock(timezone.now())) is not None and not _is_paused(instrument.source):
            with waiting(PATIENCE_SECONDS, background=True):
                look(instrument)
    finally:
        bell.answered_for_prices(instrument_id)


def _is_paused(source: str) -> bool:
    """Whether asking would only be refused, which would look like a failure of the instrument."""
    known = sources().get(source)
    return known is not None and bool(known.rate) and lane_of(source).status().paused_until is not None


def look(instrument: Instrument) -> ProviderError | None:
    """Bring the prices up to date; what goes wrong is returned, and noted with the instrument."""
    trouble: ProviderError | None = None
    try:
        ingest.refresh_once(instrument)
    except ProviderError as error:
        if error.code == RateLimited.code:
            return error  # says nothing about the instrument: its turn comes when the pause is over
        logger.warning("%s: %s", instrument.symbol, error.message)
        trouble = error
    except Exception:
        _count_vain(instrument.pk)
        raise
    if instrument.bars.closed().filter(date__gte=_last_session(instrument)).exists():
        cache.delete(_vain(instrument.pk))
    else:
        _count_vain(instrument.pk)
    return trouble


def _last_session(instrument: Instrument) -> Any:
    return calendars.last_closed_session(instrument.calendar, timezone.now())


# Looks in vain -------------------------------------------------------------------------------------------


def _vain(instrument_id: int) -> str:
    return f"prices:vain:{instrument_id}"


def _count_vain(instrument_id: int) -> None:
    count, _ = cache.get(_vain(instrument_id), (0, None))
    cache.set(_vain(instrument_id), (count + 1, timezone.now()), REMEMBERED_SECONDS)


def facts_of(instruments: Sequence[Any]) -> list[Facts]:
    """Put together what is known of instruments that were read `with_last_closed`."""
    vain = cache.get_many([_vain(instrument.pk) for instrument in instruments])
    wished = wished_at([instrument.pk for instrument in instruments])
    return [
        _facts(instrument, vain.get(_vain(instrument.pk), (0, None)), wished.get(instrument.pk))
        for instrument in instruments
    ]


def _facts(instrument: Any, looks: tuple[int, datetime | None], wish: datetime | None) -> Facts:
    (vain, tried_at), error = looks, instrument.fetch_error or {}
    if "at" in error and error.get("code") != RateLimited.code:  # the cache may have been emptied since
        vain, failed_at = max(vain, 1), datetime.fromisoformat(error["at"])
        tried_at = max(tried_at or failed_at, failed_at)
    return Facts(
        pk=instrument.pk,
        source=instrument.source,
        calendar=instrument.calendar,
        last_closed=instrument.last_closed,
        vain=vain,
        tried_at=tried_at,
        is_gone=is_gone(error),
        wished_at=wish,
    )
