import subprocess
import sys
from statistics import NormalDist

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import ArrayLike
from scipy.special import ndtri

from ml_engine.probabilities import probability_below, value_at
from ml_engine.quantiles import LEVELS

LAW = NormalDist(0.01, 0.05)
NORMAL = np.array([LAW.inv_cdf(level) for level in LEVELS])


def quantile_at(quantiles: np.ndarray, levels: ArrayLike) -> np.ndarray:
    """The value at `levels`: `probability_below` inverted."""
    return value_at(quantiles, ndtri(np.asarray(levels, dtype=np.float64)))


def test_a_normal_law_comes_back() -> None:
    values = np.linspace(-0.25, 0.25, 41)

    assert_allclose(probability_below(NORMAL, values), [LAW.cdf(value) for value in values], rtol=1e-9)


def test_quantiles_are_at_their_levels() -> None:
    skewed = np.cumsum(np.arange(1.0, 18.0))

    assert_allclose(probability_below(skewed, skewed), LEVELS)
    assert_allclose(quantile_at(skewed, LEVELS), skewed)


def test_between_two_quantiles_by_hand() -> None:
    quantiles = np.arange(17.0)  # level .5 at 8, .6 at 9

    between = NormalDist().cdf(NormalDist().inv_cdf(0.6) / 4)
    assert_allclose(probability_below(quantiles, 8.25), between)
    assert_allclose(quantile_at(quantiles, between), 8.25)


def test_tails_go_on_as_the_outermost_gap() -> None:
    quantiles = np.arange(17.0)
    inner, outer = (NormalDist().inv_cdf(level) for level in (0.975, 0.99))

    assert_allclose(probability_below(quantiles, 17.0), NormalDist().cdf(outer + (outer - inner)))
    assert_allclose(probability_below(quantiles, -1.0), NormalDist().cdf(inner - 2 * outer))


def test_the_inverse_of_chances_is_the_value() -> None:
    quantiles = np.sort(np.random.default_rng(0).standard_normal((5, 3, 17)), axis=-1)
    values = np.random.default_rng(1).uniform(-2, 2, (5, 3))

    assert_allclose(quantile_at(quantiles, probability_below(quantiles, values)), values)


def test_values_and_laws_broadcast() -> None:
    laws = np.stack([NORMAL, NORMAL + 1])  # (law, level)

    chances = probability_below(laws, np.array([[0.01], [1.01], [0.5]]))

    assert_allclose(chances[[0, 1], [0, 1]], 0.5)
    assert chances.shape == (3, 2)
    assert quantile_at(laws[:, None, :], np.array([0.1, 0.9])).shape == (2, 2)


def test_a_certain_outcome() -> None:
    assert_array_equal(probability_below(np.full(17, 5.0), [4.9, 5.0, 5.1]), [0, 0.5, 1])
    assert_array_equal(quantile_at(np.full(17, 5.0), [0.0, 0.3, 1.0]), [5, 5, 5])


@pytest.mark.parametrize(("value", "level"), [(-0.1, 0.0), (0.0, 0.05), (0.5, 0.2), (10.0, 1.0)])
def test_an_outcome_shared_by_several_quantiles(value: float, level: float) -> None:
    scores = [NormalDist().inv_cdf(LEVELS[place]) for place in (0, 4, 5)]
    quantiles = np.array([0.0] * 5 + [1.0] * 12)  # levels .01 … .2 at 0, the others at 1
    expected = {0.05: sum(scores[:2]) / 2, 0.2: sum(scores[1:]) / 2}

    assert_allclose(
        probability_below(quantiles, value),
        NormalDist().cdf(expected[level]) if level in expected else level,
    )


def test_chances_never_fall_and_never_miss() -> None:
    random = np.random.default_rng(2)
    quantiles = np.sort(np.round(random.standard_normal((200, 1, 17)), 1), axis=-1)  # many ties

    chances = probability_below(quantiles, np.linspace(-4, 4, 161))

    assert np.isfinite(chances).all()
    assert (np.diff(chances, axis=1) >= 0).all()


def test_the_most_extreme_levels_are_finite() -> None:
    assert np.isfinite(quantile_at(NORMAL, [0.0, 5e-324, 1 - 1e-17, 1.0])).all()


def test_it_needs_neither_pandas_nor_torch() -> None:
    code = "import sys, ml_engine.probabilities; print([x for x in ('pandas', 'torch') if x in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
