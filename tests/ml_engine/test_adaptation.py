"""Adaptive conformal inference: the walk by hand, its delay, its bounds and what it achieves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.adaptation import FARTHEST, FIRST, LANE, WARM_UP, first_walked, log_widths, widened
from ml_engine.baselines import NORMAL
from ml_engine.metrics import BANDS, coverage
from ml_engine.network import KNOTS
from ml_engine.quantiles import LEVELS, MEDIAN

OFTEN = (
    0.33375  # mean share of outcomes outside the eight bands: 2 · (.01 + .025 + .05 + .1 + .2 + .25 + …) / 8
)
FAR = 10.0  # beyond every band however wide
LAST = 2000


def walk(targets: np.ndarray, rows: np.ndarray, scale: float | np.ndarray = 1.0) -> np.ndarray:
    """Log widths (origin, knot) at `rows` if every forecast was normal; targets (row, knot) from row 0 on."""
    first = first_walked(rows)
    walked = targets[first : rows.max() + 1]
    quantiles = np.tile(scale * NORMAL, (len(walked), len(KNOTS), 1))
    return log_widths(quantiles, walked, first, rows)


def constant(value: float) -> np.ndarray:
    return np.full((LAST, len(KNOTS)), value)


def noise(seed: int = 0, rows: int = LAST) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, len(KNOTS)))


def test_a_walk_begins_ten_lanes_before_or_with_the_first_forecast() -> None:
    """800 sessions before the lane of 80 that the earliest origin is in; row 249 has 250 behind it."""
    rows = [[300], [249, 2000], [1049], [1120], [1199, 5000], [1200]]

    assert [first_walked(np.array(one)) for one in rows] == [249, 249, 249, 320, 320, 400]
    assert (LANE, WARM_UP, FIRST) == (80, 800, 249)


@pytest.mark.parametrize(
    ("row", "one", "two"),
    [
        (249, 0, 0),
        (250, 1, 0),  # the forecast of row 249 has missed its first session
        (254, 1, 0),  # news is heard once a week
        (255, 6, 5),  # one step ahead: rows 249 … 254; two ahead: 249 … 253
        (260, 11, 10),
    ],
)
def test_first_weeks_by_hand(row: int, one: int, two: int) -> None:
    widths = walk(constant(FAR), np.array([row]))

    each = 0.01 * (1 - OFTEN)
    assert_allclose(widths[0, :2], [one * each, two * each / np.sqrt(2)], rtol=1e-12)
    assert_array_equal(widths[0, 7:], 0)  # nothing is known 14 sessions ahead


def test_an_outcome_outside_some_of_the_bands_by_hand() -> None:
    """1 lies outside the bands of .4 … .2 (halves of .25, .52, .67, .84): four of eight."""
    up, down = (walk(constant(side), np.array([255]))[0, 0] for side in (1.0, -1.0))

    assert_allclose([up, down], 6 * 0.01 * (4 / 8 - OFTEN), rtol=1e-12)


def test_each_side_of_a_skewed_band_counts_for_itself_by_hand() -> None:
    """Halves are twice as large below (.51, 1.05, …): -1 is outside one band and 1 outside four."""
    skewed = np.where(NORMAL < 0, 2.0, 1.0)

    up, down = (walk(constant(side), np.array([255]), skewed)[0, 0] for side in (1.0, -1.0))

    assert_allclose([up, down], 6 * 0.01 * (np.array([4 / 8, 1 / 8]) - OFTEN), rtol=1e-12)


def test_outcomes_are_held_against_the_widths_of_their_time() -> None:
    """.75 is outside three bands of eight, until the widest of them (half: .6745) has grown to .75."""
    widths = walk(constant(0.75), np.array([255, 1279]))

    assert_allclose(widths[0, 0], 6 * 0.01 * (3 / 8 - OFTEN), rtol=1e-12)
    step = 5 * 0.01 * (OFTEN - 2 / 8)
    assert_allclose(widths[1, 0], np.log(0.75 / 0.6745), atol=step)


def test_nothing_but_misses_widens_and_none_narrows_as_far_as_allowed() -> None:
    rows = np.arange(960, LAST)

    assert_array_equal(walk(constant(FAR), rows)[:, 0], FARTHEST)
    assert_array_equal(walk(constant(0.0), rows)[:, 0], -FARTHEST)


def test_widths_never_leave_their_bounds() -> None:
    wild = np.exp(3 * noise()) * noise(1)

    assert np.abs(walk(wild, np.arange(FIRST, LAST))).max() <= FARTHEST


def test_unknown_outcomes_change_nothing() -> None:
    assert_array_equal(walk(constant(np.nan), np.array([300, 1500])), 0)

    gap = noise()
    gap[1000:1100] = np.nan
    week = walk(gap, np.arange(1010, 1100, 5))[:, 0]
    assert_array_equal(week, week[0])


@pytest.mark.parametrize("row", [260, 700, 961, 1283, 1999])
def test_an_outcome_enters_only_once_it_is_known(row: int) -> None:
    targets, blanked, before = noise(), noise(), noise()
    session = row - row % 5  # weeks begin at multiples of five
    for place, step in enumerate(KNOTS):
        blanked[max(session - step + 1, 0) :, place] = np.nan  # after `session`
        before[session - step, place] = FAR  # the last outcome that is known then

    expected = walk(targets, np.array([row]))

    assert_array_equal(walk(blanked, np.array([row])), expected)
    heard = session - np.array(KNOTS) >= FIRST
    assert_array_equal((walk(before, np.array([row])) > expected)[0], heard)


def test_the_same_alone_and_among_many_bit_for_bit() -> None:
    targets, rows = noise(), np.arange(FIRST, LAST)

    together = walk(targets, rows)
    alone = [walk(targets, np.array([row]))[0] for row in rows[::41]]
    shuffled = walk(targets, np.array([1700, 300, 1700, 980]))

    assert_array_equal(together[::41], alone)
    assert_array_equal(shuffled, together[np.array([1700, 300, 1700, 980]) - FIRST])


def test_later_outcomes_and_forecasts_change_nothing() -> None:
    targets, rows = noise(), np.arange(FIRST, LAST)
    changed = targets.copy()
    changed[1500:] = FAR

    before, after = walk(targets, rows), walk(changed, rows)

    assert_array_equal(before[: 1501 - FIRST], after[: 1501 - FIRST])
    assert not np.array_equal(before[1510 - FIRST :], after[1510 - FIRST :])


def test_widened_by_hand() -> None:
    quantiles = 0.3 + np.tile(NORMAL, (2, len(KNOTS), 1))
    widths = np.full((2, len(KNOTS)), np.log([[2.0], [0.5]]))

    drawn = widened(quantiles, widths)

    assert_allclose(drawn[0, 0], 0.3 + 2 * NORMAL)
    assert_allclose(drawn[1, 0], 0.3 + NORMAL / 2)
    assert_array_equal(drawn[..., MEDIAN], quantiles[..., MEDIAN])


@pytest.mark.parametrize("scale", [0.65, 1.0, 1.6])
def test_coverage_of_a_badly_scaled_law_approaches_its_promise(scale: float) -> None:
    """Bands a third too narrow, right, and too wide by more than half."""
    rows = np.arange(1500, 12_000)
    targets = noise(5, 12_001)

    widths = walk(targets, rows, scale)
    drawn = widened(np.tile(scale * NORMAL, (len(rows), len(KNOTS), 1)), widths)

    for band in BANDS:
        assert abs(coverage(drawn[:, 0], targets[rows, 0], band) - band / 100) < 0.02
    raw = coverage(np.tile(scale * NORMAL, (len(rows), 1)), targets[rows, 0], 80)
    assert (abs(raw - 0.8) > 0.08) == (scale != 1.0)


def test_after_a_change_of_volatility_coverage_comes_back() -> None:
    """Moves half as large again from row 3000 on: found again within a thousand sessions."""
    targets, rows = noise(6, 8000), np.arange(3000, 7990)
    targets[3000:] *= 1.5

    widths = walk(targets, rows)

    drawn = widened(np.tile(NORMAL, (len(rows), len(KNOTS), 1)), widths)
    assert coverage(drawn[:40, 0], targets[3000:3040, 0], 80) < 0.7
    assert abs(coverage(drawn[1000:, 0], targets[4000:7990, 0], 80) - 0.8) < 0.02


def test_the_share_of_misses_that_is_expected() -> None:
    assert_allclose(np.mean([2 * level for level in LEVELS if level < 0.5]), OFTEN)
