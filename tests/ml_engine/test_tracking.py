"""Calibration by what became of issued forecasts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from ml_engine.adaptation import FARTHEST, MISSES
from ml_engine.quantiles import LEVELS, MEDIAN
from ml_engine.tracking import RATE, calibrated, log_widths, missed

EIGHTY = 1.2815515655446004  # standard deviations from the middle of a normal law to its 90 % quantile


def widths(steps: list[int], pits: list[float]) -> np.ndarray:
    return log_widths(np.array(steps, dtype=np.int64), np.array(pits, dtype=np.float64))


@pytest.mark.parametrize(
    ("pit", "share"),
    # Bands hold .98 .95 .9 .8 .6 .5 .4 .2: an outcome at .92 is outside of those of .8 and less.
    [(0.5, 0.0), (0.62, 1 / 8), (0.38, 1 / 8), (0.92, 5 / 8), (0.08, 5 / 8), (0.999, 1.0), (0.0, 1.0)],
)
def test_missed_is_the_share_of_bands_that_an_outcome_was_outside_of(pit: float, share: float) -> None:
    assert missed(np.array([pit])) == pytest.approx(share)


def test_a_law_that_is_right_misses_as_often_as_it_should() -> None:
    pits = (np.arange(20_000) + 0.5) / 20_000

    assert missed(pits).mean() == pytest.approx(MISSES, abs=1e-3)


def test_nothing_scored_leaves_all_as_it_is() -> None:
    assert_array_equal(widths([], []), np.zeros(60))


def test_misses_widen_and_hits_narrow() -> None:
    found = widths([1, 2, 1], [0.999, 0.5, 0.92])

    assert found[0] == pytest.approx(RATE[0] * ((1 - MISSES) + (5 / 8 - MISSES)))
    assert found[1] == pytest.approx(-RATE[1] * MISSES)


def test_a_step_never_scored_takes_the_nearest_lower_one() -> None:
    found = widths([3, 10], [0.999, 0.5])

    assert_array_equal(found[:2], [0.0, 0.0])
    assert_array_equal(found[3:9], np.full(6, found[2]))
    assert_array_equal(found[10:], np.full(50, found[9]))
    assert found[2] > 0 > found[9]


def test_widths_go_so_far_and_no_farther_and_come_back_at_once() -> None:
    stuck = widths([1] * 2000, [1.0] * 2000)
    back = widths([1] * 2001, [1.0] * 2000 + [0.5])

    assert stuck[0] == FARTHEST
    assert back[0] == pytest.approx(FARTHEST - RATE[0] * MISSES)


def test_a_step_hangs_on_its_own_scores_alone() -> None:
    rng = np.random.default_rng(5)
    steps, pits = rng.integers(1, 21, 500), rng.uniform(size=500)
    apart = np.argsort(steps, kind="stable")

    assert_array_equal(log_widths(steps, pits), log_widths(steps[apart], pits[apart]))
    assert_array_equal(log_widths(steps, pits)[6], widths([7] * (steps == 7).sum(), pits[steps == 7])[6])


def test_calibrated_moves_quantiles_away_from_a_median_that_stays() -> None:
    rng = np.random.default_rng(5)
    quantiles = np.sort(rng.normal(size=(3, len(LEVELS))), axis=-1)
    changed = calibrated(quantiles, np.array([0.5, 0.0, -0.5, *[9.0] * 57]))

    assert_array_equal(changed[:, MEDIAN], quantiles[:, MEDIAN])
    spread, before = changed[:, -1] - changed[:, 0], quantiles[:, -1] - quantiles[:, 0]
    assert_allclose(spread / before, np.exp([0.5, 0.0, -0.5]))
    assert (np.diff(changed, axis=-1) >= 0).all()


@pytest.mark.parametrize("deviation", [0.6, 0.8, 1.0, 1.3, 1.7])
@pytest.mark.parametrize("step", [1, 5])
def test_a_closed_loop_finds_the_coverage_it_promised(deviation: float, step: int) -> None:
    """Issue normal laws of a wrong deviation, learning only from targets that had come by then."""
    sessions, settled = 6000, 3000
    outcomes = np.random.default_rng(11).normal(size=sessions)
    pits, held = [], []
    for day in range(sessions):
        if day % 60 == 0:  # the widths move slowly, so looking every sixtieth session is enough
            known = pits[: max(day - step, 0)]
            width = widths([step] * len(known), known)[step - 1]
        issued = deviation * np.exp(width)
        pits.append(float(ndtr(outcomes[day] / issued)))
        held.append(abs(outcomes[day]) < EIGHTY * issued)

    assert np.mean(held[settled:]) == pytest.approx(0.8, abs=0.025)
    assert issued == pytest.approx(1.0, abs=0.15)
