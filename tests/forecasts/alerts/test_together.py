"""Several workers that look at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from forecasts.alerts import raising
from forecasts.alerts.events import Found
from forecasts.models import Alert, Delivery
from tests.factories import UserFactory
from tests.forecasts.alerts.made import EVENING, close, counted, reachable, rule, stock


@pytest.mark.django_db(transaction=True)
def test_an_event_is_told_once_by_four_at_once(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """All four have found it before the first one writes."""
    settings.MAIL_CONFIGURED = True
    monkeypatch.setattr("django.utils.timezone.now", lambda: EVENING)
    owner = reachable(UserFactory())
    for symbol in ("ACME", "BOLT", "CORE"):
        instrument = stock(symbol)
        counted(instrument)
        close(instrument, 110.0)
        rule(owner, "outside_band", instrument, by_email=True)
    together, write = Barrier(4, timeout=30), raising._write

    def wait_and_write(alerts: dict[Alert, list[Found]]) -> int:
        together.wait()
        return write(alerts)

    monkeypatch.setattr(raising, "_write", wait_and_write)

    def run(_: int) -> int:
        try:
            return raising.raise_alerts()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        raised = list(workers.map(run, range(4)))

    assert sum(raised) == Alert.objects.count() == Delivery.objects.count() == 3
