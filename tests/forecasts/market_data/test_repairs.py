"""Errors of a source are mended where they are sure, and what a market may have done is left alone."""

import logging
from datetime import date
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from forecasts.market_data.base import Action, History
from forecasts.market_data.cleaning import PRICES
from forecasts.market_data.repairs import mended

DAYS = pd.bdate_range("2024-01-01", periods=120, name="date")
SPLIT_DAY = DAYS[80].date()


def wandering(seed: int = 1, volatility: float = 0.01) -> pd.DataFrame:
    """Return a plain history around 100, (120 rows)."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, volatility, len(DAYS))))
    bars = pd.DataFrame(
        {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}, index=DAYS
    )
    return bars.assign(adj_close=close * 0.98, volume=1e6 * np.exp(rng.normal(0, 0.2, len(DAYS))))


def scaled(bars: pd.DataFrame, rows: slice, factor: float, volume: float = 1.0) -> pd.DataFrame:
    changed = bars.copy()
    changed.loc[changed.index[rows], PRICES] *= factor
    changed.loc[changed.index[rows], "volume"] *= volume
    return changed


def mend(bars: pd.DataFrame, *splits: Action, currency: str = "USD", before: Any = None) -> pd.DataFrame:
    return mended("ACME", History(bars, list(splits), {"currency": currency}), before).bars


def split(ratio: float, day: date = SPLIT_DAY) -> Action:
    return Action(day, "split", ratio)


def repaired_rows(bars: pd.DataFrame) -> list[int]:
    return list(np.flatnonzero(bars["repaired"]))


def assert_mended(found: pd.DataFrame, truth: pd.DataFrame, rows: list[int]) -> None:
    assert np.allclose(found[[*PRICES, "volume"]], truth[[*PRICES, "volume"]])
    assert repaired_rows(found) == rows


# Units --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [100.0, 0.01])
@pytest.mark.parametrize("count", [1, 10])
def test_a_few_sessions_in_another_unit_are_put_right(
    factor: float, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = mend(scaled(wandering(), slice(50, 50 + count), factor))

    assert_mended(found, wandering(), [*range(50, 50 + count)])
    assert caplog.messages[0].startswith(f"ACME: {count} bars repaired: their prices were in another unit")


def test_two_mix_ups_are_both_put_right() -> None:
    wrong = scaled(scaled(wandering(), slice(30, 33), 100.0), slice(60, 61), 0.01)

    assert_mended(mend(wrong), wandering(), [30, 31, 32, 60])


@pytest.mark.parametrize(("currency", "rows"), [("GBp", [118, 119]), ("ZAc", [118, 119]), ("USD", [])])
def test_a_mix_up_that_has_not_ended_is_believed_of_mixed_currencies_only(
    currency: str, rows: list[int]
) -> None:
    wrong = scaled(wandering(), slice(118, 120), 100.0)

    assert repaired_rows(mend(wrong, currency=currency)) == rows


def test_sessions_before_the_answer_show_what_is_usual() -> None:
    wrong = scaled(wandering(), slice(110, 112), 100.0)

    found = mend(wrong[110:], before=wandering()[:110])

    assert list(found.index) == list(DAYS[110:])
    assert_mended(found, wandering()[110:], [0, 1])


@pytest.mark.parametrize(
    "wrong",
    [
        scaled(wandering(), slice(50, 61), 100.0),
        scaled(wandering(), slice(50, 120), 0.01),
        scaled(scaled(wandering(), slice(None), 0.001), slice(50, 53), 0.01),
        scaled(wandering(), slice(50, 53), 50.0),
    ],
    ids=["longer than ten sessions", "for good", "pennies", "another factor"],
)
def test_what_is_no_sure_mix_up_stays(wrong: pd.DataFrame) -> None:
    assert repaired_rows(mend(wrong)) == []


def test_a_hundred_for_one_split_is_no_mix_up() -> None:
    wrong = scaled(wandering(), slice(50, 53), 100.0)

    assert repaired_rows(mend(wrong, split(0.01, DAYS[100].date()))) == []


# Splits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [10.0, 2.0, 1.5, 0.125])
def test_a_past_that_was_not_adjusted_for_a_split_is(ratio: float) -> None:
    unadjusted = scaled(wandering(), slice(80), ratio, volume=1 / ratio)

    assert_mended(mend(unadjusted, split(ratio)), wandering(), [*range(80)])


def test_a_past_whose_volume_was_adjusted_keeps_it() -> None:
    unadjusted = scaled(wandering(), slice(80), 10.0)

    assert_mended(mend(unadjusted, split(10.0)), wandering(), [*range(80)])


def test_a_past_whose_volume_alone_was_not_adjusted_gets_it() -> None:
    unadjusted = scaled(wandering(), slice(80), 1.0, volume=0.1)

    assert_mended(mend(unadjusted, split(10.0)), wandering(), [*range(80)])


def test_only_the_days_that_were_left_out_are_adjusted() -> None:
    unadjusted = scaled(wandering(), slice(75, 80), 4.0, volume=0.25)

    found = mend(unadjusted, split(4.0))

    assert np.allclose(found[PRICES], wandering()[PRICES])
    assert repaired_rows(found) == [75, 76, 77, 78, 79]


def test_two_splits_are_adjusted_for_each_in_its_turn() -> None:
    unadjusted = scaled(scaled(wandering(), slice(80), 2.0, 0.5), slice(40), 3.0, 1 / 3)

    found = mend(unadjusted, split(2.0), split(3.0, DAYS[40].date()))

    assert_mended(found, wandering(), [*range(80)])


@pytest.mark.parametrize("ratio", [10.0, 2.0, 0.125, 1.054])
def test_a_past_that_is_adjusted_already_stays(ratio: float) -> None:
    assert repaired_rows(mend(wandering(), split(ratio))) == []


def test_a_split_of_the_future_or_of_before_the_history_mends_nothing() -> None:
    assert (
        repaired_rows(mend(wandering(), split(10.0, date(2030, 1, 2)), split(10.0, date(2000, 1, 3)))) == []
    )


# What a market may do -----------------------------------------------------------------------------------


jumps = given(
    seed=st.integers(0, 10_000),
    row=st.integers(1, 119),
    factor=st.floats(0.005, 200.0),
    back=st.booleans(),
    volatility=st.sampled_from([0.002, 0.01, 0.05]),
)


def lasting_jump_stays(seed: int, row: int, factor: float, back: bool, volatility: float) -> None:
    jumped = scaled(wandering(seed, volatility), slice(row, None), factor)
    if back:
        jumped = scaled(jumped, slice(row + 11, None), 1 / factor)

    found = mend(jumped)

    assert found[PRICES].equals(jumped[PRICES])
    assert repaired_rows(found) == []


test_no_crash_or_jump_that_lasts_is_ever_mended = settings(max_examples=40, deadline=None)(
    jumps(lasting_jump_stays)
)
test_of_a_thousand_crashes_and_jumps_none_is_mended = pytest.mark.slow(
    settings(max_examples=1000, deadline=None)(jumps(lasting_jump_stays))
)


@given(seed=st.integers(0, 10_000), row=st.integers(1, 119), factor=st.floats(0.02, 50.0))
@settings(max_examples=40, deadline=None)
def test_no_spike_of_a_day_is_taken_for_another_unit(seed: int, row: int, factor: float) -> None:
    spiked = scaled(wandering(seed), slice(row, row + 1), factor)

    assert repaired_rows(mend(spiked)) == []


def test_marks_of_cleaning_stay() -> None:
    marked = wandering().assign(repaired=[row == 7 for row in range(120)])

    assert repaired_rows(mend(marked)) == [7]
