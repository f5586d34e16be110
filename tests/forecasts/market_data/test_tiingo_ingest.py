"""What comes to be stored of Tiingo's answers."""

from datetime import date

import pytest

from forecasts import ingest, services
from forecasts.calendars import sessions_between
from forecasts.market_data.base import ProviderError, RateLimited
from forecasts.models import BAR_COLUMNS, Instrument
from tests.factories import ForecastFactory
from tests.tiingo_server import SILENCE, TROUBLES, Listing, TiingoServer

pytestmark = pytest.mark.django_db

SESSIONS = sessions_between("XNYS", date(2024, 2, 1), date(2024, 5, 24))[-60:]
OLD, NEW = SESSIONS[:50], SESSIONS[50:]
CLOSES = [100.0 + step for step in range(60)]


@pytest.fixture
def acme(tiingo: TiingoServer) -> Instrument:
    """Fifty sessions of TIINGO:ACME, fetched."""
    tiingo.listings["ACME"] = Listing(OLD, CLOSES[:50])
    instrument = services.find_or_register(user=None, symbol="tiingo:acme")
    ingest.refresh(instrument)
    tiingo.asked.clear()
    return instrument


def column(instrument: Instrument, name: str = "close") -> list[float]:
    return list(instrument.bars.order_by("date").values_list(name, flat=True))


def contents(instrument: Instrument) -> list[object]:
    """Return all that failures must leave alone."""
    rows = instrument.bars.order_by("date").values_list("date", *BAR_COLUMNS, "state", "source", "fetched_at")
    actions = instrument.actions.order_by("date").values_list("date", "kind", "value")
    fresh = Instrument.objects.get(pk=instrument.pk)
    return [fresh.data_revision, fresh.calendar, fresh.name, fresh.fetched_at, *rows, *actions]


def test_the_first_time_everything_is_stored(acme: Instrument) -> None:
    assert (acme.symbol, acme.source, acme.name, acme.kind) == (
        "TIINGO:ACME",
        "tiingo",
        "Acme Corp",
        "equity",
    )
    assert (acme.currency, acme.exchange, acme.timezone) == ("USD", "NASDAQ", "America/New_York")
    assert (acme.calendar, acme.data_revision, acme.fetch_error) == ("XNYS", 1, None)
    assert column(acme) == CLOSES[:50]
    assert set(acme.bars.values_list("source", "state")) == {("tiingo", "final")}


def test_new_sessions_cost_one_request_and_change_nothing_else(
    acme: Instrument, tiingo: TiingoServer
) -> None:
    tiingo.listings["ACME"] = Listing(SESSIONS, CLOSES)

    ingest.refresh(acme)

    assert column(acme) == CLOSES
    assert [query["startDate"] for _, query in tiingo.asked] == [OLD[-10].isoformat()]
    assert (acme.name, acme.calendar, acme.data_revision) == ("Acme Corp", "XNYS", 1)


def test_prices_that_tiingo_corrects_are_all_fetched_again(acme: Instrument, tiingo: TiingoServer) -> None:
    tiingo.listings["ACME"] = Listing(SESSIONS, [close * 1.01 for close in CLOSES])

    ingest.refresh(acme)

    assert column(acme) == [close * 1.01 for close in CLOSES]
    assert acme.data_revision == 2
    assert len(tiingo.asked) == 3


def test_a_new_dividend_restates_every_adjusted_price(acme: Instrument, tiingo: TiingoServer) -> None:
    tiingo.listings["ACME"] = Listing(SESSIONS, CLOSES, dividends={NEW[0]: 1.49})

    ingest.refresh(acme)

    assert column(acme) == CLOSES
    assert column(acme, "adj_close")[:50] == pytest.approx([close * 0.99 for close in CLOSES[:50]])
    assert list(acme.actions.values_list("date", "kind", "value")) == [(NEW[0], "dividend", 1.49)]
    assert acme.data_revision == 2


@pytest.mark.parametrize("factor", [10.0, 0.125])
def test_a_split_puts_all_prices_on_the_new_basis_once(
    acme: Instrument, tiingo: TiingoServer, factor: float
) -> None:
    traded = CLOSES[:50] + [close / factor for close in CLOSES[50:]]
    tiingo.listings["ACME"] = Listing(SESSIONS, traded, splits={NEW[0]: factor}, dividends={OLD[9]: 2.0})

    ingest.refresh(acme)
    ingest.refresh(acme)

    assert column(acme) == pytest.approx([close / factor for close in CLOSES])
    assert column(acme, "volume")[:50] == pytest.approx([1000 * factor] * 50)
    assert list(acme.actions.order_by("date").values_list("date", "kind", "value")) == [
        (OLD[9], "dividend", 2.0),
        (NEW[0], "split", factor),
    ]
    assert acme.data_revision == 2


@pytest.mark.parametrize("patience", [0, 1, 2])
@pytest.mark.parametrize("trouble", [*TROUBLES, SILENCE])
def test_stored_history_survives_whatever_goes_wrong_at_any_request(
    acme: Instrument, tiingo: TiingoServer, trouble: str, patience: int
) -> None:
    """A restated history takes three requests: for its end, for what it is, and for all of it."""
    before = contents(acme)
    tiingo.listings["ACME"] = Listing(SESSIONS, [close * 2 for close in CLOSES])
    tiingo.trouble, tiingo.patience = trouble, patience

    with pytest.raises(ProviderError) as caught:
        ingest.refresh(acme)

    acme.refresh_from_db()
    assert contents(acme) == before
    assert acme.fetch_error is not None
    assert acme.fetch_error["message"] == caught.value.message


def test_a_person_is_told_why_there_are_no_prices(tiingo: TiingoServer) -> None:
    instrument = services.find_or_register(user=None, symbol="TIINGO:NOSUCH")

    with pytest.raises(ProviderError):
        ingest.refresh(instrument)

    assert instrument.fetch_error is not None
    assert instrument.fetch_error["code"] == "unknown_symbol"
    assert instrument.fetch_error["message"] == "Tiingo does not know TIINGO:NOSUCH. It says: Not found."


def test_a_spent_allowance_spares_other_symbols_the_asking(acme: Instrument, tiingo: TiingoServer) -> None:
    tiingo.trouble = "too many requests"
    with pytest.raises(RateLimited):
        ingest.refresh(acme)
    other = services.find_or_register(user=None, symbol="TIINGO:OTHER")

    with pytest.raises(RateLimited, match="Tiingo received too many requests and asks for a pause"):
        ingest.refresh(other)

    assert len(tiingo.asked) == 1


def test_an_index_is_not_sought_at_a_source_that_has_none(
    acme: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasts.ingest.needs.refresh_once", lambda *_: None)

    ingest.ensure_market(ForecastFactory(instrument=acme, as_of=OLD[-1]))

    assert Instrument.objects.get(symbol="^GSPC").source == "yahoo"
