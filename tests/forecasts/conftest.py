import warnings
from collections.abc import Iterator

import pytest

from forecasts.calendars import NEW_YORK
from forecasts.ingest import refresh, store
from forecasts.market_data import yahoo as yahoo_provider
from forecasts.market_data.sample import SampleProvider
from forecasts.models import Instrument
from tests import yahoo_server
from tests.forecasts.acme import listing, register
from tests.yahoo_server import YahooServer


def load_sample(symbol: str) -> Instrument:
    """Store one stock of the sample market, as `manage.py load_sample` does."""
    instrument = Instrument.objects.create(symbol=symbol, source=Instrument.Source.SAMPLE, calendar=NEW_YORK)
    store(instrument, SampleProvider().fetch(symbol))
    return instrument


@pytest.fixture
def goog(db: None) -> Instrument:
    """2148 sessions, 2004-08-19 to 2013-03-01."""
    return load_sample("SAMPLE:GOOG")


@pytest.fixture
def fb(db: None) -> Instrument:
    """196 sessions: too few for every method."""
    return load_sample("SAMPLE:FB")


@pytest.fixture(autouse=True)
def _no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep messages out of the broker, where nobody would take them."""
    monkeypatch.setattr("forecasts.bell.app.send_task", lambda *_args, **_options: None)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up at once: the client waits 1 s and 2 s before it asks a broken network again."""
    with warnings.catch_warnings():  # yfinance changes the filters when it is imported
        client = yahoo_provider._client()
    monkeypatch.setattr(yahoo_provider, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setitem(client.config.options["network"], "retries", 0)


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch, _impatient: None) -> Iterator[YahooServer]:
    """A market of no listings yet, which the real client takes for Yahoo."""
    with yahoo_server.running() as server:
        yahoo_server.point_client_at(monkeypatch, server.url)
        yield server


@pytest.fixture
def acme(db: None, yahoo: YahooServer) -> Instrument:
    """Fifty sessions of ACME, fetched."""
    yahoo.listings["ACME"] = listing()
    instrument = register()
    refresh(instrument)
    return instrument
