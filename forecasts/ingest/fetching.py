"""Asking the source for what is new, or for everything where what is stored is no longer true."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from forecasts.ingest import actions, looks, restating
from forecasts.ingest.storing import Refreshed, store
from forecasts.market_data import provider_for, source_name
from forecasts.market_data.base import History, ProviderError, Renamed, UnknownSymbol
from forecasts.market_data.flights import PATIENCE_SECONDS, turn
from forecasts.market_data.repairs import mended
from forecasts.models import BAR_COLUMNS, PriceBar, Restatement

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from forecasts.models import Instrument

logger = logging.getLogger(__name__)

Reason = Restatement.Reason
OVERLAP_SESSIONS = 10
# Sessions before the overlap that show a repair what was usual.
CONTEXT_SESSIONS = 30
# A whole history fetched anew must hold at least this share of the stored sessions.
ENOUGH_SESSIONS = 0.9
DELISTED_AFTER_DAYS = 3


def refresh(instrument: Instrument) -> Refreshed:
    """Fetch what is new since the last stored session; raises ProviderError, and leaves the history then.

    The last ten sessions are asked for again. If they disagree with what is stored, or a split or dividend
    appeared, the whole history is fetched anew and `data_revision` rises.
    """
    asked_at = timezone.now()
    try:
        history, reason = _fetch(instrument)
    except ProviderError as error:
        looks.note_look(instrument.pk)
        _remember_failure(instrument, error)
        raise
    done = store(instrument, history, reason=reason, fetched_at=asked_at)
    looks.note_look(instrument.pk)
    return done


def refresh_once(instrument: Instrument, patience: float = PATIENCE_SECONDS) -> Refreshed:
    """Refresh; or wait, up to `patience` seconds, for whoever does so now, and take what came of it."""
    before = looks.looked_at(instrument.pk)
    with turn(f"prices:{instrument.pk}", patience) as mine:
        if mine and looks.looked_at(instrument.pk) == before:
            return refresh(instrument)
    instrument.refresh_from_db()
    if instrument.fetch_error:
        raise _same_failure(instrument.fetch_error)
    return Refreshed()


def _same_failure(told: dict[str, Any]) -> ProviderError:
    error = ProviderError(told["message"], told["remedy"])
    error.code = told["code"]
    return error


def _fetch(instrument: Instrument) -> tuple[History, Restatement.Reason | None]:
    """Return the new part of the history, or all of it and why."""
    provider, symbol = provider_for(instrument.source), instrument.symbol
    context, known = _last_sessions(instrument)
    if known.empty:
        return mended(symbol, provider.fetch(symbol)), None
    first = known.index[0].date()
    latest = mended(symbol, provider.fetch(symbol, first), context)
    reason = _why_restated(instrument, known, latest, first)
    if reason is None:
        return latest, None
    whole = mended(symbol, provider.fetch(symbol))
    _refuse_a_poorer(instrument, whole)
    return whole, reason


def _last_sessions(instrument: Instrument) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the last closed bars, with their states: those to ask for again, and those before them."""
    newest = instrument.bars.closed().order_by("-date").values_list("date", flat=True)
    days = list(newest[: OVERLAP_SESSIONS + CONTEXT_SESSIONS])
    bars = instrument.bars.filter(date__in=days).as_frame("state")
    return bars[:-OVERLAP_SESSIONS][list(BAR_COLUMNS)], bars[-OVERLAP_SESSIONS:]


def _why_restated(
    instrument: Instrument, known: pd.DataFrame, latest: History, first: date
) -> Restatement.Reason | None:
    """Return why stored prices are no longer true, None if they are.

    Provisional bars may change, and volume is counted up for days: both are corrected in place.
    """
    fresh = actions.news(actions.known_actions(instrument), latest.actions, first)
    kinds = {action.kind for action in fresh}
    if kinds:
        return Reason.SPLIT if actions.SPLIT in kinds else Reason.DIVIDEND
    common = known.index[known["state"].isin(PriceBar.FINAL_STATES)].intersection(latest.bars.index)
    differ = restating.changed(known.loc[common], latest.bars.loc[common]).any()
    return Reason.DISAGREEMENT if differ else None


def _refuse_a_poorer(instrument: Instrument, whole: History) -> None:
    """Sources sometimes answer with a part only; a good history must not give way to that."""
    final = instrument.bars.final()
    first = final.order_by("date").values_list("date", flat=True).first()
    starts_later = first is not None and whole.bars.index[0].date() > first
    if starts_later or len(whole.bars) < ENOUGH_SESSIONS * final.count():
        source = source_name(instrument.source)
        raise ProviderError(
            f"{source} answered with only a part of the history of {instrument.symbol}.",
            "The prices fetched before are kept. Try again later.",
        )


def _remember_failure(instrument: Instrument, error: ProviderError) -> None:
    """Note why there are no newer prices; an instrument missed on three separate days may be delisted."""
    now = timezone.now()
    failure = error.as_json()
    missing_on = list((instrument.fetch_error or {}).get("missing_on", []))
    if isinstance(error, UnknownSymbol) and not isinstance(error, Renamed):
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


def failed_at(instrument: Instrument) -> datetime | None:
    """Return when the source failed last, unless it has answered since."""
    at = (instrument.fetch_error or {}).get("at")
    return datetime.fromisoformat(at) if at else None
