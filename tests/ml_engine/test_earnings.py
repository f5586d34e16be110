"""The earnings cycle: sessions that stood out are seen a quarter, half a year and a year later."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.earnings import EARNINGS_FEATURES, earnings_features
from ml_engine.features import FEATURES, build_features
from ml_engine.volatility import ewma_volatility, moves
from tests.ml_engine.synthetic import change_after, make_bars

JUMP = 300  # the row of the one session that stands out


def with_report(*rows: int, length: int = 600) -> pd.DataFrame:
    """A calm history whose price opens a quarter higher at each of `rows`, on three times the volume."""
    bars = make_bars(length, scale=0.005).assign(volume=1e6)
    for row in rows:
        bars.iloc[row:, :4] *= 1.25
        bars.iloc[row, 4] *= 3
    return bars


def seen(bars: pd.DataFrame) -> dict[str, np.ndarray]:
    parts = moves(bars)
    volume = np.log1p(bars["volume"].to_numpy(np.float64))
    return earnings_features(parts, ewma_volatility(parts.total), volume)


def shown(feature: np.ndarray, least: float = 3.9) -> np.ndarray:
    """Sessions after the report at which `feature` is large; before it there is none."""
    return np.flatnonzero(feature > least) - JUMP


def test_names_are_those_that_the_network_gets() -> None:
    assert set(seen(make_bars(300))) == set(EARNINGS_FEATURES) <= set(FEATURES)


def test_the_size_of_an_event_by_hand() -> None:
    """A gap and a move beyond 8 volatilities count 4 each, and three times the volume counts ln 3."""
    named = seen(with_report(JUMP))

    assert_allclose(named["report_gap_57_68"][JUMP + 57], 4)
    assert_allclose(named["report_move_57_68"][JUMP + 57], 4)
    assert_allclose(named["report_volume_57_68"][JUMP + 57], np.log(3), rtol=1e-4)
    assert_allclose(named["report_63"][JUMP + 63], 4 + np.log(3), rtol=1e-4)


@pytest.mark.parametrize("sessions", [57, 63, 68])
def test_a_report_shows_so_many_sessions_later_and_on_no_other_day(sessions: int) -> None:
    feature = seen(with_report(JUMP))[f"report_{sessions}"]

    assert_array_equal(shown(feature, 3), [sessions])


@pytest.mark.parametrize(("nearest", "farthest"), [(45, 56), (57, 68), (110, 128), (244, 254)])
def test_a_range_shows_a_report_as_long_as_it_lies_in_it(nearest: int, farthest: int) -> None:
    feature = seen(with_report(JUMP))[f"report_gap_{nearest}_{farthest}"]

    assert_array_equal(shown(feature), np.arange(nearest, farthest + 1))


@pytest.mark.parametrize(("nearest", "farthest"), [(123, 125), (186, 188)])
def test_half_a_year_and_three_quarters(nearest: int, farthest: int) -> None:
    feature = seen(with_report(JUMP))[f"report_{nearest}_{farthest}"]

    assert_array_equal(shown(feature), np.arange(nearest, farthest + 1))


@pytest.mark.parametrize("ahead", [0, 1, 13])
def test_a_year_ago_the_same_day_counts_most_and_its_neighbours_less(ahead: int) -> None:
    feature = seen(with_report(JUMP))[f"report_year_{ahead}"]

    row, size = JUMP + 252 - ahead, 4 + np.log(3)
    calm = 0.4 * 3  # what ordinary sessions beside it may add
    assert size * 0.6 <= feature[row] < size * 0.6 + calm
    assert (feature[[row - 1, row + 1]] >= size * 0.4).all()
    assert (feature[[row - 1, row + 1]] < size * 0.4 + 0.6 * 3).all()
    assert feature[row - 30 : row - 1].max() < 2.5


def test_quarter_and_year_must_agree_on_the_sessions_ahead() -> None:
    """Reports 250 and 61 sessions ago both say: two sessions ahead. Either alone says little."""
    year, quarter = 300, 300 + 250 - 61
    both, one, other = (seen(with_report(*rows)) for rows in ((year, quarter), (year,), (quarter,)))

    row = year + 250
    assert both["report_agreed_2_2"][row] > 4
    assert max(named["report_agreed_2_2"][row] for named in (one, other)) < 3.5
    assert both["report_agreed_17_20"][row] < 3.5


def test_of_the_first_session_nothing_is_said() -> None:
    named = seen(make_bars(300))

    assert_array_equal([values[0] for values in named.values()], np.zeros(len(EARNINGS_FEATURES)))


def test_later_sessions_change_nothing() -> None:
    bars = with_report(JUMP)
    places = [FEATURES.index(name) for name in EARNINGS_FEATURES]

    before, after = (build_features(one).matrix[:, places] for one in (bars, change_after(bars, 500)))

    assert_array_equal(before[:501], after[:501])
    # The nearest lag is 45 sessions, one less where neighbours count.
    assert not np.array_equal(before[546:], after[546:])
