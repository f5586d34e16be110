"""The real client against a server on this machine: each answer of Yahoo's becomes bars, or words."""

import socket
from datetime import date, time

import pytest
from django.core.cache import cache

from forecasts.market_data import yahoo as provider
from forecasts.market_data.base import (
    SAMPLE_REMEDY,
    Action,
    ProviderError,
    RateLimited,
    UnknownSymbol,
    Unreachable,
)
from forecasts.market_data.yahoo import YahooProvider
from tests.yahoo_server import Bar, Listing, YahooServer, bars_of, point_client_at

DAYS = [date(2024, 6, day) for day in (3, 4, 5, 6, 7)]
CLOSES = [100.0, 101.0, 102.0, 103.0, 104.0]


@pytest.fixture
def acme(yahoo: YahooServer) -> Listing:
    yahoo.listings["ACME"] = listing = Listing(bars_of(DAYS, CLOSES))
    return listing


def test_prices_come_with_what_the_instrument_is(acme: Listing) -> None:
    history = YahooProvider().fetch("ACME")

    assert [day.date() for day in history.bars.index] == DAYS
    assert list(history.bars.columns) == ["open", "high", "low", "close", "adj_close", "volume"]
    assert list(history.bars["close"]) == CLOSES
    assert history.bars.index.tz is None
    assert history.about == {
        "name": "ACME Incorporated",
        "currency": "USD",
        "exchange": "NMS",
        "timezone": "America/New_York",
        "kind": "equity",
    }


def test_a_start_limits_what_comes_back_and_there_is_never_an_end_in_the_past(
    yahoo: YahooServer, acme: Listing
) -> None:
    acme.dividends = {DAYS[0]: 1.0, DAYS[3]: 0.5}

    history = YahooProvider().fetch("ACME", DAYS[2])
    acme.bars[-1] = bars_of([DAYS[4]], [99.0])[0]
    again = YahooProvider().fetch("ACME", DAYS[2])

    assert [day.date() for day in history.bars.index] == DAYS[2:]
    assert history.actions == [Action(DAYS[3], "dividend", 0.5)]
    assert again.bars["close"].iloc[-1] == 99.0
    assert len(yahoo.asked) == 2


def test_dividends_are_told_as_paid_and_prices_only_adjusted_for_splits(acme: Listing) -> None:
    """As after Netflix's 10:1: Yahoo has divided all that lies before the split, dividends too."""
    acme.bars = bars_of(DAYS, CLOSES, adjusted=[99.0, 100.0, 102.0, 103.0, 104.0])
    acme.dividends = {DAYS[2]: 0.2, DAYS[4]: 0.3}
    acme.splits = {DAYS[3]: (10, 1)}

    history = YahooProvider().fetch("ACME")

    assert history.actions == [
        Action(DAYS[3], "split", 10.0),
        Action(DAYS[2], "dividend", 2.0),
        Action(DAYS[4], "dividend", 0.3),
    ]
    assert list(history.bars["close"]) == CLOSES
    assert list(history.bars["adj_close"]) == [99.0, 100.0, 102.0, 103.0, 104.0]


def test_a_reverse_split_has_a_ratio_below_one(acme: Listing) -> None:
    acme.splits = {DAYS[1]: (1, 8)}

    assert YahooProvider().fetch("ACME").actions == [Action(DAYS[1], "split", 0.125)]


def test_days_are_the_exchanges_own_in_tokyo(yahoo: YahooServer) -> None:
    yahoo.listings["7203.T"] = Listing(
        bars_of(DAYS, CLOSES), currency="JPY", exchange="JPX", zone="Asia/Tokyo", opens=time(9)
    )

    history = YahooProvider().fetch("7203.T", DAYS[1])

    assert [day.date() for day in history.bars.index] == DAYS[1:]
    assert (history.about["currency"], history.about["exchange"]) == ("JPY", "JPX")


def test_a_cryptocurrency_trades_at_weekends(yahoo: YahooServer) -> None:
    days = [date(2024, 6, day) for day in (7, 8, 9)]
    yahoo.listings["BTC-USD"] = Listing(
        bars_of(days, CLOSES[:3]), exchange="CCC", zone="UTC", kind="CRYPTOCURRENCY", opens=time(0)
    )

    history = YahooProvider().fetch("BTC-USD")

    assert [day.date() for day in history.bars.index] == days
    assert history.about["kind"] == "crypto"


