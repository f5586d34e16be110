"""`ledger/`."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import User
from forecasts import ledger, pipeline
from forecasts.models import Forecast, ForecastRequest, Instrument
from tests.factories import ForecastFactory, ForecastRequestFactory, InstrumentFactory, bars
from tests.forecasts.api.conftest import client_for

LIST = "/api/v1/ledger/"
SATURDAY = datetime(2013, 3, 2, 12, tzinfo=UTC)


def issue(**fields: object) -> Forecast:
    with time_machine.travel(SATURDAY, tick=False):
        made: Forecast = ForecastFactory(succeeded=True, **{"horizon": 5, "volatility": 0.02, **fields})
        ledger.enter_issued(made)
    return made


@pytest.fixture
def acme(db: None) -> Instrument:
    made: Instrument = InstrumentFactory(yahoo=True, symbol="ACME")
    bars(made, 30)
    return made


def numbers(api: APIClient, query: str = "") -> list[int]:
    return [row["number"] for row in api.get(LIST + query).json()["results"]]


def test_ledger_list_holds_entries_the_newest_first(api: APIClient, user: User, acme: Instrument) -> None:
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast=issue(instrument=acme))
    ForecastFactory(instrument=acme, failed=True)
    ledger.enter_endings()

    failed, issued = api.get(LIST).json()["results"]

    assert (failed["number"], failed["kind"], failed["previous_hash"]) == (2, "failed", issued["hash"])
    assert issued | {"hash": "", "content_hash": ""} == {
        "number": 1,
        "kind": "issued",
        "entered_at": "2013-03-02T12:00:00Z",
        "symbol": "ACME",
        "method": "house",
        "horizon": 5,
        "as_of": "2013-03-01",
        "forecast": str(wish.pk),
        "erases": None,
        "is_erased": False,
        "is_private": False,
        "content_hash": "",
        "previous_hash": "0" * 64,
        "hash": "",
    }


def test_ledger_list_is_found_by_kind_and_symbol(api: APIClient, acme: Instrument) -> None:
    issue(instrument=acme)
    issue()
    ForecastFactory(instrument=acme, failed=True)
    ledger.enter_endings()

    assert (numbers(api, "?symbol=acme"), numbers(api, "?kind=issued")) == ([3, 1], [2, 1])
    assert numbers(api, "?symbol=acme&kind=issued&limit=5") == [1]


def test_an_unknown_kind_is_refused(api: APIClient) -> None:
    response = api.get(f"{LIST}?kind=lost")

    (error,) = response.json()["errors"]
    assert (response.status_code, error["attr"]) == (400, "kind")
    assert error["detail"].startswith("There is no such kind. Choose one of issued,")


def test_an_entrys_content_can_be_hashed_again(api: APIClient, acme: Instrument) -> None:
    issue(instrument=acme)

    entry = api.get(f"{LIST}1/").json()

    assert hashlib.sha256(entry["content"].encode()).hexdigest() == entry["content_hash"]
    assert entry["scores"] == []


def test_an_entry_brings_its_scores(api: APIClient, acme: Instrument) -> None:
    issue(instrument=acme)
    bars(acme, last=datetime(2013, 3, 4, tzinfo=UTC).date(), closes=[101.0])
    pipeline.score_due()

    model, naive = api.get(f"{LIST}1/").json()["scores"]

    assert (model["series"], naive["series"], model["step"], model["date"]) == (
        "model",
        "random-walk",
        1,
        "2013-03-04",
    )
    assert model["inside_80"] is True
    assert len(model["chances"]) == 3
    assert model["superseded_at"] is None


def test_another_persons_upload_is_not_there(
    api: APIClient, other_api: APIClient, nobody: APIClient, user: User
) -> None:
    issue(instrument=InstrumentFactory(upload=True, owner=user))

    assert (numbers(api), numbers(other_api)) == ([1], [])
    assert [who.get(f"{LIST}1/").status_code for who in (api, other_api, nobody)] == [200, 404, 401]
    assert nobody.get(LIST).status_code == 401


def test_what_was_erased_has_its_hashes_and_nothing_else(other_api: APIClient, user: User) -> None:
    upload: Instrument = InstrumentFactory(upload=True, owner=user)
    issue(instrument=upload)
    upload.delete()

    entry = other_api.get(f"{LIST}1/").json()

    assert (entry["is_erased"], entry["content"], entry["scores"], entry["symbol"]) == (True, "", [], None)
    assert other_api.get(f"{LIST}2/").json()["erases"] == 1


@pytest.mark.parametrize("number", [0, 7, 2**70])
def test_an_entry_that_there_is_not_is_not_found(number: int, api: APIClient) -> None:
    assert api.get(f"{LIST}{number}/").status_code == 404


def test_the_ledger_is_read_only_and_needs_the_scope_to_read(api: APIClient, user: User) -> None:
    assert [api.post(LIST).status_code, api.delete(f"{LIST}1/").status_code] == [405, 405]
    assert client_for(user, "account").get(LIST).status_code == 403


def test_ledger_list_takes_the_same_queries_at_one_row_and_at_three(
    count_queries: Callable[[str], int], acme: Instrument
) -> None:
    issue()
    at_one = count_queries(LIST)
    issue()
    issue()

    assert count_queries(LIST) == at_one
