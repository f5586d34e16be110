"""A worker's two steps. `prepare` brings prices up to date; `compute` makes the forecast and stores it.

Both begin with a claim and end when the claim is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from forecasts import bell, ingest, results
from forecasts.errors import INTERRUPTED, ForecastFailed
from forecasts.heartbeat import Heartbeat
from forecasts.models import Forecast
from forecasts.pipeline.work import Stopped, work
from ml_engine.errors import EngineError, TrainingStopped

logger = logging.getLogger(__name__)


def prepare(forecast_id: int) -> None:
    """Bring the prices of instrument and market up to date, then hand over to the computing queue."""
    forecast = Forecast.objects.claim(forecast_id)
    if forecast is None:
        return
    with Heartbeat(forecast) as beat, _settled(forecast):
        beat.report(stage="fetching", progress=0.02)
        ingest.ensure_history(forecast)
        ingest.ensure_market(forecast)
        if Forecast.objects.hand_over(forecast):
            bell.ring(forecast.pk)


def compute(forecast_id: int) -> None:
    """Make the forecast and store it."""
    forecast = Forecast.objects.claim(forecast_id)
    if forecast is None:
        return
    with Heartbeat(forecast) as beat, _settled(forecast):
        results.store(forecast, work(forecast, beat))


def run_here(forecast_id: int) -> None:
    """Do all of a forecast's steps in this process, as far as no worker has claimed it."""
    if not Forecast.objects.get(pk=forecast_id).prices_ready:
        prepare(forecast_id)
    compute(forecast_id)


@contextmanager
def _settled(forecast: Forecast) -> Iterator[None]:
    """Turn whatever goes wrong into the row's next state: stopped, failed with a reason, or tried again."""
    try:
        yield
    except (Stopped, TrainingStopped):
        logger.info("Forecast %s is not wanted here any more.", forecast.pk)
    except ForecastFailed as failure:
        _end(forecast, failure)
    except EngineError as error:
        _end(forecast, ForecastFailed(error.code, error.message, error.remedy))
    except SoftTimeLimitExceeded:
        limit = settings.TASK_SOFT_LIMIT_SECONDS
        remedy = "Try the house method, or ask again when the site is less busy."
        _end(forecast, ForecastFailed("timeout", f"It took longer than {limit} seconds.", remedy))
    except KeyboardInterrupt:  # at a terminal: whoever is next goes on
        Forecast.objects.give_back(forecast, INTERRUPTED)
        raise
    except Exception:  # a fault of ours or of a service; it is logged, and may pass
        logger.exception("Forecast %s broke.", forecast.pk)
        remedy = "Ask again; if it happens again, tell whoever runs this site."
        _end(forecast, ForecastFailed("internal", "Something went wrong here.", remedy, permanent=False))


def _end(forecast: Forecast, failure: ForecastFailed) -> None:
    last_try = failure.permanent or forecast.attempt >= settings.FORECAST_ATTEMPTS
    settle = Forecast.objects.fail if last_try else Forecast.objects.give_back
    settle(forecast, failure.as_json())
