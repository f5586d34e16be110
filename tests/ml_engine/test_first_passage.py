"""The chance of staying below a line, against what is known of Brownian motion."""

from math import exp, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from ml_engine.first_passage import staying_below
from ml_engine.quantiles import FloatArray

NORMAL = NormalDist()
# Broadie, Glasserman and Kou (Mathematical Finance, 1997): -zeta(1/2) / sqrt(2 pi).
DISCRETE_SHIFT = 0.5826


def level_line(height: float, steps: int) -> FloatArray:
    return np.full((1, steps), height)


@pytest.mark.parametrize("height", [0.0, 0.3, 1.0, 4.0, 15.0])
@pytest.mark.parametrize("steps", [1, 2, 7, 20, 60])
def test_at_any_moment_is_the_reflection_principle(height: float, steps: int) -> None:
    crossing = 1 - staying_below(level_line(height, steps), at_any_moment=True)[0]

    assert crossing == pytest.approx(2 * NORMAL.cdf(-height / sqrt(steps)), abs=1e-6)


@pytest.mark.parametrize(("height", "steps"), [(2.0, 20), (5.0, 20), (5.0, 60), (12.0, 60)])
def test_at_steps_alone_is_a_line_a_little_higher(height: float, steps: int) -> None:
    crossing = 1 - staying_below(level_line(height, steps))[0]

    shifted = 2 * NORMAL.cdf(-(height + DISCRETE_SHIFT) / sqrt(steps))
    assert crossing == pytest.approx(shifted, abs=0.004)


@pytest.mark.parametrize("height", [-2.0, 0.0, 0.7, 3.0])
def test_one_step_is_the_normal_law(height: float) -> None:
    assert staying_below(level_line(height, 1))[0] == pytest.approx(NORMAL.cdf(height), abs=1e-8)


def test_two_steps_below_zero_are_three_eighths() -> None:
    # P(W1 < 0, W2 < 0) = 1/4 + arcsin(1 / sqrt 2) / (2 pi)
    assert staying_below(level_line(0.0, 2))[0] == pytest.approx(3 / 8, abs=1e-8)


@pytest.mark.parametrize("slope", [-0.2, 0.2])
def test_at_any_moment_of_a_slanting_line(slope: float) -> None:
    """Level up to 1, then slanting: from there on the chance of crossing a straight line is known."""
    steps, height = 10, 2.0
    line = (height + slope * np.arange(steps))[None, :]
    start = np.linspace(-8.0, height, 20001)
    density = np.exp(-(start**2) / 2) / sqrt(2 * np.pi) * -np.expm1(-2 * height * (height - start))
    left, rest = height - start, steps - 1
    cdf = np.vectorize(NORMAL.cdf)
    stays = cdf((left + slope * rest) / sqrt(rest)) - np.exp(-2 * slope * left) * cdf(
        (slope * rest - left) / sqrt(rest)
    )

    expected = float(np.trapezoid(density * stays, start))

    assert staying_below(line, at_any_moment=True)[0] == pytest.approx(expected, abs=1e-6)


def test_lines_are_answered_alone_as_together() -> None:
    lines = np.array([[1.0, 2.0, 0.5], [-1.0, 0.2, 3.0], [40.0, 40.0, 40.0], [-40.0, 40.0, 40.0]])

    together = staying_below(lines)

    alone = [float(staying_below(line[None, :])[0]) for line in lines]
    assert together == pytest.approx(alone, abs=1e-12)
    assert list(together[2:]) == pytest.approx([1.0, 0.0], abs=1e-8)


def test_a_bridge_between_two_closes_below_the_line() -> None:
    """One step to a line at 1, by hand: the walk ends below it and its bridge does not touch."""
    ends = np.linspace(-8.0, 1.0, 9001)
    density = np.exp(-(ends**2) / 2) / sqrt(2 * np.pi)
    kept = np.array([1 - exp(-2 * 1.0 * (1.0 - end)) for end in ends])

    expected = float(np.trapezoid(density * kept, ends))

    assert staying_below(level_line(1.0, 1), at_any_moment=True)[0] == pytest.approx(expected, abs=1e-6)
