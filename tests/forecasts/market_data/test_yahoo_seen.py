"""Each row of what Yahoo does wrong, as somebody sees it who opens the page of a stock that has a history."""

from html import unescape

import pytest
from django.test import Client

from forecasts.ingest import refresh
from forecasts.market_data.base import ProviderError
from forecasts.models import Instrument
from tests.forecasts.acme import closes
from tests.yahoo_server import YahooServer

ROWS = [
    ("too many requests", "Yahoo Finance received too many requests and asks for a pause."),
    ("bad request", "Yahoo has no prices for ACME. It says: Data doesn't exist for"),
    ("server error", "Yahoo failed to answer (HTTP 500)."),
    ("server error in words", "Yahoo sent no prices for ACME. It says: Upstream broke."),
    ("web page", "Yahoo gave an answer that cannot be read (JSONDecodeError)."),
    ("half an answer", "Yahoo gave an answer that cannot be read (JSONDecodeError)."),
    ("silence", "Yahoo cannot be reached from here."),
    ("maintenance", "Yahoo is closed for maintenance."),
    ("empty chart", "Yahoo sent no prices for ACME."),
]


@pytest.mark.parametrize(("trouble", "message"), ROWS)
def test_a_failure_is_told_and_the_stored_history_stays(
    signed_in: Client, acme: Instrument, yahoo: YahooServer, trouble: str, message: str
) -> None:
    before = closes(acme)
    yahoo.trouble = trouble
    with pytest.raises(ProviderError):
        refresh(acme)

    page = unescape(signed_in.get("/instruments/ACME/").content.decode())

    assert message in page
    assert closes(acme) == before
    assert f"{before[max(before)]:.2f}" in page


def test_an_unknown_symbol_is_told_with_yahoos_reason(
    signed_in: Client, acme: Instrument, yahoo: YahooServer
) -> None:
    yahoo.listings.clear()
    with pytest.raises(ProviderError):
        refresh(acme)

    page = unescape(signed_in.get("/instruments/ACME/").content.decode())

    assert "Yahoo has no prices for ACME. It says: No data found, symbol may be delisted." in page


def test_a_new_symbol_is_told(signed_in: Client, acme: Instrument, yahoo: YahooServer) -> None:
    yahoo.listings["ACME"].symbol = "NEWCO"
    with pytest.raises(ProviderError):
        refresh(acme)

    page = unescape(signed_in.get("/instruments/ACME/").content.decode())

    assert "Yahoo lists ACME as NEWCO now." in page
