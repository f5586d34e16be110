"""Chances, extremes and losses from the quantiles of one forecast."""

import subprocess
import sys
from math import exp, expm1, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from ml_engine.decisions import chance_above, chance_of_touching, highest_close, lowest_close, tail_loss
from ml_engine.probabilities import SCORES, value_at
from ml_engine.quantiles import LARGEST_LOG_RETURN, LEVELS, FloatArray

NORMAL = NormalDist()
DAILY = 0.02
PRICES = [-0.3, -0.08, -0.01, 0.002, 0.03, 0.1, 0.4]


def normal_cone(steps: int, daily: float = DAILY) -> FloatArray:
    """Quantiles (step, level) of a Gaussian random walk."""
    return daily * np.sqrt(np.arange(1, steps + 1))[:, None] * SCORES


def uneven_cone(steps: int, seed: int = 3) -> FloatArray:
    """Fat-tailed, skewed quantiles with a drift and a session that moves more than the others."""
    generator = np.random.default_rng(seed)
    spread = np.sqrt(np.cumsum(generator.uniform(0.5, 6.0, steps) * DAILY**2))
    shape = np.where(SCORES < 0, SCORES * (1 - SCORES / 2), SCORES * (1 + SCORES / 5))
    return 0.001 * np.arange(1, steps + 1)[:, None] + spread[:, None] * shape


@pytest.mark.parametrize("value", PRICES)
def test_chance_above_is_the_laws(value: float) -> None:
    assert chance_above(normal_cone(1)[0], value) == pytest.approx(NORMAL.cdf(-value / DAILY), abs=1e-12)


@pytest.mark.parametrize("value", PRICES)
@pytest.mark.parametrize("steps", [1, 5, 20])
def test_touching_of_a_random_walk_at_any_moment_is_twice_the_chance_beyond(value: float, steps: int) -> None:
    beyond = NORMAL.cdf(-abs(value) / DAILY / sqrt(steps))

    touch = chance_of_touching(normal_cone(steps), value)

    assert touch.at_any_moment == pytest.approx(2 * beyond, abs=1e-6)


@pytest.mark.parametrize("value", PRICES)
def test_touching_on_the_only_close_is_the_chance_beyond(value: float) -> None:
    cone = uneven_cone(1)
    above = chance_above(cone[0], value)

    assert chance_of_touching(cone, value).on_a_close == pytest.approx(
        above if value > 0 else 1 - above, abs=1e-8
    )


def test_touching_is_no_less_likely_than_a_close_beyond_and_grows_with_time() -> None:
    cone = uneven_cone(40)
    for value in PRICES:
        touches = [chance_of_touching(cone[:steps], value) for steps in (1, 2, 10, 39, 40)]
        on_closes, moments = [t.on_a_close for t in touches], [t.at_any_moment for t in touches]
        above = chance_above(cone[-1], value)

        assert on_closes == sorted(on_closes)
        assert moments == sorted(moments)
        assert (above if value > 0 else 1 - above) <= on_closes[-1] + 1e-8 <= moments[-1] + 2e-8 <= 1 + 3e-8


def test_touching_is_rarer_the_farther_the_price() -> None:
    cone = uneven_cone(15)
    for side in (1, -1):
        touches = [chance_of_touching(cone, side * far) for far in (1e-9, 0.001, 0.02, 0.1, 0.3, 1.0, 9.0)]

        for chances in ([t.on_a_close for t in touches], [t.at_any_moment for t in touches]):
            assert chances == sorted(chances, reverse=True)
            assert chances[-1] == pytest.approx(0.0, abs=1e-7)


