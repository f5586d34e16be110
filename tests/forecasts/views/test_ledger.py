"""The ledger's pages: who sees which entries, and what they tell."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from forecasts import ledger, pipeline
from forecasts.models import Forecast, ForecastRequest, Instrument, LedgerEntry
from forecasts.views import ledger as pages
from tests.factories import ForecastFactory, ForecastRequestFactory, InstrumentFactory, bars

LIST = "/ledger/"
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


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def numbers(client: Client, url: str) -> list[int]:
    return [entry.number for entry in client.get(url).context["entries"]]


@pytest.mark.parametrize("address", [LIST, f"{LIST}1/"])
def test_a_stranger_is_asked_to_sign_in(address: str, client: Client, acme: Instrument) -> None:
    issue(instrument=acme)

    assert client.get(address).status_code == 302


def test_ledger_list_holds_what_was_issued_failed_and_withdrawn(signed_in: Client, acme: Instrument) -> None:
    issue(instrument=acme)
    ForecastFactory(instrument=acme, failed=True)
    ForecastFactory(instrument=acme, cancelled=True)
    ledger.enter_endings()

    page = text(signed_in, LIST)

    head = LedgerEntry.objects.get(number=3)
    assert numbers(signed_in, LIST) == [3, 2, 1]
    assert all(
        words in page for words in ("Issued", "Failed", "Withdrawn", "ACME", head.hash, head.hash[:12])
    )


def test_an_empty_ledger_says_so(signed_in: Client) -> None:
    assert "No forecast has ended yet." in text(signed_in, LIST)


def test_entries_are_found_by_kind_and_symbol(signed_in: Client, acme: Instrument) -> None:
    issue(instrument=acme)
    issue()
    ForecastFactory(instrument=acme, failed=True)
    ledger.enter_endings()

    assert numbers(signed_in, f"{LIST}?symbol=acme") == [3, 1]
    assert numbers(signed_in, f"{LIST}?symbol=acme&kind=issued") == [1]
    assert numbers(signed_in, f"{LIST}?kind=erasure") == []
    assert numbers(signed_in, f"{LIST}?kind=nonsense&symbol=%00") == [3, 2, 1]


def test_older_entries_follow_below_a_number(
    signed_in: Client, acme: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    for _ in range(5):
        ledger.append("failed", {})

    assert numbers(signed_in, LIST) == [5, 4]
    assert "before=4" in text(signed_in, LIST)
    assert numbers(signed_in, f"{LIST}?before=4") == [3, 2]
    assert numbers(signed_in, f"{LIST}?before=2") == [1]
    assert "before=" not in text(signed_in, f"{LIST}?before=2")
    assert numbers(signed_in, f"{LIST}?before=x") == [5, 4]
    assert numbers(signed_in, f"{LIST}?before={9**26}") == [5, 4]


def test_another_persons_upload_is_neither_listed_nor_shown(
    signed_in: Client, as_other: Client, user: User
) -> None:
    issue(instrument=InstrumentFactory(upload=True, owner=user, symbol="UPLOAD:MINE"))

    assert (numbers(signed_in, LIST), signed_in.get(f"{LIST}1/").status_code) == ([1], 200)
    assert (numbers(as_other, LIST), as_other.get(f"{LIST}1/").status_code) == ([], 404)
    assert "MINE" not in text(as_other, LIST)
    assert numbers(as_other, f"{LIST}?symbol=UPLOAD:MINE") == []


def test_an_entry_leads_to_ones_own_forecast_alone(
    signed_in: Client, as_other: Client, user: User, acme: Instrument
) -> None:
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast=issue(instrument=acme))

    for address in (LIST, f"{LIST}1/"):
        assert str(wish.pk) in text(signed_in, address)
        assert str(wish.pk) not in text(as_other, address)


def test_ledger_list_takes_the_same_queries_at_one_row_and_at_three(
    signed_in: Client, queries: Callable[[Client, str], int]
) -> None:
    issue()
    at_one = queries(signed_in, LIST)
    issue()
    issue()

    assert queries(signed_in, LIST) == at_one


def test_ledger_detail_shows_content_hashes_and_scores(signed_in: Client, acme: Instrument) -> None:
    issue(instrument=acme)
    bars(acme, last=datetime(2013, 3, 5, tzinfo=UTC).date(), closes=[101.0, 99.0])
    pipeline.score_due()

    page = text(signed_in, f"{LIST}1/")

    entry = LedgerEntry.objects.get()
    assert all(value in page for value in (entry.hash, entry.previous_hash, entry.content_hash))
    assert ledger.parsed(entry)["series"]["model"] in page
    assert "The 80 % band held at 2 of 2 scored sessions." in page
    assert "3 more are still to come." in page


def test_an_erased_entry_says_so_and_leads_to_its_erasure(
    signed_in: Client, as_other: Client, user: User
) -> None:
    upload: Instrument = InstrumentFactory(upload=True, owner=user, symbol="UPLOAD:MINE")
    issue(instrument=upload)
    upload.delete()

    for client in (signed_in, as_other):
        page = text(client, f"{LIST}1/")
        assert "Its content was erased" in page
        assert 'href="/ledger/2/"' in page
        assert "MINE" not in page
        assert 'href="/ledger/1/"' in text(client, f"{LIST}2/")


@pytest.mark.parametrize("number", [0, 2, 2**70])
def test_an_entry_that_there_is_not_is_not_found(number: int, signed_in: Client, acme: Instrument) -> None:
    issue(instrument=acme)

    assert signed_in.get(f"{LIST}{number}/").status_code == 404


def test_a_failed_entry_says_why(signed_in: Client, acme: Instrument) -> None:
    ForecastFactory(instrument=acme, failed=True)
    ledger.enter_endings()

    assert "Yahoo did not answer." in text(signed_in, f"{LIST}1/")
