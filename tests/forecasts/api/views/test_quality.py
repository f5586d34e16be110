"""`instruments/{symbol}/quality/` and `…/actions/`."""

from datetime import date

import pytest
from rest_framework.test import APIClient

from forecasts.models import CorporateAction, Instrument, MissingSession, Restatement
from tests.factories import InstrumentFactory, bars

ACME = "/api/v1/instruments/ACME/"


@pytest.fixture
def acme(db: None) -> Instrument:
    acme = InstrumentFactory(yahoo=True, symbol="ACME")
    bars(acme, 5, last=date(2024, 7, 5))
    return acme


def test_quality_lists_what_is_missing_repaired_and_restated(api: APIClient, acme: Instrument) -> None:
    MissingSession.objects.create(instrument=acme, date=date(2024, 6, 4))
    acme.bars.filter(date=date(2024, 7, 2)).update(state="repaired")
    Restatement.objects.create(
        instrument=acme,
        revision=2,
        reason="dividend",
        first_session=date(2020, 1, 2),
        last_session=date(2024, 6, 28),
        sessions=1130,
        adjusted_factor=0.99,
    )

    body = api.get(f"{ACME}quality/").json()

    noticed_at = body["restatements"][0].pop("noticed_at")
    assert noticed_at.startswith("20")
    assert body == {
        "bars": 5,
        "last_session": "2024-07-05",
        "last_state": "final",
        "missing_sessions": ["2024-06-04"],
        "repaired_sessions": ["2024-07-02"],
        "restatements": [
            {
                "revision": 2,
                "reason": "dividend",
                "first_session": "2020-01-02",
                "last_session": "2024-06-28",
                "sessions": 1130,
                "price_factor": 1.0,
                "adjusted_factor": 0.99,
            }
        ],
    }


def test_actions_come_newest_first_a_page_at_a_time(api: APIClient, acme: Instrument) -> None:
    CorporateAction.objects.create(instrument=acme, date=date(2024, 6, 3), kind="dividend", value=0.25)
    CorporateAction.objects.create(instrument=acme, date=date(2024, 7, 1), kind="split", value=10)

    body = api.get(f"{ACME}actions/?limit=1").json()

    assert body["count"] == 2
    assert body["results"] == [{"date": "2024-07-01", "kind": "split", "value": 10.0}]


def test_an_instrument_says_why_it_has_no_newer_prices(api: APIClient, acme: Instrument) -> None:
    error = {"code": "rate_limited", "message": "Yahoo asks for a pause.", "remedy": "Try again later."}
    Instrument.objects.update(fetch_error=error | {"at": "2024-07-05T20:00:00+00:00", "missing_on": []})

    assert api.get(ACME).json()["error"] == error


@pytest.mark.parametrize("path", ["quality/", "actions/"])
def test_what_belongs_to_somebody_else_is_404(api: APIClient, db: None, path: str) -> None:
    upload = InstrumentFactory(upload=True)

    assert api.get(f"/api/v1/instruments/{upload.symbol}/{path}").status_code == 404