def test_touching_of_an_uneven_cone_agrees_with_paths() -> None:
    steps, count = 10, 200_000
    cone = uneven_cone(steps)
    walks = np.cumsum(np.random.default_rng(11).standard_normal((count, steps)), axis=1)
    paths = value_at(cone[None], walks / np.sqrt(np.arange(1, steps + 1)))

    assert chance_of_touching(cone, 0.08).on_a_close == pytest.approx(
        (paths.max(axis=1) >= 0.08).mean(), abs=0.004
    )
    assert chance_of_touching(cone, -0.12).on_a_close == pytest.approx(
        (paths.min(axis=1) <= -0.12).mean(), abs=0.004
    )
    levels = [0.1, 0.25, 0.5, 0.75, 0.9]
    held = [(paths.max(axis=1) <= value).mean() for value in highest_close(cone, levels)]
    assert held == pytest.approx(levels, abs=0.006)


def test_the_price_that_it_has_is_touched_already() -> None:
    assert chance_of_touching(normal_cone(5), 0.0).at_any_moment == 1.0


@pytest.mark.parametrize("steps", [1, 20, 60])
def test_extreme_closes_hold_what_they_promise(steps: int) -> None:
    levels = [0.1, 0.25, 0.5, 0.75, 0.9]
    cone = normal_cone(steps)
    highest, lowest = highest_close(cone, levels), lowest_close(cone, levels)

    rising = [(value, level) for value, level in zip(highest, levels, strict=True) if value > 0]
    touched = [1 - chance_of_touching(cone, float(value)).on_a_close for value, _ in rising]

    assert touched == pytest.approx([level for _, level in rising], abs=0.002)
    assert lowest == pytest.approx(-highest[::-1], abs=1e-12)


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_tail_loss_of_a_lognormal_price(level: float) -> None:
    cut, rest = NORMAL.inv_cdf(level), 1 - level
    quantiles = normal_cone(1)[0]

    held, short = tail_loss(quantiles, level, is_long=True), tail_loss(quantiles, level, is_long=False)

    assert held.value_at_risk == pytest.approx(-expm1(-DAILY * cut), abs=1e-12)
    assert short.value_at_risk == pytest.approx(expm1(DAILY * cut), abs=1e-12)
    mean = exp(DAILY**2 / 2)
    assert held.expected_shortfall == pytest.approx(1 - mean * NORMAL.cdf(-cut - DAILY) / rest, rel=1e-5)
    assert short.expected_shortfall == pytest.approx(mean * NORMAL.cdf(DAILY - cut) / rest - 1, rel=1e-5)


def test_losses_beyond_are_no_smaller_and_grow_with_the_level() -> None:
    quantiles = uneven_cone(12)[-1]
    for is_long in (True, False):
        mild, grave = (tail_loss(quantiles, level, is_long) for level in (0.95, 0.99))

        assert mild.value_at_risk < mild.expected_shortfall < grave.expected_shortfall
        assert mild.value_at_risk < grave.value_at_risk


def test_a_price_that_cannot_move_loses_nothing() -> None:
    still = np.zeros((3, len(LEVELS)))

    assert chance_above(still[-1], 0.01) == 0.0
    assert chance_of_touching(still, 0.01).at_any_moment == pytest.approx(0.0, abs=1e-8)
    assert list(highest_close(still, [0.1, 0.5])) == [0.0, 0.0]
    assert tail_loss(still[-1], 0.95, is_long=True).expected_shortfall == 0.0


def test_the_wildest_quantiles_stay_finite() -> None:
    wild = np.linspace(-LARGEST_LOG_RETURN, LARGEST_LOG_RETURN, len(LEVELS))[None, :].repeat(2, axis=0)

    losses = [tail_loss(wild[-1], 0.99, is_long) for is_long in (True, False)]

    assert np.isfinite(
        [part for loss in losses for part in (loss.value_at_risk, loss.expected_shortfall)]
    ).all()
    assert np.isfinite(highest_close(wild, [0.1, 0.9])).all()


def test_deciding_brings_numpy_alone() -> None:
    heavy = "{'torch', 'pandas', 'scipy', 'sklearn'}"
    code = f"import sys, ml_engine.decisions; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
