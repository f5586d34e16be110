"""What a forecast needs before it is made: the instrument's prices, and those of its market."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from forecasts.errors import ForecastFailed
from forecasts.ingest.fetching import failed_at, refresh_once
from forecasts.ingest.finality import settles_at
from forecasts.ingest.looks import looked_at
from forecasts.market_data import source_of
from forecasts.market_data.base import ProviderError, Unreachable
from forecasts.models import Forecast, Instrument, PriceBar, why_too_short

if TYPE_CHECKING:
    from datetime import date

logger = logging.getLogger(__name__)

# After a look at the source, whatever came of it, the next forecast does without another for so long.
LOOK_AGAIN_AFTER = timedelta(minutes=15)
# How long a worker waits while another fetches the same index.
MARKET_PATIENCE_SECONDS = 10.0


def ensure_history(forecast: Forecast) -> None:
    """Bring a forecast's prices up to its `as_of`; when the source fails, what is stored has to do.

    Raises ForecastFailed where nothing is stored, or too little for the method.
    """
    instrument, day = forecast.instrument, forecast.as_of
    has_prices = instrument.bars.closed().up_to(day).exists()
    if not (has_prices and is_current(instrument, day)):
        try:
            refresh_once(instrument)
        except ProviderError as error:
            if not has_prices:
                # The client has tried several times; whoever is offline wants to hear it now.
                permanent = error.permanent or isinstance(error, Unreachable)
                raise ForecastFailed(error.code, error.message, error.remedy, permanent=permanent) from error
            logger.warning("%s: %s Using what is stored.", instrument.symbol, error.message)
    available = sessions_known(instrument, forecast.method, day)
    if reason := why_too_short(instrument.symbol, forecast.method, day, available):
        raise ForecastFailed("not_enough_history", *reason)


def sessions_known(instrument: Instrument, method: str, day: date) -> int:
    """Return how many sessions up to `day` a method may use; those that train use final bars only."""
    trains = method != Forecast.Method.HOUSE
    bars = instrument.bars.final() if trains else instrument.bars.closed()
    return bars.up_to(day).count()


def is_current(instrument: Instrument, day: date) -> bool:
    """Whether no newer bar of `day` can be had than is stored, or somebody has looked for it lately.

    A provisional bar is the newest there is until the next session opens.
    """
    state = instrument.bars.filter(date=day).values_list("state", flat=True).first()
    if state in PriceBar.FINAL_STATES:
        return True
    if state == PriceBar.State.PROVISIONAL and timezone.now() < settles_at(instrument.calendar, day):
        return True
    at = looked_at(instrument.pk) or instrument.fetched_at
    return at is not None and at > timezone.now() - LOOK_AGAIN_AFTER


# The market ---------------------------------------------------------------------------------------------


def ensure_market(forecast: Forecast) -> None:
    """Bring the index of the instrument's exchange up to date too; whatever fails, the forecast goes on.

    A model from scratch is told of no index, so none is fetched for it.
    """
    if forecast.method == Forecast.Method.FROM_SCRATCH:
        return
    instrument = forecast.instrument
    symbol = instrument.market_symbol
    source = source_of(symbol) if symbol else None
    if source is None or _failed_lately(instrument):
        return  # a source that has just failed would only be waited for again
    index, _ = Instrument.objects.get_or_create(
        symbol=symbol,
        owner=None,
        defaults={"source": source.key, "calendar": instrument.calendar},
    )
    if not is_current(index, forecast.as_of) and not _failed_lately(index):
        _refresh_market(index)


def _failed_lately(instrument: Instrument) -> bool:
    at = failed_at(instrument)
    return at is not None and at > timezone.now() - LOOK_AGAIN_AFTER


def _refresh_market(index: Instrument) -> None:
    """Fetch it, or wait for the worker that does so now: one index serves the stocks of an exchange."""
    try:
        refresh_once(index, MARKET_PATIENCE_SECONDS)
    except ProviderError as error:
        logger.warning("%s: %s Forecasts use what is stored of it, if anything.", index.symbol, error.message)
    except SoftTimeLimitExceeded:
        raise
    except Exception:  # `refresh` writes in transactions of its own, so nothing half done is left
        logger.exception("%s could not be fetched. Forecasts use what is stored of it.", index.symbol)
