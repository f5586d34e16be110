"""A site whose broker, workers and clock are the test's own."""

from collections.abc import Iterator

import pytest
import time_machine
from pytest_django.fixtures import Settings

from forecasts import bell
from forecasts.services.forecasts import SETTINGS
from stockcast_site.celery import app
from tests.year.history import YEAR
from tests.year.site import Simulation, start
from tests.year.workers import Workers


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Workers:
    made = Workers()
    monkeypatch.setattr(app, "send_task", made.send_task)
    monkeypatch.setattr(bell, "messages_waiting", made.messages_waiting)
    # Backtests are tested elsewhere: here the ledger alone speaks.
    monkeypatch.setitem(SETTINGS, "evaluation_origins", 0)
    settings.SLOW_BASELINES = False
    settings.MAIL_CONFIGURED = True
    settings.SCHEDULED_FORECASTS_PER_MINUTE = 1000
    return made


@pytest.fixture
def simulation(transactional_db: None, workers: Workers) -> Iterator[Simulation]:
    with time_machine.travel(0, tick=False) as clock:
        yield start(workers, clock, YEAR[0])
