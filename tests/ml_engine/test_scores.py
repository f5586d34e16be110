from statistics import NormalDist

import numpy as np
from numpy.testing import assert_allclose

from ml_engine.baselines import NORMAL
from ml_engine.metrics import CRPS_LEVELS
from ml_engine.network import KNOTS
from ml_engine.scores import block_scores


def test_the_cone_has_no_skill_against_itself() -> None:
    random = np.random.default_rng(0)
    targets = random.standard_normal((5000, len(KNOTS)))
    targets[100:, KNOTS.index(60)] = np.nan

    scores = block_scores(np.tile(NORMAL, (5000, len(KNOTS), 1)), targets, np.full(5000, 0.02))

    assert list(scores) == ["1", "5", "10", "20", "60"]
    assert scores["60"]["origins"] == 100
    assert_allclose([scores["1"]["crps_skill"], scores["1"]["rmse_ratio"]], [0, 1])
    assert_allclose(scores["1"]["coverage_80"], 0.8, atol=0.02)


def test_a_sharper_law_has_skill() -> None:
    targets = 0.5 * np.random.default_rng(0).standard_normal((20000, len(KNOTS)))

    scores = block_scores(np.tile(NORMAL / 2, (20000, len(KNOTS), 1)), targets, np.full(20000, 0.02))

    assert_allclose(scores["5"]["crps_skill"], 1 - expected_loss(0.5) / expected_loss(1.0), atol=0.005)


def expected_loss(scale: float) -> float:
    """Mean pinball loss of the quantiles q of N(0, scale) where the truth is N(0, s = ½).

    For a level τ it is s·φ(q/s) + q·(Φ(q/s) - τ).
    """
    truth = NormalDist(0, 0.5)
    quantiles = [(level, NormalDist(0, scale).inv_cdf(level)) for level in CRPS_LEVELS]
    return sum(0.25 * truth.pdf(q) + q * (truth.cdf(q) - level) for level, q in quantiles)
