"""What the sample market says about days whose splits and dividends are public record."""

from datetime import date

import pytest

from forecasts.market_data.base import UnknownSymbol
from forecasts.market_data.sample import SYMBOLS, SampleProvider


def payments(symbol: str) -> dict[date, float]:
    return {row.date: row.value for row in SampleProvider().fetch(symbol).actions if row.kind == "dividend"}


def splits(symbol: str) -> dict[date, float]:
    return {row.date: row.value for row in SampleProvider().fetch(symbol).actions if row.kind == "split"}


def test_the_splits_are_found_and_no_others() -> None:
    assert {symbol: splits(symbol) for symbol in SYMBOLS} == {
        "SAMPLE:AAPL": {date(2000, 6, 21): 2.0, date(2005, 2, 28): 2.0},
        "SAMPLE:FB": {},
        "SAMPLE:GOOG": {},
        "SAMPLE:IBM": {},
        "SAMPLE:MSFT": {date(2003, 2, 18): 2.0},
    }


@pytest.mark.parametrize(
    ("symbol", "day", "before", "after"),
    [
        ("SAMPLE:AAPL", "2000-06-21", 101.25 / 4, 55.63 / 2),
        ("SAMPLE:AAPL", "2005-02-28", 88.99 / 2, 44.86),
        ("SAMPLE:MSFT", "2003-02-18", 48.30 / 2, 24.96),
    ],
)
def test_closes_run_on_over_a_split(symbol: str, day: str, before: float, after: float) -> None:
    closes = SampleProvider().fetch(symbol).bars["close"].loc[:day]

    assert list(closes.iloc[-2:]) == pytest.approx([before, after], rel=1e-6)


def test_volume_is_in_shares_of_the_last_basis() -> None:
    """As traded it was 7,119,500 of what two splits later are four times as many shares."""
    from bokeh_sampledata import stocks

    raw = dict(zip(stocks.AAPL["date"], stocks.AAPL["volume"], strict=True))
    volume = SampleProvider().fetch("SAMPLE:AAPL").bars["volume"]

    assert volume.loc["2000-06-20"] == raw["2000-06-20"] * 4
    assert volume.loc["2005-02-25"] == raw["2005-02-25"] * 2
    assert volume.loc["2013-03-01"] == raw["2013-03-01"]


def test_microsofts_dividends_are_as_paid_the_special_one_included() -> None:
    paid = payments("SAMPLE:MSFT")

    assert len(paid) == 37
    assert paid[date(2003, 2, 19)] == 0.08
    assert paid[date(2004, 11, 15)] == 3.08
    assert paid[date(2013, 2, 19)] == 0.23


def test_apples_and_ibms_dividends_are_as_paid() -> None:
    assert payments("SAMPLE:AAPL") == {
        date(2012, 8, 9): 2.65,
        date(2012, 11, 7): 2.65,
        date(2013, 2, 7): 2.65,
    }
    assert payments("SAMPLE:IBM")[date(2012, 11, 7)] == 0.85


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_adj_close_ends_at_the_close_and_never_lies_above_it(symbol: str) -> None:
    bars = SampleProvider().fetch(symbol).bars

    assert bars["adj_close"].iloc[-1] == pytest.approx(bars["close"].iloc[-1], rel=1e-12)
    assert (bars["adj_close"] <= bars["close"] * (1 + 1e-9)).all()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_bar_is_possible_and_the_last_is_the_first_of_march(symbol: str) -> None:
    bars = SampleProvider().fetch(symbol).bars

    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["low"] > 0).all()
    assert bars.index[-1].date() == date(2013, 3, 1)
    assert bars.index.is_unique
    assert bars.index.is_monotonic_increasing


def test_a_start_leaves_out_what_was_before() -> None:
    history = SampleProvider().fetch("SAMPLE:IBM", date(2013, 2, 1))

    assert (history.bars.index[0].date(), len(history.bars)) == (date(2013, 2, 1), 20)
    assert [action.date for action in history.actions] == [date(2013, 2, 6)]


def test_an_unknown_sample_names_those_there_are() -> None:
    with pytest.raises(UnknownSymbol) as caught:
        SampleProvider().fetch("SAMPLE:TSLA")

    assert caught.value.message == "There is no sample called SAMPLE:TSLA."
    assert caught.value.remedy == (
        "The samples are SAMPLE:AAPL, SAMPLE:FB, SAMPLE:GOOG, SAMPLE:IBM, SAMPLE:MSFT."
    )
