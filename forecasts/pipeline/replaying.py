"""A replay: what a method would have said on each of the last sessions, in one pass of the engine.

It is chosen and fitted as evidence is: by a model that knows none of the origins. Nothing of it is entered
in the ledger, scored or counted.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from forecasts import calendars
from forecasts.errors import ForecastFailed
from forecasts.heartbeat import Pulse
from forecasts.models import Forecast, ForecastPoint, Replay, ReplayPoint
from forecasts.models.replays import LEASE
from forecasts.pipeline.fitting import Block, Hooks, refit, replay_block
from forecasts.pipeline.prices import Prices, prices_of
from ml_engine.baselines import RandomWalkEWMA
from ml_engine.errors import EngineError, TrainingStopped, UnadjustedSplitWarning

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from ml_engine.forecaster import Forecaster, LSTMForecaster

logger = logging.getLogger(__name__)


def replay(replay_id: UUID | str) -> None:
    """Make a replay that is queued and store it; what broke is tried again, three times in all."""
    claimed = Replay.objects.claim(replay_id)
    if claimed is None:
        return
    try:
        with warnings.catch_warnings(), _pulse(claimed) as pulse:
            warnings.simplefilter("ignore", UnadjustedSplitWarning)
            _store(claimed, *_work(claimed, pulse.should_stop))
    except TrainingStopped:
        logger.info("Replay %s is not wanted here any more.", claimed.pk)
    except ForecastFailed as failure:
        Replay.objects.fail(claimed, failure.as_json())
    except EngineError as error:
        told = ForecastFailed(error.code, error.message, error.remedy)
        Replay.objects.fail(claimed, told.as_json())
    except Exception as fault:  # a fault of ours or of a service, or a worker out of time; it may pass
        logger.exception("Replay %s broke.", claimed.pk)
        _try_again(claimed, "timeout" if isinstance(fault, SoftTimeLimitExceeded) else "internal")


def _pulse(claimed: Replay) -> Pulse:
    """Keep the claim however long a fit takes: beside more urgent work it may take many minutes."""
    rows = Replay.objects
    held, seconds = rows.held(claimed).exists, LEASE.total_seconds()
    return Pulse(f"replay-{claimed.pk}", seconds, held, lambda: rows.renew(claimed))


def _try_again(claimed: Replay, code: str) -> None:
    said = {
        "code": code,
        "message": "It took too long." if code == "timeout" else "Something went wrong here.",
        "remedy": "Ask again; if it happens again, tell whoever runs this site.",
    }
    last_try = claimed.attempt >= settings.FORECAST_ATTEMPTS
    (Replay.objects.fail if last_try else Replay.objects.give_back)(claimed, said)


def _work(claimed: Replay, should_stop: Callable[[], bool]) -> tuple[dict[str, Any], list[ReplayPoint]]:
    """Return what is to be stored, the row's fields and its points; raises TrainingStopped."""
    question = Forecast(instrument=claimed.instrument, as_of=claimed.as_of, method=claimed.method)
    prices = prices_of(question)
    block = replay_block(question, prices, Replay.SETTINGS["origins"])
    if not len(block.origins):
        raise _too_short(claimed, prices)
    hooks = Hooks(should_stop=should_stop)
    model = block.house if claimed.method == Forecast.Method.HOUSE else refit(question, block, hooks)
    everyone: dict[str, Forecaster] = {ForecastPoint.MODEL: model, ForecastPoint.NAIVE: RandomWalkEWMA()}
    points = [point for name, one in everyone.items() for point in _points(claimed, block, name, one)]
    return _about(block, model), points


def _too_short(claimed: Replay, prices: Prices) -> ForecastFailed:
    needed = Replay.SESSIONS_NEEDED[Forecast.Method(claimed.method)]
    bars = len(prices.known.settled.bars)
    return ForecastFailed(
        "too_short",
        f"A replay by the {claimed.method} method needs {needed} sessions, and some that its model has not "
        f"seen; {claimed.instrument} has {bars} up to {claimed.as_of}.",
        "Choose the house method, or ask when there are more.",
    )


def _about(block: Block, model: LSTMForecaster) -> dict[str, Any]:
    said = {name: getattr(model.card, name) for name in ("name", "version", "sha256", "fine_tuning")}
    return {
        "model": said | {"trained_until": model.card.trained_until.isoformat()},
        "in_sample": block.in_sample,
        "first_origin": block.origins[0].date(),
        "last_origin": block.origins[-1].date(),
        "origins": len(block.origins),
    }


def _points(claimed: Replay, block: Block, series: str, forecaster: Forecaster) -> Iterator[ReplayPoint]:
    """All origins in one call."""
    bars = block.known.bars
    said = forecaster.predict(bars, block.origins, max(Replay.STEPS), block.known.market.closes)
    quantiles = said.log_returns  # (origin, step, level)
    sessions = _sessions(claimed, bars)
    rows: NDArray[np.intp] = bars.index.get_indexer(block.origins)
    for place, row in enumerate(rows.tolist()):
        for step in Replay.STEPS:
            yield ReplayPoint(
                replay=claimed,
                series=series,
                step=step,
                origin=sessions[row],
                date=sessions[row + step],
                quantiles=quantiles[place, step - 1].tolist(),
            )


def _sessions(claimed: Replay, bars: pd.DataFrame) -> list[date]:
    """The sessions there were, by the bars, and those to come, by the calendar."""
    past = [day.date() for day in bars.index]
    return [*past, *calendars.sessions_after(claimed.instrument.calendar, past[-1], max(Replay.STEPS))]


def _store(claimed: Replay, about: dict[str, Any], points: list[ReplayPoint]) -> bool:
    """Write points and status together, or nothing if another worker has taken over."""
    with transaction.atomic():
        if not Replay.objects.held(claimed).select_for_update().exists():
            return False
        ReplayPoint.objects.bulk_create(points, batch_size=1000)
        done = {"status": Replay.Status.SUCCEEDED, "lease_until": None, "finished_at": timezone.now()}
        Replay.objects.held(claimed).update(**about, **done)
    return True
