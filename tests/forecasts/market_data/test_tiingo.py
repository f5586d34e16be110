"""What Tiingo's answers become, asked for at a server on this machine."""

from datetime import date

import pandas as pd
import pytest

from forecasts.market_data.base import Action, Match, Renamed
from forecasts.market_data.tiingo import SOURCE, TiingoProvider
from tests.tiingo_server import Listing, TiingoServer

DAYS = [date(2024, 6, day) for day in (3, 4, 5, 6, 7, 10)]
CLOSES = [100.0, 102.0, 104.0, 103.0, 106.0, 105.0]
ACME = "TIINGO:ACME"


@pytest.fixture
def acme(tiingo: TiingoServer) -> Listing:
    tiingo.listings["ACME"] = listing = Listing(DAYS, CLOSES)
    return listing


@pytest.fixture
def eventful(tiingo: TiingoServer) -> Listing:
    """ACME with a dividend of 2, then a 10:1 split, then a dividend of 0.3."""
    closes = [100.0, 102.0, 104.0, 10.3, 10.6, 10.5]
    tiingo.listings["ACME"] = listing = Listing(
        DAYS, closes, dividends={DAYS[1]: 2.0, DAYS[4]: 0.3}, splits={DAYS[3]: 10.0}
    )
    return listing


def test_prices_come_with_what_the_instrument_is(acme: Listing) -> None:
    history = TiingoProvider().fetch(ACME)

    assert [day.date() for day in history.bars.index] == DAYS
    assert history.bars.index.name == "date"
    assert history.bars.index.tz is None
    assert list(history.bars.columns) == ["open", "high", "low", "close", "volume", "adj_close"]
    assert list(history.bars["close"]) == list(history.bars["adj_close"]) == CLOSES
    assert history.actions == []
    assert history.about == {
        "name": "Acme Corp",
        "currency": "USD",
        "exchange": "NASDAQ",
        "timezone": "America/New_York",
        "kind": "equity",
        "calendar": "XNYS",
    }


def test_a_whole_history_takes_two_requests_and_a_part_of_it_one(tiingo: TiingoServer, acme: Listing) -> None:
    TiingoProvider().fetch(ACME)
    part = TiingoProvider().fetch(ACME, DAYS[4])

    daily = {"format": "json", "resampleFreq": "daily"}
    assert tiingo.asked == [
        ("/tiingo/daily/ACME", {}),
        ("/tiingo/daily/ACME/prices", {"startDate": "1960-01-01", **daily}),
        ("/tiingo/daily/ACME/prices", {"startDate": "2024-06-07", **daily}),
    ]
    assert [day.date() for day in part.bars.index] == DAYS[4:]
    assert part.about == {}


def test_prices_are_adjusted_for_splits_and_adj_close_for_dividends_too(eventful: Listing) -> None:
    bars = TiingoProvider().fetch(ACME).bars

    assert list(bars["close"]) == pytest.approx([10.0, 10.2, 10.4, 10.3, 10.6, 10.5])
    assert list(bars["high"]) == pytest.approx([close * 1.01 for close in bars["close"]])
    assert list(bars["volume"]) == [10_000, 10_000, 10_000, 1000, 1000, 1000]
    later = 1 - 0.3 / 10.3
    both = later * (1 - 2 / 100)
    assert list(bars["adj_close"]) == pytest.approx(
        [10.0 * both, 10.2 * later, 10.4 * later, 10.3 * later, 10.6, 10.5]
    )


def test_dividends_are_told_as_paid(eventful: Listing) -> None:
    assert TiingoProvider().fetch(ACME).actions == [
        Action(DAYS[3], "split", 10.0),
        Action(DAYS[1], "dividend", 2.0),
        Action(DAYS[4], "dividend", 0.3),
    ]


def test_a_reverse_split_and_a_dividend_may_fall_on_one_day(acme: Listing) -> None:
    acme.closes = [1.0, 1.1, 8.0, 8.8, 8.4, 8.2]
    acme.splits, acme.dividends = {DAYS[2]: 0.125}, {DAYS[2]: 0.4}

    history = TiingoProvider().fetch(ACME)

    assert history.actions == [Action(DAYS[2], "split", 0.125), Action(DAYS[2], "dividend", 0.4)]
    assert list(history.bars["close"]) == pytest.approx([8.0, 8.8, 8.0, 8.8, 8.4, 8.2])
    assert history.bars["adj_close"].iloc[1] == pytest.approx(8.8 - 0.4)


