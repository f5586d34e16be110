"""What changed of stored prices, so told that they can be had back."""

from datetime import date
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from forecasts.ingest.restating import PRICES, TOLERANCE, Change, change_of, restored
from forecasts.models import Restatement

DAYS = pd.bdate_range("2024-01-01", periods=10, name="date")


def prices(closes: list[float] | None = None, adjusted: float = 1.0) -> pd.DataFrame:
    close = np.array(closes or [100.0 + step for step in range(10)])
    columns = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}
    return pd.DataFrame({**columns, "adj_close": close * adjusted, "volume": 1e6}, index=DAYS[: len(close)])


def scaled(bars: pd.DataFrame, factor: float, rows: Any = slice(None)) -> pd.DataFrame:
    changed = bars.copy()
    changed.loc[changed.index[rows], PRICES] *= factor
    return changed


def test_what_is_the_same_within_rounding_is_no_change() -> None:
    assert change_of(prices(), scaled(prices(), 1 + TOLERANCE / 2)) is None


def test_a_split_is_told_by_its_factors() -> None:
    change = change_of(prices(), scaled(prices(), 0.1))

    assert change == Change(
        date(2024, 1, 1), date(2024, 1, 12), 10, pytest.approx(0.1), pytest.approx(0.1), []
    )


def test_a_dividend_changes_adjusted_closes_alone() -> None:
    change = change_of(prices(), prices(adjusted=0.99))

    assert change is not None
    assert (change.price_factor, change.adjusted_factor, change.before) == (1.0, pytest.approx(0.99), [])


def test_a_few_corrections_stand_as_they_were() -> None:
    change = change_of(prices(), scaled(prices(), 1.03, [2, 5]))

    assert change is not None
    assert (change.first_session, change.last_session, change.sessions) == (
        date(2024, 1, 3),
        date(2024, 1, 8),
        2,
    )
    assert [row[0] for row in change.before] == ["2024-01-03", "2024-01-08"]
    assert change.price_factor == 1.0


def test_sessions_that_went_stand_as_they_were() -> None:
    change = change_of(prices(), prices().drop(DAYS[3]))

    assert change is not None
    assert change.before == [["2024-01-04", *prices().loc[DAYS[3]]]]


def test_new_sessions_are_no_change() -> None:
    assert change_of(prices()[:5], prices()) is None


factors = st.floats(0.01, 100.0)
rows = st.lists(st.integers(0, 9), max_size=5, unique=True)


histories = given(
    st.lists(st.floats(0.01, 1e5), min_size=2, max_size=10), factors, factors, rows, rows, st.data()
)


def old_prices_come_back(
    closes: list[float], split: float, dividend: float, off: list[int], gone: list[int], data: st.DataObject
) -> None:
    old = prices(closes, adjusted=0.9)
    changed_rows = data.draw(st.integers(0, len(old)))
    new = scaled(old, split, slice(changed_rows))
    new.loc[new.index[:changed_rows], "adj_close"] *= dividend
    new = scaled(new, 1.5, [row for row in off if row < len(old)])
    new = new.drop([old.index[row] for row in gone if row < len(old)])

    change = change_of(old, new)

    if change is None:
        change_days, back = old.index, new
    else:
        back = restored(new, Restatement(**vars(change)))
        change_days = old.loc[f"{change.first_session}" : f"{change.last_session}"].index
        outside = old.index.difference(change_days)
        assert np.allclose(new.loc[outside, PRICES], old.loc[outside, PRICES], rtol=2 * TOLERANCE)
    assert list(back.index) == list(change_days)
    assert np.allclose(back[PRICES], old.loc[change_days, PRICES], rtol=2 * TOLERANCE)


test_old_prices_can_be_had_back = settings(max_examples=25, deadline=None)(histories(old_prices_come_back))
test_old_prices_can_be_had_back_many_times = pytest.mark.slow(
    settings(max_examples=300, deadline=None)(histories(old_prices_come_back))
)
