from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from forecasts.market_data import tiingo as provider
from tests import tiingo_server
from tests.tiingo_server import TiingoServer


@pytest.fixture
def tiingo(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[TiingoServer]:
    """A market of no listings yet, which the provider takes for Tiingo, and a key to it."""
    settings.TIINGO_API_KEY = tiingo_server.KEY
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("forecasts.market_data.web.SILENCE_SECONDS", 0.5)
    with tiingo_server.running() as server:
        monkeypatch.setattr(provider, "API", server.url)
        yield server
