"""The page that tells how good an instrument's prices are."""

from datetime import date

import pytest
from django.test import Client

from forecasts.models import CorporateAction, Instrument, MissingSession, Restatement
from tests.factories import InstrumentFactory, bars

PAGE = "/instruments/ACME/prices/"


@pytest.fixture
def acme(db: None) -> Instrument:
    acme = InstrumentFactory(yahoo=True, symbol="ACME", currency="EUR")
    bars(acme, 5, last=date(2024, 7, 5))
    return acme


def test_gaps_repairs_restatements_and_actions_are_shown(signed_in: Client, acme: Instrument) -> None:
    MissingSession.objects.create(instrument=acme, date=date(2024, 6, 4))
    acme.bars.filter(date=date(2024, 7, 5)).update(state="provisional")
    acme.bars.filter(date=date(2024, 7, 2)).update(state="repaired")
    CorporateAction.objects.create(instrument=acme, date=date(2024, 7, 1), kind="split", value=10)
    CorporateAction.objects.create(instrument=acme, date=date(2024, 6, 3), kind="dividend", value=0.25)
    Restatement.objects.create(
        instrument=acme,
        revision=2,
        reason="split",
        first_session=date(2020, 1, 2),
        last_session=date(2024, 6, 28),
        sessions=1130,
        price_factor=0.1,
        adjusted_factor=0.1,
    )

    content = signed_in.get(PAGE).content.decode()

    for words in (
        "Friday 5 July 2024, provisional",
        "4 Jun 2024",
        "2 Jul 2024",
        "10 new for 1 old share",
        "0.25 EUR a share",
        "1,130, 2 Jan 2020 to 28 Jun 2024",
    ):
        assert words in content


def test_a_history_without_flaws_reads_so(signed_in: Client, acme: Instrument) -> None:
    content = signed_in.get(PAGE).content.decode()

    assert "None that the calendar knows of." in content
    assert "The stored history has never been restated." in content


def test_the_instruments_page_sums_it_up(signed_in: Client, acme: Instrument) -> None:
    MissingSession.objects.create(instrument=acme, date=date(2024, 6, 4))
    acme.bars.filter(date=date(2024, 7, 2)).update(state="repaired")

    content = signed_in.get("/instruments/ACME/").content.decode()

    assert "<strong>1 session missing</strong>" in content
    assert "1 repaired" in content
    assert f'href="{PAGE}"' in content


def test_a_stranger_signs_in_first_and_an_unknown_symbol_is_404(
    client: Client, signed_in: Client, acme: Instrument
) -> None:
    upload = InstrumentFactory(upload=True)

    assert Client().get(PAGE)["Location"].startswith("/accounts/login/")
    assert signed_in.get("/instruments/NOSUCH/prices/").status_code == 404
    assert signed_in.get(f"/instruments/{upload.symbol}/prices/").status_code == 404
