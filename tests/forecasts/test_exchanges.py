import pytest
from exchange_calendars import get_calendar_names

from forecasts import calendars, exchanges, markets
from forecasts.exchanges import EXCHANGES


def test_every_calendar_is_one_that_calendars_know() -> None:
    named = {exchange.calendar for exchange in EXCHANGES}

    assert named - {*get_calendar_names(include_aliases=False)} == {"weekdays", "sun-thu"}


@pytest.mark.parametrize("part", ["codes", "suffixes", "indices"])
def test_nothing_stands_for_two_exchanges(part: str) -> None:
    told = [value for exchange in EXCHANGES for value in getattr(exchange, part)]

    assert len(told) == len(set(told))


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_an_exchange_is_known_by_its_code_suffix_and_index(exchange: exchanges.Exchange) -> None:
    by_code = [calendars.calendar_for("TST", code) for code in exchange.codes]
    by_suffix = [calendars.calendar_for(f"TST.{suffix}") for suffix in exchange.suffixes]
    by_index = [calendars.calendar_for(index) for index in exchange.indices]

    assert {*by_code, *by_suffix, *by_index} == {exchange.calendar}
    assert {exchanges.exchange_name(code) for code in exchange.codes} == {exchange.name}


def test_the_client_knows_no_suffix_that_is_not_known_here() -> None:
    from yfinance.const import _MIC_TO_YAHOO_SUFFIX

    unknown = {*_MIC_TO_YAHOO_SUFFIX.values()} - {*exchanges.BY_SUFFIX}

    # Dubai has left its week, and Caracas and Cboe Europe have none that exchange_calendars knows.
    assert unknown == {"", "AE", "CR", "XD"}


def test_the_client_knows_no_exchange_that_is_not_known_here() -> None:
    from yfinance.const import EQUITY_SCREENER_EQ_MAP

    codes = {code for of_country in EQUITY_SCREENER_EQ_MAP["exchange"].values() for code in of_country}

    assert codes - {*exchanges.BY_CODE} == {"CCS", "CSE", "DFM", "DXE", "MDD"}


@pytest.mark.parametrize(
    ("symbol", "exchange", "calendar"),
    [
        ("AAPL", "NMS", "XNYS"),
        ("AAPL", "", "XNYS"),
        ("BRK-B", "", "XNYS"),
        ("BAC-PL", "", "XNYS"),
        ("^GSPC", "SNP", "XNYS"),
        ("^GSPC", "", "XNYS"),
        ("^N225", "", "XTKS"),
        ("7203.T", "", "XTKS"),
        ("7203.T", "JPX", "XTKS"),
        ("VOD.L", "LSE", "XLON"),
        ("6488.TWO", "", "XTAI"),
        ("2222.SR", "", "XSAU"),
        ("QNBK.QA", "", "sun-thu"),
        ("BTC-USD", "", "24/7"),
        ("ETH-BTC", "", "24/7"),
        ("SOL-USDT", "", "24/7"),
        ("BTC-USD", "CCC", "24/7"),
        ("USD", "", "XNYS"),
        ("EURUSD=X", "CCY", "weekdays"),
        ("EURUSD=X", "", "weekdays"),
        ("ES=F", "", "CMES"),
        ("DX-Y.NYB", "", "IEPA"),
        ("ABC.ZZ", "", "weekdays"),
        ("ABC", "no such exchange", "weekdays"),
    ],
)
def test_a_symbols_calendar(symbol: str, exchange: str, calendar: str) -> None:
    assert calendars.calendar_for(symbol, exchange) == calendar


def test_an_exchange_that_is_not_known_keeps_its_code() -> None:
    assert exchanges.exchange_name("XYZ") == "XYZ"


@pytest.mark.parametrize(("calendar", "index"), sorted(markets.INDEX_BY_CALENDAR.items()))
def test_an_index_trades_when_its_market_does(calendar: str, index: str) -> None:
    of_index = calendars.calendar_for(index)

    assert of_index == calendar or (calendar, of_index) == ("XFRA", "XETR")
