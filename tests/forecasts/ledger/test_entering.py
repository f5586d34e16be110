"""What is entered, when, and which steps count."""

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
import time_machine
from django.db import connection, connections, transaction
from django.utils import timezone

from forecasts import ledger, results, services, sweeper
from forecasts.ledger import entering
from forecasts.models import Forecast, ForecastPoint, ForecastRequest, Instrument, LedgerEntry
from tests.factories import (
    ForecastFactory,
    ForecastRequestFactory,
    InstrumentFactory,
    add_points,
    normal_quantiles,
)


def entered(forecast: Forecast) -> LedgerEntry:
    entry = Forecast.objects.select_related("entry").get(pk=forecast.pk).entry
    assert entry is not None
    return entry


@pytest.mark.django_db
def test_an_issued_forecast_is_entered_with_its_numbers() -> None:
    forecast: Forecast = ForecastFactory(succeeded=True, horizon=3)

    entry = ledger.enter_issued(forecast)

    told = ledger.parsed(entry)
    numbers = np.array([normal_quantiles(step) for step in (1, 2, 3)], "<f8").tobytes()
    assert (entry.number, entry.kind, entry.previous_hash) == (1, "issued", "0" * 64)
    assert told["series"]["model"] == hashlib.sha256(numbers).hexdigest()
    assert told["days"] == ["2013-03-04", "2013-03-05", "2013-03-06"]
    assert (told["symbol"], told["method"], told["as_of"]) == (
        forecast.instrument.symbol,
        "house",
        "2013-03-01",
    )
    assert (told["v"], len(told["salt"])) == (1, 32)
    assert entry.content == json.dumps(told, sort_keys=True, separators=(",", ":"))
    assert entry.content_hash == hashlib.sha256(entry.content.encode()).hexdigest()


@pytest.mark.django_db
def test_the_same_content_never_has_the_same_hash() -> None:
    one, other = (ledger.append("failed", {"forecast": 1}) for _ in range(2))

    assert one.content_hash != other.content_hash


@pytest.mark.django_db
def test_an_entry_is_hashed_with_the_one_before() -> None:
    first, second = (ledger.append("failed", {"forecast": number}) for number in (1, 2))

    moment = second.entered_at.astimezone(UTC).isoformat(timespec="microseconds")
    text = (
        f'{{"content_hash":"{second.content_hash}","entered_at":"{moment}","is_private":false,'
        f'"kind":"failed","number":2,'
        f'"previous_hash":"{first.hash}","v":1}}'
    )
    assert second.hash == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("calendar", "moment", "first"),
    [
        ("XNYS", datetime(2013, 3, 2, 12, tzinfo=UTC), 1),  # a Saturday
        ("XNYS", datetime(2013, 3, 4, 14, 29, tzinfo=UTC), 1),  # a minute before it opens
        ("XNYS", datetime(2013, 3, 4, 14, 30, tzinfo=UTC), 2),
        ("XNYS", datetime(2013, 3, 6, 20, tzinfo=UTC), None),
        ("24/7", datetime(2013, 3, 2, 0, 59, tzinfo=UTC), 1),  # crypto is given an hour
        ("24/7", datetime(2013, 3, 2, 1, 0, tzinfo=UTC), 2),
        ("weekdays", datetime(2013, 3, 4, 0, 30, tzinfo=UTC), 1),
        ("weekdays", datetime(2013, 3, 4, 9, 0, tzinfo=UTC), 2),
    ],
)
def test_a_step_counts_while_its_session_has_not_opened(
    calendar: str, moment: datetime, first: int | None
) -> None:
    instrument = InstrumentFactory(yahoo=True, calendar=calendar)
    forecast: Forecast = ForecastFactory(instrument=instrument, succeeded=True, horizon=3)

    with time_machine.travel(moment, tick=False):
        entry = ledger.enter_issued(forecast)

    forecast.refresh_from_db()
    days = dict(forecast.points.filter(series="model").values_list("step", "date"))
    assert entry.entered_at == moment
    assert (forecast.first_counted_step, forecast.score_from) == (first, days[first] if first else None)
    assert ledger.parsed(entry)["first_counted_step"] == first
    assert ledger.verify() is None


@pytest.mark.django_db
def test_storing_a_forecast_enters_it(monkeypatch: pytest.MonkeyPatch) -> None:
    forecast: Forecast = ForecastFactory(running=True)
    finish = {"status": "succeeded", "progress": 1.0, "finished_at": timezone.now()}
    monkeypatch.setattr(results, "_saved", lambda _: None)
    monkeypatch.setattr(results, "_provenance", lambda _: {"data_as_of": forecast.as_of})
    monkeypatch.setattr(results, "_judgement", lambda *_: {})
    monkeypatch.setattr(results, "_points", lambda *_: [])
    add_points(forecast, ForecastPoint.MODEL)

    assert results.store(forecast, SimpleNamespace(evaluation=None))  # type: ignore[arg-type]  # all it reads

    assert entered(forecast).kind == "issued"
    assert Forecast.objects.get().status == finish["status"]
    assert ledger.verify() is None


