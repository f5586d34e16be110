from datetime import date

import pytest

from forecasts.ingest import store
from forecasts.market_data.sample import SampleProvider
from forecasts.models import Instrument
from tests.factories import InstrumentFactory


@pytest.fixture(autouse=True)
def _silent_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heart's thread has a connection of its own, which can't see a test's transaction."""
    monkeypatch.setattr("forecasts.heartbeat.LOOK_SECONDS", 3600)


def live(symbol: str, like: str, kind: str) -> Instrument:
    """Store an instrument of the live source with the history of a sample."""
    instrument = InstrumentFactory(yahoo=True, symbol=symbol)
    history = SampleProvider().fetch(like, date(2004, 8, 19))
    history.about.update(kind=kind, exchange="NMS")
    store(instrument, history)
    return instrument


@pytest.fixture
def stock(db: None) -> Instrument:
    """A stock of New York from the live source, 2004-08-19 to 2013-03-01."""
    return live("GOOG", "SAMPLE:GOOG", "equity")


@pytest.fixture
def index(db: None) -> Instrument:
    """What stands for the index of New York, of the same sessions."""
    return live("^GSPC", "SAMPLE:IBM", "index")
