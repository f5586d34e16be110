"""A source is one file: the one in the documentation becomes part of the site by lying in its folder."""

import re
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts import calendars, ingest, market_data, services
from forecasts.errors import RequestRefused
from forecasts.market_data.base import ProviderError, Source, UnknownSymbol
from forecasts.market_data.lane import lane_of
from forecasts.models import Instrument
from tests.factories import token_for

GUIDE = site.BASE_DIR / "docs" / "adding-a-source.md"
PRICES = """date,open,high,low,close,volume
2024-07-01,10.0,10.4,9.9,10.2,1000
2024-07-02,10.2,10.5,10.1,10.4,1100
2024-07-03,10.4,10.6,10.0,10.1,900
"""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def house(tmp_path: Path, settings: Settings) -> Iterator[Source]:
    """The guide's source, installed as the guide says, and taken away again before anything else is."""
    [code] = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "house.py").write_text(code)
    settings.HOUSE_RATE = 1000.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(market_data, "__path__", [*market_data.__path__, str(tmp_path)])
        market_data.sources.cache_clear()
        yield market_data.sources()["house"]
        client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]  # a plain Redis client
        client.delete(*lane_of("house").keys)
    market_data.sources.cache_clear()
    del sys.modules["forecasts.market_data.house"], market_data.house  # type: ignore[attr-defined]  # as it was


@pytest.fixture
def files(house: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that a server on this machine shows to the guide's source, with prices of ACME."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "ACME.csv").write_text(PRICES)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("forecasts.market_data.house.ADDRESS", f"http://127.0.0.1:{server.server_port}")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def acme(db: None, files: Path) -> Instrument:
    instrument = services.find_or_register(user=None, symbol="house:acme")
    ingest.refresh(instrument)
    return instrument


def closes(instrument: Instrument) -> list[float]:
    return list(instrument.bars.order_by("date").values_list("close", flat=True))


def test_a_new_source_has_its_symbols_fetched_and_stored(acme: Instrument) -> None:
    assert (acme.symbol, acme.source, acme.calendar) == ("HOUSE:ACME", "house", "XNYS")
    assert closes(acme) == [10.2, 10.4, 10.1]
    assert set(acme.bars.values_list("source", "state")) == {("house", "final")}


def test_its_new_prices_are_added(acme: Instrument, files: Path) -> None:
    (files / "ACME.csv").write_text(f"{PRICES}2024-07-05,10.2,10.3,10.0,10.3,800\n")

    ingest.refresh(acme)

    assert closes(acme) == [10.2, 10.4, 10.1, 10.3]
    assert acme.data_revision == 1


def test_the_api_lists_it(acme: Instrument, client: Client, user: User) -> None:
    signed = {"Authorization": f"Token {token_for(user)}"}

    [found] = client.get("/api/v1/instruments/?q=house", headers=signed).json()["results"]
    bars = client.get("/api/v1/instruments/HOUSE:ACME/bars/", headers=signed).json()["results"]

    assert (found["symbol"], found["source"], found["currency"]) == ("HOUSE:ACME", "house", "USD")
    assert [bar["close"] for bar in bars] == [10.2, 10.4, 10.1]


@pytest.mark.parametrize("page", ["/instruments/", "/instruments/HOUSE:ACME/"])
def test_pages_call_it_by_its_name(acme: Instrument, signed_in: Client, page: str) -> None:
    assert "House prices" in signed_in.get(page).content.decode()


def test_its_troubles_are_told_in_its_own_words(db: None, files: Path) -> None:
    unknown = services.find_or_register(user=None, symbol="HOUSE:NOSUCH")
    (files / "BROKEN.csv").write_text("<html></html>")
    broken = services.find_or_register(user=None, symbol="HOUSE:BROKEN")

    with pytest.raises(UnknownSymbol, match="Our server has no prices for HOUSE:NOSUCH"):
        ingest.refresh(unknown)
    with pytest.raises(ProviderError, match="The prices of HOUSE:BROKEN cannot be read"):
        ingest.refresh(broken)


def test_what_is_not_written_as_its_symbols_are_is_refused(db: None, house: Source) -> None:
    with pytest.raises(RequestRefused):
        services.find_or_register(user=None, symbol="HOUSE:A/B")


def test_without_a_setting_it_is_asked_once_a_second(house: Source, settings: Settings) -> None:
    del settings.HOUSE_RATE

    assert lane_of("house").rate == 1.0


# All sources --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", list(market_data.sources()))
def test_every_source_introduces_itself(key: str) -> None:
    source = market_data.sources()[key]

    assert market_data.source_of(source.example) == source
    assert calendars.is_known(source.calendar(source.example))
    assert len(key) <= 10


def test_no_two_sources_share_a_prefix() -> None:
    prefixes = [source.prefix for source in market_data.sources().values()]

    assert len(set(prefixes)) == len(prefixes)


def test_tiingo_is_named_by_its_own_file_alone() -> None:
    """The settings of its key and rate aside."""
    root = site.BASE_DIR
    code = [path for name in ("forecasts", "accounts") for path in (root / name).rglob("*.py")]
    pages = [*(root / "templates").rglob("*.html"), *(root / "static" / "js").rglob("*.js")]

    naming = {path.name for path in (*code, *pages) if "tiingo" in path.read_text().lower()}

    assert naming == {"tiingo.py"}
