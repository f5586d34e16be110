from statistics import NormalDist

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.events import brier, event_chances, events_happened
from ml_engine.quantiles import LEVELS

NORMAL = np.array([NormalDist().inv_cdf(level) for level in LEVELS])


def test_chances_of_a_normal_law() -> None:
    quantiles = np.stack([0.02 * NORMAL, 0.02 * NORMAL + 0.02, np.zeros(17)])

    chances = event_chances(quantiles, np.array([0.02, 0.02, 0.01]))

    one, two = NormalDist().cdf(1), NormalDist().cdf(2)
    assert_allclose(chances, [[one, 0.5, 1 - one], [two, one, 0.5], [1, 0.5, 0]])


def test_events_happened() -> None:
    happened = events_happened(np.array([-0.03, -0.01, 0.01, 0.03]), np.full(4, 0.02))

    assert_array_equal(happened, [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]])


def test_brier_by_hand() -> None:
    assert_allclose(brier(np.array([[0.8, 0.5], [0.1, 1.0]]), np.array([[1, 0], [0, 1]])), 0.3 / 4)
