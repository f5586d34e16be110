import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.models import Instrument
from tests.factories import InstrumentFactory, bars


def test_symbols_are_found_in_any_case(user: User) -> None:
    stored = InstrumentFactory(symbol="SAMPLE:T")

    assert services.find_instrument(user=user, symbol=" sample:t ") == stored


def test_an_upload_is_found_by_its_owner_alone(user: User, other: User) -> None:
    mine = InstrumentFactory(upload=True, owner=user, symbol="UPLOAD:X")

    assert services.find_instrument(user=user, symbol="UPLOAD:X") == mine
    with pytest.raises(RequestRefused, match="no upload called UPLOAD:X"):
        services.find_instrument(user=other, symbol="UPLOAD:X")


def test_two_people_may_name_their_uploads_alike(user: User, other: User) -> None:
    InstrumentFactory(upload=True, owner=user, symbol="UPLOAD:X")
    theirs = InstrumentFactory(upload=True, owner=other, symbol="UPLOAD:X")

    assert services.find_instrument(user=other, symbol="UPLOAD:X") == theirs


def test_search_finds_by_symbol_and_name_what_has_prices(user: User, other: User) -> None:
    apple = InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.")
    bars(apple, count=2)
    InstrumentFactory(symbol="SAMPLE:EMPTY", name="Apple without prices")
    bars(InstrumentFactory(upload=True, owner=other, symbol="UPLOAD:APPLE"), count=2)

    assert list(services.search_instruments(user=user, text="apple")) == [apple]
    assert list(services.search_instruments(user=user, text="aapl")) == [apple]


@pytest.mark.parametrize(
    ("symbol", "calendar"),
    [
        ("MSFT", "XNYS"),
        ("7203.T", "XTKS"),
        ("BTC-USD", "24/7"),
        ("EURUSD=X", "weekdays"),
        ("^GSPC", "XNYS"),
        ("BRK-B", "XNYS"),
    ],
)
def test_a_new_yahoo_symbol_gets_its_calendar_by_its_shape(db: None, symbol: str, calendar: str) -> None:
    registered = services.find_or_register(user=None, symbol=symbol)

    assert (registered.source, registered.calendar) == ("yahoo", calendar)
    assert services.find_or_register(user=None, symbol=symbol) == registered


@pytest.mark.parametrize("symbol", ["A B", "<script>", "A" * 30, "..", "SAMPLE:", "a/b", "é"])
def test_rubbish_is_refused_and_not_kept(db: None, symbol: str) -> None:
    with pytest.raises(RequestRefused):
        services.find_or_register(user=None, symbol=symbol)

    assert Instrument.objects.count() == 0


def test_what_is_no_symbol_is_answered_with_how_each_source_writes_them(db: None, settings: Settings) -> None:
    settings.TIINGO_API_KEY = "secret"

    with pytest.raises(RequestRefused) as refused:
        services.find_or_register(user=None, symbol="a b")

    assert refused.value.message == (
        "'A B' is not a symbol. Use letters, digits, dots and dashes as its source writes them: "
        "TIINGO:MSFT (Tiingo), MSFT (Yahoo Finance), or a sample such as SAMPLE:AAPL."
    )


def test_a_source_that_is_not_set_up_is_refused_with_what_to_do(db: None, settings: Settings) -> None:
    settings.TIINGO_API_KEY = ""

    with pytest.raises(RequestRefused, match=r"would come from Tiingo, which is not set up here\. Whoever"):
        services.find_or_register(user=None, symbol="TIINGO:MSFT")

    assert Instrument.objects.count() == 0


def test_search_drops_what_cannot_be_printed(user: User) -> None:
    apple = InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.")
    bars(apple, count=2)

    assert list(services.search_instruments(user=user, text="ap\0ple\n")) == [apple]
