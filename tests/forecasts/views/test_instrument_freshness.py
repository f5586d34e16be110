"""An instrument's page fetches what is newer, shows what is stored meanwhile, and says how that went."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from forecasts import bell, refreshing
from forecasts.models import Instrument
from tests.factories import InstrumentFactory, bars, weekdays_until
from tests.yahoo_server import Listing, YahooServer, bars_of

WEDNESDAY, FRIDAY = date(2024, 7, 3), date(2024, 7, 5)
EVENING = datetime(2024, 7, 5, 22, tzinfo=UTC)
PAGE, POLL = "/instruments/ACME/", "/instruments/ACME/fresh/"
WAITING = "Fetching newer prices…"
Open = Callable[..., str]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []
    monkeypatch.setattr(
        "forecasts.bell.app.send_task", lambda step, args=(), **_: messages.append((step, *args))
    )
    return messages


@pytest.fixture
def acme(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> Instrument:
    """Thirty sessions up to the Wednesday, on the evening of the Friday."""
    set_clock(monkeypatch, EVENING)
    made: Instrument = InstrumentFactory(yahoo=True, symbol="ACME", fetched_at=None)
    bars(made, last=WEDNESDAY)
    return made


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)


@pytest.fixture
def open_page(signed_in: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Open:
    """Open an instrument's page, with what a commit brings before it is shown, and return what it says."""

    def get(address: str = PAGE) -> str:
        # A test commits nothing: what waits for the commit is done when the first answer is there.
        with django_capture_on_commit_callbacks(execute=True):
            signed_in.get(address)
        response = signed_in.get(address)
        assert response.status_code == 200
        return response.content.decode()

    return get


def test_opening_a_page_ten_times_asks_once_and_shows_what_is_stored(
    acme: Instrument, open_page: Open, sent: list[Any]
) -> None:
    pages = [open_page() for _ in range(5)]

    assert sent == [(bell.REFRESH, acme.pk)]
    for text in (WAITING, "1 session behind", "Close of Wednesday 3 July 2024", 'id="price-chart"'):
        assert all(text in page for page in pages)


def test_a_page_of_fresh_prices_asks_nothing(acme: Instrument, open_page: Open, sent: list[Any]) -> None:
    bars(acme, 1, last=FRIDAY, state="provisional")

    page = open_page()

    assert sent == []
    assert WAITING not in page
    assert "behind" not in page
    assert "Provisional" in page


def test_an_instrument_without_prices_is_fetched_likewise(
    acme: Instrument, open_page: Open, sent: list[Any]
) -> None:
    acme.bars.all().delete()

    page = open_page()

    assert sent == [(bell.REFRESH, acme.pk)]
    assert WAITING in page
    assert "price-chart" not in page


def test_samples_and_uploads_ask_nothing(open_page: Open, sent: list[Any]) -> None:
    bars(InstrumentFactory(symbol="SAMPLE:AAPL"))

    page = open_page("/instruments/SAMPLE:AAPL/")

    assert (sent, WAITING in page) == ([], False)


def test_with_a_broker_that_is_down_the_page_works_and_says_so(
    acme: Instrument, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(bell.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    set_clock(monkeypatch, EVENING)

    page = open_page()

    assert "no worker can be reached" in page
    assert "Close of Wednesday 3 July 2024" in page


# Waiting ------------------------------------------------------------------------------------------------


def test_a_page_that_waits_is_told_nothing_while_nothing_changes(
    signed_in: Client, acme: Instrument, open_page: Open
) -> None:
    assert f'{POLL}?every=2&amp;shown=2024-07-03" hx-trigger="every 2s"' in open_page()

    assert signed_in.get(POLL, {"every": "2", "shown": "2024-07-03"}).status_code == 204


def test_a_page_that_has_waited_long_asks_more_seldom(
    signed_in: Client, acme: Instrument, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page()
    set_clock(monkeypatch, EVENING + timedelta(seconds=31))

    content = signed_in.get(POLL, {"every": "2", "shown": "2024-07-03"}).content.decode()

    assert 'hx-trigger="every 5s"' in content
    assert "They have not come for a while" in content


def test_when_newer_prices_are_there_the_page_changes(
    signed_in: Client, acme: Instrument, open_page: Open
) -> None:
    open_page()
    bars(acme, 1, last=FRIDAY, closes=[110.0])
    bell.answered_for_prices(acme.pk)

    response = signed_in.get(POLL, {"every": "2", "shown": "2024-07-03"})

    content = response.content.decode()
    assert "prices-changed" in response.headers["HX-Trigger"]
    assert 'id="quote" hx-swap-oob="true"' in content
    assert "These are the newest prices: the close of Friday 5 July 2024." in content
    assert "110.00" in content
    assert "hx-trigger" not in content


def test_a_page_without_a_chart_reloads_when_there_are_prices(
    signed_in: Client, acme: Instrument, open_page: Open
) -> None:
    acme.bars.all().delete()
    open_page()
    bars(acme, last=FRIDAY)
    bell.answered_for_prices(acme.pk)

    assert signed_in.get(POLL, {"every": "2", "shown": ""}).headers["HX-Refresh"] == "true"


def test_somebody_signed_out_meanwhile_is_led_to_sign_in(client: Client, db: None) -> None:
    assert client.get(POLL).headers["HX-Refresh"] == "true"


def test_waiting_for_a_symbol_that_is_not_here_is_a_404(signed_in: Client) -> None:
    assert signed_in.get("/instruments/NOSUCH/fresh/").status_code == 404


# With the source ----------------------------------------------------------------------------------------


def test_what_a_worker_fetched_is_shown(
    signed_in: Client, acme: Instrument, open_page: Open, yahoo: YahooServer
) -> None:
    acme.bars.all().delete()
    yahoo.listings["ACME"] = Listing(bars_of(weekdays_until(FRIDAY, 30), [100.0 + n for n in range(30)]))
    open_page()

    refreshing.refresh(acme.pk)

    page = open_page()
    assert "Close of Friday 5 July 2024" in page
    assert WAITING not in page


def test_why_newer_prices_did_not_come_is_said_beside_what_is_stored(
    signed_in: Client, acme: Instrument, open_page: Open, yahoo: YahooServer
) -> None:
    open_page()
    yahoo.trouble = "too many requests"

    refreshing.refresh(acme.pk)

    content = signed_in.get(POLL, {"every": "2", "shown": "2024-07-03"}).content.decode()
    assert "too many requests" in content
    assert "What is stored up to Wednesday 3 July 2024 stays and is shown." in content
    assert "hx-trigger" not in content


def test_a_source_that_has_nothing_newer_is_said_to(
    signed_in: Client, acme: Instrument, open_page: Open, yahoo: YahooServer
) -> None:
    acme.bars.all().delete()
    yahoo.listings["ACME"] = Listing(bars_of(weekdays_until(WEDNESDAY, 30), [100.0] * 30))
    open_page()

    refreshing.refresh(acme.pk)

    assert "Yahoo Finance had no prices of Friday 5 July 2024 yet" in open_page()