def test_a_session_without_prices_yet_is_left_out(acme: Listing) -> None:
    acme.bars[-1] = Bar(DAYS[4], None, None, None, None, None, None)

    history = YahooProvider().fetch("ACME")

    assert [day.date() for day in history.bars.index] == DAYS[:4]


def test_a_refused_crumb_does_not_matter(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.trouble = "crumb refused"

    assert len(YahooProvider().fetch("ACME").bars) == 5


@pytest.mark.parametrize(
    ("trouble", "kind", "message"),
    [
        ("too many requests", RateLimited, "Yahoo received too many requests and asks for a pause."),
        ("server error", ProviderError, "Yahoo gave an answer that cannot be read (JSONDecodeError)."),
        (
            "server error in words",
            ProviderError,
            "Yahoo sent no prices for ACME. It says: Upstream broke.",
        ),
        ("web page", ProviderError, "Yahoo gave an answer that cannot be read (JSONDecodeError)."),
        ("maintenance", ProviderError, "Yahoo gave an answer that cannot be read (YFDataException)."),
        ("empty chart", ProviderError, "Yahoo sent no prices for ACME."),
        ("silence", Unreachable, "Yahoo cannot be reached from here."),
    ],
)
def test_trouble_is_put_into_words(
    yahoo: YahooServer, acme: Listing, trouble: str, kind: type[ProviderError], message: str
) -> None:
    yahoo.trouble = trouble

    with pytest.raises(ProviderError) as caught:
        YahooProvider().fetch("ACME")

    assert (type(caught.value), caught.value.message) == (kind, message)
    assert SAMPLE_REMEDY in caught.value.remedy
    assert not caught.value.permanent


@pytest.mark.parametrize("trouble", ["server error", "web page", "silence"])
def test_trouble_is_forgotten_once_it_is_over(yahoo: YahooServer, acme: Listing, trouble: str) -> None:
    yahoo.trouble = trouble
    with pytest.raises(ProviderError):
        YahooProvider().fetch("ACME")

    yahoo.trouble = None

    assert len(YahooProvider().fetch("ACME").bars) == 5


def test_an_unknown_symbol_comes_with_yahoos_reason(yahoo: YahooServer) -> None:
    with pytest.raises(UnknownSymbol) as caught:
        YahooProvider().fetch("NOSUCH")

    assert caught.value.message == (
        "Yahoo has no prices for NOSUCH. It says: No data found, symbol may be delisted."
    )
    assert caught.value.remedy == f"Check the symbol. {SAMPLE_REMEDY}"
    assert caught.value.permanent


def test_a_listing_whose_bars_are_all_empty_is_no_history(acme: Listing) -> None:
    acme.bars = [Bar(day, None, None, None, None, None) for day in DAYS]

    with pytest.raises(ProviderError, match="sent no prices for ACME"):
        YahooProvider().fetch("ACME")


def test_after_a_429_nobody_asks_until_the_pause_is_over(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.trouble = "too many requests"
    with pytest.raises(RateLimited):
        YahooProvider().fetch("ACME")
    yahoo.trouble, before = None, yahoo.requests

    with pytest.raises(RateLimited):
        YahooProvider().fetch("ACME")

    assert yahoo.requests == before
    cache.delete(provider.PAUSED)
    assert len(YahooProvider().fetch("ACME").bars) == 5


@pytest.mark.usefixtures("_impatient")
def test_without_a_network_the_sample_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        point_client_at(monkeypatch, f"http://127.0.0.1:{unused.getsockname()[1]}")

        with pytest.raises(Unreachable) as caught:
            YahooProvider().fetch("ACME")

    assert caught.value.message == "Yahoo cannot be reached from here."
    assert caught.value.remedy == f"Check the network, or try again later. {SAMPLE_REMEDY}"


@pytest.mark.usefixtures("_impatient")
def test_a_name_that_does_not_resolve_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    point_client_at(monkeypatch, "http://yahoo.invalid")

    with pytest.raises(Unreachable):
        YahooProvider().fetch("ACME")