@pytest.mark.django_db
def test_a_forecast_whose_claim_was_lost_is_not_entered() -> None:
    forecast: Forecast = ForecastFactory(running=True)
    Forecast.objects.update(fence=7)

    assert not results.store(forecast, SimpleNamespace())  # type: ignore[arg-type]  # all it reads

    assert not LedgerEntry.objects.exists()


@pytest.mark.django_db
def test_failed_withdrawn_and_older_forecasts_are_entered_by_the_sweeper() -> None:
    failed, withdrawn = ForecastFactory(failed=True), ForecastFactory(cancelled=True)
    older: Forecast = ForecastFactory(succeeded=True)
    ForecastFactory(running=True)
    ForecastRequestFactory()

    sweeper.sweep()
    sweeper.sweep()

    kinds = {forecast.pk: entered(forecast).kind for forecast in (failed, withdrawn, older)}
    assert kinds == {failed.pk: "failed", withdrawn.pk: "withdrawn", older.pk: "pre-ledger"}
    assert ledger.parsed(entered(failed))["error"]["code"] == "no_network"
    assert ledger.parsed(entered(withdrawn))["stage"] == "waiting"
    # The one that ran on was wanted by nobody, and so was withdrawn by the sweeper itself.
    assert LedgerEntry.objects.count() == 4
    older.refresh_from_db()
    assert (older.first_counted_step, older.score_from) == (None, None)
    assert ledger.verify() is None


@pytest.mark.django_db
def test_endings_are_entered_in_parts_and_a_limited_number_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entering, "BATCH", 2)
    monkeypatch.setattr(entering, "MOST_AT_ONCE", 4)
    ForecastFactory.create_batch(5, instrument=InstrumentFactory(), failed=True)

    assert [ledger.enter_endings() for _ in range(3)] == [4, 1, 0]
    assert ledger.verify() is None


@pytest.mark.django_db
def test_deleting_a_forecast_removes_the_request_and_nothing_else() -> None:
    wish: ForecastRequest = ForecastRequestFactory(forecast__succeeded=True)
    entry = ledger.enter_issued(wish.forecast)

    services.delete_forecast(request=wish)

    assert not ForecastRequest.objects.exists()
    assert entered(wish.forecast) == entry
    assert ledger.verify() is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE forecasts_ledgerentry SET kind = 'withdrawn'",
        "UPDATE forecasts_ledgerentry SET content = '{}'",
        "UPDATE forecasts_ledgerentry SET content = ''",
        "UPDATE forecasts_ledgerentry SET content = '', is_private = true",
        "DELETE FROM forecasts_ledgerentry",
        "UPDATE forecasts_forecastpoint SET date = date + 1",
    ],
)
def test_the_database_refuses_to_change_what_was_said(statement: str) -> None:
    ledger.enter_issued(ForecastFactory(succeeded=True))

    with (
        pytest.raises(Exception, match=r"append-only|never change"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert ledger.verify() is None


def issue(instrument: Instrument) -> None:
    with transaction.atomic():
        ledger.enter_issued(ForecastFactory(instrument=instrument, succeeded=True, horizon=2))


@pytest.mark.django_db(transaction=True)
def test_appending_at_the_same_moment_leaves_the_chain_whole() -> None:
    instrument: Instrument = InstrumentFactory()
    ForecastFactory.create_batch(12, instrument=instrument, failed=True)
    acts: list[Callable[[], object]] = [lambda: issue(instrument)] * 6 + [ledger.enter_endings] * 2
    ready = threading.Barrier(len(acts))

    def work(act: Callable[[], object]) -> None:
        ready.wait()
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.enter_endings()  # what each of the two left to the other

    numbers = list(LedgerEntry.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 19))
    assert not Forecast.objects.filter(entry=None).exists()
    assert ledger.verify() is None


@pytest.mark.django_db
def test_an_entry_is_as_old_as_its_place_in_the_chain() -> None:
    made = [ForecastFactory(succeeded=True, horizon=1) for _ in range(2)]
    with time_machine.travel(datetime(2026, 1, 5, tzinfo=UTC), tick=False) as clock:
        ledger.enter_issued(made[0])
        clock.shift(timedelta(hours=1))
        ledger.enter_issued(made[1])

    moments = list(LedgerEntry.objects.values_list("entered_at", flat=True))
    assert moments == [datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 5, 1, tzinfo=UTC)]
    assert date(2026, 1, 5) == moments[0].date()
