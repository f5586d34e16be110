"""Bringing an instrument's stored history up to date from its source."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from celery.exceptions import SoftTimeLimitExceeded
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from forecasts import calendars
from forecasts.errors import ForecastFailed
from forecasts.market_data import provider_for, source_name
from forecasts.market_data.base import History, ProviderError, UnknownSymbol, Unreachable
from forecasts.models import BAR_COLUMNS, CorporateAction, Forecast, Instrument, PriceBar, why_too_short

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

OVERLAP_SESSIONS = 10
# Relative; sources round to a few digits, and restatements are larger.
TOLERANCE = 1e-4
# A whole history fetched anew must hold at least this share of the stored sessions.
ENOUGH_SESSIONS = 0.9
DELISTED_AFTER_DAYS = 3
# After a look at the source, whatever came of it, the next forecast does without another for so long.
LOOK_AGAIN_AFTER = timedelta(minutes=15)
# How long a worker waits while another fetches the same index, and when it takes that one for dead.
PATIENCE_SECONDS, DEAD_SECONDS = 10, 60


def ensure_history(forecast: Forecast) -> None:
    """Bring a forecast's prices up to its `as_of`; when the source fails, what is stored has to do.

    Raises ForecastFailed where nothing is stored, or too little for the method.
    """
    instrument, day = forecast.instrument, forecast.as_of
    if not is_current(instrument, day):
        try:
            refresh(instrument)
        except ProviderError as error:
            if not instrument.bars.final().up_to(day).exists():
                # The client has tried several times; whoever is offline wants to hear it now.
                permanent = error.permanent or isinstance(error, Unreachable)
                raise ForecastFailed(error.code, error.message, error.remedy, permanent=permanent) from error
            logger.warning("%s: %s Using what is stored.", instrument.symbol, error.message)
    available = instrument.bars.final().up_to(day).count()
    if reason := why_too_short(instrument.symbol, forecast.method, day, available):
        raise ForecastFailed("not_enough_history", *reason)


def is_current(instrument: Instrument, day: date) -> bool:
    """Whether the final bar of `day` is stored, or was looked for in the last quarter of an hour in vain."""
    if instrument.bars.final().filter(date=day).exists():
        return True
    return instrument.fetched_at is not None and instrument.fetched_at > timezone.now() - LOOK_AGAIN_AFTER


# The market ---------------------------------------------------------------------------------------------


def ensure_market(forecast: Forecast) -> None:
    """Bring the index of the instrument's exchange up to date too; whatever fails, the forecast goes on.

    A model from scratch is told of no index, so none is fetched for it.
    """
    if forecast.method == Forecast.Method.FROM_SCRATCH:
        return
    instrument = forecast.instrument
    if instrument.market_symbol is None or _failed_lately(instrument):
        return  # a source that has just failed would only be waited for again
    index, _ = Instrument.objects.get_or_create(
        symbol=instrument.market_symbol,
        owner=None,
        defaults={"source": instrument.source, "calendar": instrument.calendar},
    )
    if _is_wanted(index, forecast.as_of):
        _refresh_once(index, forecast.as_of)


def _is_wanted(index: Instrument, day: date) -> bool:
    return not is_current(index, day) and not _failed_lately(index)


def _failed_lately(instrument: Instrument) -> bool:
    at = (instrument.fetch_error or {}).get("at")
    return at is not None and datetime.fromisoformat(at) > timezone.now() - LOOK_AGAIN_AFTER


def _refresh_once(index: Instrument, day: date) -> None:
    """Fetch it, or wait for the worker that is fetching it now: one index serves the stocks of an exchange.

    The lock only spares requests; where the cache is down, both fetch and store the same.
    """
    lock = f"market-data:fetching:{index.pk}"
    if not cache.add(lock, value=True, timeout=DEAD_SECONDS):
        _wait_until_free(lock)
        return
    try:
        index.refresh_from_db()
        if _is_wanted(index, day):  # another may have fetched it since we looked
            refresh(index)
    except ProviderError as error:
        logger.warning("%s: %s Forecasts use what is stored of it, if anything.", index.symbol, error.message)
    except SoftTimeLimitExceeded:
        raise
    except Exception:  # `refresh` writes in transactions of its own, so nothing half done is left
        logger.exception("%s could not be fetched. Forecasts use what is stored of it.", index.symbol)
    finally:
        cache.delete(lock)


def _wait_until_free(lock: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while cache.get(lock) and time.monotonic() < deadline:
        time.sleep(0.1)


# Fetching -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """A history at one moment: `bars` as stored, the revision they are of, and the splits they contain.

    `split_factor` is of the splits after the last bar's day.
    """

    bars: pd.DataFrame
    data_revision: int
    split_factor: float

    @property
    def anchor(self) -> date:
        return date.fromisoformat(f"{self.bars.index[-1]:%Y-%m-%d}")


def snapshot(instrument: Instrument, day: date) -> Snapshot:
    """Read the final bars up to `day`; the lock keeps a restatement from coming in between the reads."""
    with transaction.atomic():
        locked = Instrument.objects.select_for_update(no_key=True).get(pk=instrument.pk)
        bars = locked.bars.final().up_to(day).as_frame()
        anchor = bars.index[-1].date()
        factor = CorporateAction.objects.split_factor_since(locked.pk, anchor)
    return Snapshot(bars, locked.data_revision, factor)


def refresh(instrument: Instrument) -> None:
    """Fetch what is new since the last stored session; raises ProviderError, and leaves the history then.

    The last ten sessions are asked for again. If they disagree with what is stored, or a split or dividend
    appeared, the whole history is fetched anew and `data_revision` rises.
    """
    try:
        history, restated = _fetch(instrument)
    except ProviderError as error:
        _remember_failure(instrument, error)
        raise
    store(instrument, history, restated=restated)


def _fetch(instrument: Instrument) -> tuple[History, bool]:
    """Return the new part of the history, or all of it and True."""
    provider = provider_for(instrument.source)
    known = _last_sessions(instrument)
    if known.empty:
        return provider.fetch(instrument.symbol), False
    latest = provider.fetch(instrument.symbol, known.index[0].date())
    if not _restates(instrument, known, latest):
        return latest, False
    whole = provider.fetch(instrument.symbol)
    _refuse_a_poorer(instrument, whole)
    return whole, True


def _last_sessions(instrument: Instrument) -> pd.DataFrame:
    newest = instrument.bars.final().order_by("-date").values_list("date", flat=True)[:OVERLAP_SESSIONS]
    return instrument.bars.final().filter(date__in=list(newest)).as_frame()


def _restates(instrument: Instrument, known: pd.DataFrame, latest: History) -> bool:
    """Whether stored prices are no longer true. Volume is counted up for days, and corrected in place."""
    stored = set(instrument.actions.filter(date__gte=known.index[0].date()).values_list("date", "kind"))
    if any((action.date, action.kind) not in stored for action in latest.actions):
        return True
    prices = [name for name in BAR_COLUMNS if name != "volume"]
    fetched = latest.bars.reindex(known.index)
    difference = (fetched[prices] / known[prices] - 1).abs()
    return bool((difference > TOLERANCE).any(axis=None))


def _refuse_a_poorer(instrument: Instrument, whole: History) -> None:
    """Sources sometimes answer with a part only; a good history must not give way to that."""
    final = instrument.bars.final()
    first = final.order_by("date").values_list("date", flat=True)[0]
    starts_later = whole.bars.empty or whole.bars.index[0].date() > first
    if starts_later or len(whole.bars) < ENOUGH_SESSIONS * final.count():
        source = source_name(instrument.source)
        raise ProviderError(
            f"{source} answered with only a part of the history of {instrument.symbol}.",
            "The prices fetched before are kept. Try again later.",
        )


def _remember_failure(instrument: Instrument, error: ProviderError) -> None:
    """Note why there are no newer prices; an instrument missed on three separate days may be delisted."""
    now = timezone.now()
    failure = {"code": error.code, "message": error.message, "remedy": error.remedy}
    missing_on = list((instrument.fetch_error or {}).get("missing_on", []))
    if isinstance(error, UnknownSymbol):
        missing_on = sorted({*missing_on, now.astimezone(UTC).date().isoformat()})
        if len(missing_on) >= DELISTED_AFTER_DAYS and instrument.bars.exists():
            failure = _delisted(instrument, missing_on[0])
    instrument.fetch_error = {**failure, "at": now.isoformat(), "missing_on": missing_on}
    instrument.save(update_fields=["fetch_error"])


def _delisted(instrument: Instrument, since: str) -> dict[str, str]:
    source = source_name(instrument.source)
    return {
        "code": "delisted",
        "message": f"{source} has had no prices for {instrument.symbol} since {since}: it may be delisted.",
        "remedy": "Its history up to then stays here.",
    }


# Storing ------------------------------------------------------------------------------------------------


def store(instrument: Instrument, history: History, *, restated: bool = False) -> None:
    """Write a source's answer in one transaction; `restated` replaces what was there.

    Where somebody else replaced the history since `instrument` was read, this answer may be on an older share
    basis and is dropped.
    """
    with transaction.atomic():
        locked = Instrument.objects.select_for_update(no_key=True).get(pk=instrument.pk)
        if locked.data_revision == instrument.data_revision:
            _write(locked, history, restated=restated)
    instrument.refresh_from_db()


def _write(locked: Instrument, history: History, *, restated: bool) -> None:
    if restated:
        locked.bars.all().delete()
        locked.actions.all().delete()
        locked.data_revision += 1
    _describe(locked, history.about)
    bars = _with_states(locked, history.bars)
    PriceBar.objects.upsert(locked, bars[_is_news(locked, bars)])
    _store_actions(locked, history)
    locked.fetched_at, locked.fetch_error = timezone.now(), None
    locked.save()


def _describe(instrument: Instrument, about: dict[str, Any]) -> None:
    for field in ("name", "currency", "exchange", "timezone", "kind"):
        setattr(instrument, field, about.get(field) or getattr(instrument, field))
    if instrument.is_live:
        instrument.calendar = calendars.calendar_for(instrument.symbol, instrument.exchange)


def _with_states(instrument: Instrument, bars: pd.DataFrame) -> pd.DataFrame:
    """Mark bars whose session is not over yet."""
    if not instrument.is_live:
        return bars.assign(state=PriceBar.State.FINAL)
    last_final = calendars.last_closed_session(instrument.calendar, timezone.now())
    states = [
        PriceBar.State.FINAL if day.date() <= last_final else PriceBar.State.UNFINISHED for day in bars.index
    ]
    return bars.assign(state=states)


def _is_news(instrument: Instrument, bars: pd.DataFrame) -> pd.Series[bool]:
    """Mark the rows that are not stored yet, or stored with other values: only those are written."""
    stored = instrument.bars.filter(date__range=(bars.index[0].date(), bars.index[-1].date()))
    known = stored.as_frame().reindex(bars.index)
    states = dict(stored.values_list("date", "state"))
    columns = list(BAR_COLUMNS)
    same = ((bars[columns] - known[columns]).abs() <= TOLERANCE * known[columns]).all(axis=1)
    return ~(same & (bars["state"] == [states.get(day.date()) for day in bars.index]))


def _store_actions(instrument: Instrument, history: History) -> None:
    CorporateAction.objects.bulk_create(
        [
            CorporateAction(instrument=instrument, date=action.date, kind=action.kind, value=action.value)
            for action in history.actions
        ],
        update_conflicts=True,
        unique_fields=["instrument", "date", "kind"],
        update_fields=["value"],
    )
