"""The real client against a server on this machine: what it says of prices, days and instruments."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from forecasts.market_data import yahoo as yahoo_module
from forecasts.market_data.base import Action, ProviderError, Renamed
from forecasts.market_data.yahoo import YahooProvider, client
from tests.yahoo_server import Bar, Listing, YahooServer, bars_of

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


@pytest.mark.parametrize(
    ("symbol", "listed", "expected"),
    [
        ("VOD.L", {"currency": "GBp", "exchange": "LSE", "zone": "Europe/London"}, ("GBp", "LSE", "equity")),
        ("SAP.DE", {"currency": "EUR", "exchange": "GER", "zone": "Europe/Berlin"}, ("EUR", "GER", "equity")),
        ("BRK-B", {"exchange": "NYQ"}, ("USD", "NYQ", "equity")),
        ("SPY", {"exchange": "PCX", "kind": "ETF"}, ("USD", "PCX", "etf")),
        ("^GSPC", {"exchange": "SNP", "kind": "INDEX"}, ("USD", "SNP", "index")),
        (
            "EURUSD=X",
            {"exchange": "CCY", "kind": "CURRENCY", "zone": "Europe/London", "opens": time(0)},
            ("USD", "CCY", "fx"),
        ),
        ("ES=F", {"exchange": "CME", "kind": "FUTURE", "opens": time(0)}, ("USD", "CME", "other")),
    ],
)
def test_every_kind_of_symbol_keeps_its_own_days_and_units(
    yahoo: YahooServer, symbol: str, listed: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    yahoo.listings[symbol] = Listing(bars_of(DAYS, CLOSES), **listed)

    history = YahooProvider().fetch(symbol, DAYS[1])

    about = history.about
    assert [day.date() for day in history.bars.index] == DAYS[1:]
    assert list(history.bars["close"]) == CLOSES[1:]
    assert (about["currency"], about["exchange"], about["kind"]) == expected


def test_where_nothing_counts_the_volume_it_is_zero(acme: Listing) -> None:
    acme.bars = [replace(bar, volume=None) for bar in acme.bars]

    assert list(YahooProvider().fetch("ACME").bars["volume"]) == [0.0] * 5


def test_a_session_without_prices_yet_is_left_out(acme: Listing) -> None:
    acme.bars[-1] = Bar(DAYS[4], None, None, None, None, None, None)

    history = YahooProvider().fetch("ACME")

    assert [day.date() for day in history.bars.index] == DAYS[:4]


def test_rows_without_prices_reach_the_cleaning_which_knows_what_is_missing(
    acme: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.bars[2] = Bar(DAYS[2], None, None, None, None, None, None)
    handed_over = []
    clean = yahoo_module.clean
    monkeypatch.setattr(
        yahoo_module, "clean", lambda symbol, bars: handed_over.append(bars) or clean(symbol, bars)
    )

    YahooProvider().fetch("ACME")

    (bars,) = handed_over
    assert [day.date() for day in bars.index] == DAYS
    assert [day.date() for day in bars.index[bars["close"].isna()]] == [DAYS[2]]


def test_a_session_that_yahoo_lacks_is_simply_not_there(acme: Listing) -> None:
    del acme.bars[2]

    history = YahooProvider().fetch("ACME")

    assert [day.date() for day in history.bars.index] == [*DAYS[:2], *DAYS[3:]]


def test_what_happened_on_a_session_that_yahoo_lacks_is_not_lost(acme: Listing) -> None:
    del acme.bars[2]
    acme.dividends = {DAYS[2]: 0.5}
    acme.splits = {DAYS[2]: (2, 1)}

    history = YahooProvider().fetch("ACME")

    assert sorted((action.kind, action.value) for action in history.actions) == [
        ("dividend", 0.5),
        ("split", 2.0),
    ]


def test_a_restated_history_is_told_as_it_is_now(acme: Listing) -> None:
    before = YahooProvider().fetch("ACME", DAYS[1]).bars["close"]
    acme.bars, acme.splits = bars_of(DAYS, [close / 10 for close in CLOSES]), {DAYS[4]: (10, 1)}

    after = YahooProvider().fetch("ACME", DAYS[1]).bars["close"]

    assert list(after) == [close / 10 for close in before]


def test_the_row_of_an_open_exchange_takes_the_place_of_its_day(acme: Listing) -> None:
    acme.live = Bar(DAYS[4], 104.0, 106.0, 103.0, 105.5, 105.5, 2_000_000)

    bars = YahooProvider().fetch("ACME").bars

    assert [day.date() for day in bars.index] == DAYS
    assert (bars["close"].iloc[-1], bars["volume"].iloc[-1]) == (105.5, 2_000_000)


def test_a_renamed_symbol_is_not_followed_silently(acme: Listing) -> None:
    acme.symbol = "NEWCO"

    with pytest.raises(Renamed) as caught:
        YahooProvider().fetch("ACME")

    assert (caught.value.message, caught.value.remedy, caught.value.new_symbol) == (
        "Yahoo lists ACME as NEWCO now.",
        "Add NEWCO to go on with it. The history of ACME up to now stays here.",
        "NEWCO",
    )


def test_what_begins_after_the_last_session_is_no_history(acme: Listing) -> None:
    with pytest.raises(ProviderError, match="sent no prices for ACME"):
        YahooProvider().fetch("ACME", date(2024, 7, 1))


def test_a_listing_whose_bars_are_all_empty_is_no_history(acme: Listing) -> None:
    acme.bars = [Bar(day, None, None, None, None, None) for day in DAYS]

    with pytest.raises(ProviderError, match="sent no prices for ACME"):
        YahooProvider().fetch("ACME")


def test_each_process_keeps_its_cookies_in_a_folder_of_its_own(yahoo: YahooServer) -> None:
    from yfinance.cache import _CookieDBManager

    client.client()
    own = _CookieDBManager.get_location()
    client._configured.__wrapped__(0)  # as a process would that was forked from this one
    another = _CookieDBManager.get_location()

    assert Path(own).name.startswith("stockcast-yahoo-")
    assert own != another