@pytest.mark.parametrize("position", range(len(DAYS)))
def test_a_part_of_a_history_is_the_end_of_the_whole(eventful: Listing, position: int) -> None:
    whole = TiingoProvider().fetch(ACME)

    part = TiingoProvider().fetch(ACME, DAYS[position])

    pd.testing.assert_frame_equal(part.bars, whole.bars.iloc[position:], check_exact=True)
    assert part.actions == [action for action in whole.actions if action.date >= DAYS[position]]


def test_a_day_without_prices_is_left_out(acme: Listing) -> None:
    acme.nulls = {DAYS[2], DAYS[5]}

    history = TiingoProvider().fetch(ACME)

    assert [day.date() for day in history.bars.index] == [DAYS[0], DAYS[1], DAYS[3], DAYS[4]]


@pytest.mark.parametrize(
    ("exchange", "name", "expected"),
    [
        ("NYSE ARCA", "SPDR S&P 500 ETF Trust", ("etf", "XNYS", "USD", "America/New_York")),
        ("NMFQS", "Quiet Growth Admiral", ("etf", "XNYS", "USD", "America/New_York")),
        ("SHG", "Kweichow Moutai", ("equity", "XSHG", "CNY", "Asia/Shanghai")),
        ("Elsewhere", "Fundamental Things", ("equity", "weekdays", None, None)),
    ],
)
def test_exchange_and_name_say_the_rest(
    acme: Listing, exchange: str, name: str, expected: tuple[str | None, ...]
) -> None:
    acme.exchange, acme.name = exchange, name

    about = TiingoProvider().fetch(ACME).about

    assert tuple(about.get(field) for field in ("kind", "calendar", "currency", "timezone")) == expected


def test_a_ticker_that_tiingo_writes_otherwise_is_named(tiingo: TiingoServer) -> None:
    tiingo.listings["BRK.B"] = Listing(DAYS, CLOSES, listed_as="BRK-B")

    with pytest.raises(Renamed) as caught:
        TiingoProvider().fetch("TIINGO:BRK.B")

    assert caught.value.message == "Tiingo lists BRK.B as BRK-B."
    assert caught.value.remedy.startswith("Ask for TIINGO:BRK-B instead.")
    assert caught.value.new_symbol == "TIINGO:BRK-B"


# Searching ----------------------------------------------------------------------------------------------


def test_a_search_finds_what_can_be_asked_for(tiingo: TiingoServer) -> None:
    tiingo.found = [
        {"ticker": "acme", "name": "Acme Corp", "assetType": "Stock", "isActive": True, "countryCode": "US"},
        {"ticker": "ACMX", "name": "Acme Fund", "assetType": "Mutual Fund", "isActive": True},
        {"ticker": "ACMF", "name": None, "assetType": "ETF"},
        {"ticker": "ACMEQ", "name": "Acme before its bankruptcy", "assetType": "Stock", "isActive": False},
        {"ticker": "acmeusd", "name": "AcmeCoin", "assetType": "Crypto", "isActive": True},
        {"ticker": "AC ME/", "name": "No ticker of any exchange", "assetType": "Stock", "isActive": True},
        {"ticker": "acme", "name": "Acme Corp", "assetType": "Stock", "isActive": True, "countryCode": "US"},
        {"name": "Nothing"},
        "nothing",
    ]

    found = TiingoProvider().search("acme & sons")

    assert found == [
        Match("TIINGO:ACME", "Acme Corp", "equity"),
        Match("TIINGO:ACMX", "Acme Fund", "etf"),
        Match("TIINGO:ACMF", "", "etf"),
    ]
    assert tiingo.asked == [("/tiingo/utilities/search", {"query": "acme & sons"})]


@pytest.mark.parametrize(
    ("symbol", "is_one"),
    [
        ("TIINGO:MSFT", True),
        ("TIINGO:BRK-B", True),
        ("TIINGO:600519", True),
        ("TIINGO:", False),
        ("TIINGO:^GSPC", False),
        ("TIINGO:A/B", False),
        ("TIINGO:TIINGO:A", False),
        ("MSFT", False),
    ],
)
def test_symbols_bear_the_prefix(symbol: str, is_one: bool) -> None:
    assert SOURCE.has(symbol) is is_one


def test_the_calendar_of_a_symbol_is_known_before_its_prices() -> None:
    assert (SOURCE.calendar("TIINGO:MSFT"), SOURCE.calendar("TIINGO:600519")) == ("XNYS", "XSHG")
