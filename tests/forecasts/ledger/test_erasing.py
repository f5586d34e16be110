"""What becomes of the entries of an upload that is deleted."""

import pytest
from django.db import transaction
from django.db.models import ProtectedError

from accounts.models import User
from forecasts import ledger, services
from forecasts.models import Forecast, Instrument, LedgerEntry
from tests.factories import ForecastFactory, ForecastRequestFactory, InstrumentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(user: User) -> Instrument:
    """An upload of whose forecasts two are entered, between two of everyone's."""
    instrument: Instrument = InstrumentFactory(upload=True, owner=user, symbol="UPLOAD:MINE")
    ledger.enter_issued(ForecastFactory(succeeded=True, horizon=2))
    ledger.enter_issued(
        ForecastRequestFactory(
            owner=user, forecast=ForecastFactory(instrument=instrument, succeeded=True, horizon=2)
        ).forecast
    )
    ForecastFactory(instrument=instrument, failed=True)
    ledger.enter_endings()
    ledger.enter_issued(ForecastFactory(succeeded=True, horizon=2))
    return instrument


def rows() -> list[tuple[int, str, bool, int | None]]:
    return [(row.number, row.kind, row.is_erased, row.erases_id) for row in LedgerEntry.objects.all()]


ERASED = [
    (1, "issued", False, None),
    (2, "issued", True, None),
    (3, "failed", True, None),
    (4, "issued", False, None),
    (5, "erasure", False, 2),
    (6, "erasure", False, 3),
]


def test_deleting_an_upload_erases_its_entries_and_says_so(upload: Instrument, user: User) -> None:
    hashes = list(LedgerEntry.objects.values_list("hash", flat=True))

    services.delete_upload(owner=user, symbol="UPLOAD:MINE")

    assert rows() == ERASED
    assert list(LedgerEntry.objects.values_list("hash", flat=True))[:4] == hashes
    assert not Forecast.objects.filter(instrument=upload.pk).exists()
    assert ledger.verify() is None


def test_deleting_an_account_erases_its_uploads_entries(upload: Instrument, user: User) -> None:
    user.delete()

    assert rows() == ERASED
    assert ledger.verify() is None


def test_nothing_of_the_upload_can_be_read_any_more(upload: Instrument, user: User) -> None:
    upload.delete()

    assert not LedgerEntry.objects.filter(content__contains="MINE").exists()


def test_what_was_erased_is_linked_to_no_forecast(upload: Instrument) -> None:
    upload.delete()
    Forecast.objects.filter(entry=4).update(entry=2)

    assert str(ledger.verify()) == "Entry 2: a forecast belongs to it, and cannot."


def test_an_erasure_that_lost_its_entry_is_found(upload: Instrument) -> None:
    LedgerEntry.objects.filter(number=2).update(content="")

    assert str(ledger.verify()) == (
        "Entry 2: its content is gone, and no later entry says that it was erased."
    )


def test_a_deletion_that_breaks_off_erases_nothing(
    upload: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasts.ledger.erasing.append_all", lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        upload.delete()

    assert [row[2] for row in rows()] == [False] * 4
    assert ledger.verify() is None


def test_an_upload_without_entries_leaves_no_trace(user: User) -> None:
    ForecastFactory(instrument=InstrumentFactory(upload=True, owner=user))

    user.delete()

    assert rows() == []


def test_nothing_of_everyones_instruments_is_ever_forgotten() -> None:
    forecast: Forecast = ForecastFactory(succeeded=True)
    ledger.enter_issued(forecast)

    with pytest.raises(ProtectedError, match="The ledger tells of forecasts"), transaction.atomic():
        forecast.instrument.delete()

    assert ledger.verify() is None
