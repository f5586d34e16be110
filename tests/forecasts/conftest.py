import os
import warnings
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from forecasts.calendars import NEW_YORK
from forecasts.ingest import refresh, store
from forecasts.market_data.lane import lane_of
from forecasts.market_data.sample import SampleProvider
from forecasts.market_data.yahoo import client as yahoo_client
from forecasts.models import Instrument
from tests import yahoo_server
from tests.forecasts.acme import listing, register
from tests.forecasts.listed import Search
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


@pytest.fixture(autouse=True)
def _open_lanes(settings: Settings) -> Iterator[None]:
    """Every source may be asked at once and at will; tests that run in parallel share no lane."""
    settings.KEY_PREFIX += os.environ.get("PYTEST_XDIST_WORKER", "")
    settings.YAHOO_RATE = settings.TIINGO_RATE = 1000.0
    yield
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]  # a plain Redis client
    client.delete(*lane_of("yahoo").keys, *lane_of("tiingo").keys)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up at once: the client waits 1 s and 2 s before it asks a broken network again."""
    with warnings.catch_warnings():  # yfinance changes the filters when it is imported
        client = yahoo_client._configured(os.getpid())
    monkeypatch.setattr(yahoo_client, "TIMEOUT_SECONDS", 0.5)
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


@pytest.fixture
def search(db: None, monkeypatch: pytest.MonkeyPatch) -> Search:
    """Search Yahoo for symbols, without Yahoo and without a worker: call `symbols.search` in its place."""
    made = Search()
    provider = "forecasts.market_data.yahoo.YahooProvider.search"
    monkeypatch.setattr(provider, lambda _self, text: made.answer(text), raising=False)
    monkeypatch.setattr("forecasts.services.symbols.ring_for_symbols", made.ring)
    return made
