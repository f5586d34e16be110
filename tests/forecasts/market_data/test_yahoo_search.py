"""Looking for symbols through the real client: what is found, and in how many requests."""

import pytest

from forecasts.market_data.base import Match, ProviderError, RateLimited
from forecasts.market_data.lane import lane_of
from forecasts.market_data.yahoo import YahooProvider
from tests.yahoo_server import Listing, YahooServer

TROUBLES = [
    ("server error", "Yahoo failed to answer (HTTP 500)."),
    ("web page", "Yahoo gave an answer that cannot be read (JSONDecodeError)."),
    ("maintenance", "Yahoo is closed for maintenance."),
    ("silence", "Yahoo cannot be reached from here."),
]


@pytest.fixture
def market(yahoo: YahooServer) -> YahooServer:
    yahoo.listings = {
        "VOD.L": Listing([], name="Vodafone Group", exchange="LSE", exchange_name="London"),
        "VOD": Listing([], name="Vodafone Group ADR"),
        "VODA.DE": Listing([], name="Vodafone Fund", kind="MUTUALFUND", exchange_name="XETRA"),
        "^VODX": Listing([], name="Vodafone Index", kind="INDEX"),
        "VODUSD=X": Listing([], name="Vodafone/USD", kind="CURRENCY", exchange_name="CCY"),
        "VOD-USD": Listing([], name="Vodafone Coin", kind="CRYPTOCURRENCY", exchange_name="CCC"),
        "VOD=F": Listing([], name="Vodafone Future", kind="FUTURE", exchange_name="CME"),
        "VOD240621C00010000": Listing([], name="Vodafone Call", kind="OPTION"),
        "VOD WEIRD": Listing([], name="Vodafone Weird"),
        "MSFT": Listing([], name="Microsoft"),
    }
    return yahoo


def test_a_name_finds_symbols_of_every_kind_in_one_request(market: YahooServer) -> None:
    found = YahooProvider().search("vodafone")

    assert found == [
        Match("VOD.L", "Vodafone Group", "equity", "London"),
        Match("VOD", "Vodafone Group ADR", "equity", "NASDAQ"),
        Match("VODA.DE", "Vodafone Fund", "etf", "XETRA"),
        Match("^VODX", "Vodafone Index", "index", "NASDAQ"),
        Match("VODUSD=X", "Vodafone/USD", "fx", "CCY"),
        Match("VOD-USD", "Vodafone Coin", "crypto", "CCC"),
        Match("VOD=F", "Vodafone Future", "other", "CME"),
    ]
    assert market.seen == ["/v1/finance/search"]


def test_what_nobody_is_called_finds_nothing(market: YahooServer) -> None:
    assert YahooProvider().search("zzz") == []


@pytest.mark.parametrize(("trouble", "message"), TROUBLES)
def test_trouble_with_a_search_is_put_into_words_and_not_remembered(
    market: YahooServer, trouble: str, message: str
) -> None:
    market.trouble = trouble
    with pytest.raises(ProviderError) as caught:
        YahooProvider().search("microsoft")
    market.trouble = None

    again = YahooProvider().search("microsoft")

    assert caught.value.message == message
    assert [match.symbol for match in again] == ["MSFT"]


def test_a_refused_search_pauses_the_lane(market: YahooServer) -> None:
    market.refusals = 1

    with pytest.raises(RateLimited):
        YahooProvider().search("microsoft")

    assert lane_of("yahoo").status().reason == "refused"
