"""Whoever stores a forecast and whoever deletes what it is of take their locks in the same order."""

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections, transaction

from accounts.models import User
from forecasts import ledger, results, services
from forecasts.models import Forecast, Instrument, LedgerEntry
from tests.factories import (
    EvaluationFactory,
    ForecastFactory,
    ForecastRequestFactory,
    InstrumentFactory,
    UserFactory,
    add_points,
)

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_for_a_waiter() -> None:
    """Go on once somebody waits for one of our locks."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits.")


def at_once(first: Callable[[threading.Event], None], second: Callable[[], object]) -> list[Exception]:
    """Begin the second once the first has its locks; return what went wrong in either."""
    holds, faults = threading.Event(), []

    def work() -> None:
        try:
            first(holds)
        except Exception as fault:  # deadlocks, for one
            faults.append(fault)
        finally:
            holds.set()
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    holds.wait(20)
    try:
        second()
    except Exception as fault:
        faults.append(fault)
    thread.join()
    return faults


@pytest.fixture
def owner() -> User:
    made: User = UserFactory()
    return made


def upload(owner: User, symbol: str) -> Instrument:
    made: Instrument = InstrumentFactory(upload=True, owner=owner, symbol=symbol)
    ledger.enter_issued(ForecastFactory(instrument=made, succeeded=True, horizon=1))
    return made


def test_an_account_with_several_uploads_goes_while_a_forecast_is_entered(owner: User) -> None:
    upload(owner, "UPLOAD:ONE")
    wish = ForecastRequestFactory(
        owner=owner, forecast__instrument=upload(owner, "UPLOAD:TWO"), forecast__succeeded=True
    )

    def enter(holds: threading.Event) -> None:
        with transaction.atomic():
            Forecast.objects.select_for_update(of=("self",)).get(pk=wish.forecast_id)
            holds.set()
            wait_for_a_waiter()
            ledger.enter_issued(wish.forecast)

    assert at_once(enter, owner.delete) == []

    kinds = list(LedgerEntry.objects.values_list("kind", "is_private"))
    assert kinds == [("issued", True)] * 3 + [("erasure", False)] * 3
    assert ledger.verify() is None


def test_an_upload_goes_while_a_forecast_of_it_is_stored(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = upload(owner, "UPLOAD:ONE")
    forecast: Forecast = ForecastFactory(instrument=mine, running=True)
    add_points(forecast, "model")

    def store(holds: threading.Event) -> None:
        def saved(_: Any) -> Any:
            holds.set()
            wait_for_a_waiter()
            return EvaluationFactory(instrument=mine, method=forecast.method)

        monkeypatch.setattr(results, "_saved", saved)
        monkeypatch.setattr(results, "_provenance", lambda _: {"data_as_of": forecast.as_of})
        monkeypatch.setattr(results, "_judgement", lambda *_: {})
        monkeypatch.setattr(results, "_points", lambda *_: [])
        results.store(forecast, SimpleNamespace(evaluation=None))  # type: ignore[arg-type]  # all it reads

    assert at_once(store, lambda: services.delete_upload(owner=owner, symbol="UPLOAD:ONE")) == []

    assert not Forecast.objects.filter(instrument=mine.pk).exists()
    assert [entry.is_erased for entry in LedgerEntry.objects.all()] == [True, True, False, False]
    assert ledger.verify() is None
