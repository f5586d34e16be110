"""Training a house model on this site's own prices: one at a time, and never put in use untested."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from forecasts.errors import ForecastFailed
from forecasts.heartbeat import Pulse
from forecasts.models import TRAINING_LEASE, HouseModel
from forecasts.pipeline.training_data import training_panel
from ml_engine import house
from ml_engine.domain import KINDS, domain_of
from ml_engine.errors import EngineError, TrainingStopped, UnadjustedSplitWarning
from ml_engine.forecaster import LSTMForecaster
from ml_engine.training import Callbacks

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

# Trainings of one month's model that may break before it is left out.
MOST_BROKEN = 3


@dataclass(frozen=True)
class Training:
    """What to train on: stored bars up to `until`, with a panel file beside them or without; and where."""

    until: date
    panel: Path | None = None
    device: str = "cpu"


def last_month(today: date) -> date:
    """Return the last day of the month before."""
    return today.replace(day=1) - timedelta(days=1)


def retrain_monthly() -> None:
    """Train a challenger up to the end of last month, unless that was done or one is still to be judged.

    Nothing happens where the site has too little to learn from. It can be called at any time and any number
    of times: what is to be done is found from the rows.
    """
    until = last_month(timezone.now().date())
    if not settings.RETRAIN_MONTHLY or not _is_wanted(until):
        return
    try:
        logger.info("Retrained: %s", retrain(Training(until)))
    except ForecastFailed as failure:
        logger.info("No house model was trained: %s", failure)


def _is_wanted(until: date) -> bool:
    """A challenger that gathers proof is left in peace: a new one every month would prove nothing."""
    rows = HouseModel.objects.filter(trained_until__gte=until)
    if HouseModel.objects.challenger() or rows.exclude(sha256="").exists():
        return False
    return rows.filter(status=HouseModel.Status.REJECTED).count() < MOST_BROKEN


def retrain(training: Training, on_fraction: Callable[[float], None] | None = None) -> HouseModel:
    """Train, test and store a model; it is the challenger then, or rejected where it failed its self-test.

    Raises ForecastFailed where one is in training, where there is too little to learn from or what there is
    is wrong, and where this training was taken for dead.
    """
    if training.until >= timezone.now().date():
        raise ForecastFailed(
            "invalid", f"{training.until} is not over yet.", "Train up to a day that is over."
        )
    row = HouseModel.objects.begin(training.until)
    if row is None:
        raise ForecastFailed(
            "busy",
            "A house model is being trained already.",
            "Wait until it is done; where it was killed, its place is free again after ten minutes.",
        )
    rows = HouseModel.objects
    lease = TRAINING_LEASE.total_seconds()
    with (
        Pulse(f"training-{row.pk}", lease, rows.held(row).exists, lambda: rows.renew(row)) as pulse,
        _settled(row),
    ):
        _keep(row, _trained(training, pulse.should_stop, on_fraction))
    return rows.defer("weights").get(pk=row.pk)


def _trained(
    training: Training, should_stop: Callable[[], bool], on_fraction: Callable[[float], None] | None
) -> LSTMForecaster:
    panel = training_panel(training.until, training.panel)
    domain = domain_of(panel.histories.values(), KINDS, sorted(set(panel.exchanges.values())))
    callbacks = Callbacks(
        None if on_fraction is None else lambda progress: on_fraction(progress.fraction), should_stop
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnadjustedSplitWarning)  # a jump in stored prices is no news here
        return house.train_panel(
            panel.histories, training.until, domain, callbacks, training.device, panel.exchanges
        )


def _keep(row: HouseModel, trained: LSTMForecaster) -> None:
    """Make the model the challenger; one that failed its self-test is kept as a card alone."""
    card = trained.card
    about = {"sha256": card.sha256, "card": card.to_json()}
    if not card.self_test["passed"]:
        note = f"It failed its leak self-test, so it was not kept: {card.self_test['runs']}"
        HouseModel.objects.reject(row, note, **about)
    elif not HouseModel.objects.enter(row, **about, weights=trained.to_bytes()):
        raise TrainingStopped


@contextmanager
def _settled(row: HouseModel) -> Iterator[None]:
    """Whatever goes wrong, leave the place in training free, and say why."""
    try:
        yield
    except TrainingStopped as error:
        raise ForecastFailed("lost", "This training fell silent and lost its place.", "Try again.") from error
    except ForecastFailed:
        HouseModel.objects.held(row).delete()  # nothing was trained
        raise
    except EngineError as error:
        HouseModel.objects.held(row).delete()
        raise ForecastFailed(error.code, error.message, error.remedy) from error
    except SoftTimeLimitExceeded as error:
        HouseModel.objects.reject(row, "Its training took too long.")
        raise ForecastFailed("timeout", "Training took too long.", "Train from a terminal.") from error
    except BaseException as error:  # a fault of ours, or a person at a terminal: the next one may go on
        HouseModel.objects.reject(row, f"Its training was broken off: {type(error).__name__}.")
        raise
