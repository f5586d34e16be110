"""Scores of single points, against values worked out by hand and against the means over origins."""

from statistics import NormalDist

import numpy as np
import pytest

from ml_engine import metrics
from ml_engine.events import event_chances
from ml_engine.point_scores import point_scores
from ml_engine.quantiles import LEVELS

NORMAL = np.array([NormalDist(0.0, 0.02).inv_cdf(level) for level in LEVELS])
SHIFTED = NORMAL + 0.01
ACTUAL = np.array([0.0, 0.015, -0.06])
QUANTILES = np.array([NORMAL, SHIFTED, SHIFTED])
USUAL = np.array([0.02, 0.02, 0.03])


def test_a_points_scores_are_what_a_hand_works_out() -> None:
    scores = point_scores(QUANTILES, ACTUAL, USUAL)

    assert scores.pit == pytest.approx([0.5, NormalDist(0.01, 0.02).cdf(0.015), NormalDist().cdf(-3.5)])
    assert scores.error == pytest.approx([0.0, 0.005, -0.07])
    assert np.isnan(scores.direction_right[0])
    assert scores.direction_right[1:].tolist() == [1.0, 0.0]
    assert {band: held.tolist() for band, held in scores.inside.items()} == {
        band: [True, True, False] for band in (50, 80, 90, 95)
    }
    assert scores.chances[1] == pytest.approx(
        [1 - NormalDist(0.01, 0.02).cdf(bound) for bound in (-0.02, 0.0, 0.02)]
    )


def test_pinball_is_the_mean_over_all_levels_and_crps_over_thirteen() -> None:
    scores = point_scores(QUANTILES[2:], ACTUAL[2:], USUAL[2:])

    losses = [
        (level - 1) * (-0.06 - quantile) if quantile > -0.06 else level * (-0.06 - quantile)
        for level, quantile in zip(LEVELS, SHIFTED, strict=True)
    ]
    used = [loss for level, loss in zip(LEVELS, losses, strict=True) if level not in (0.01, 0.25, 0.75, 0.99)]
    assert scores.pinball == pytest.approx([sum(losses) / 17])
    assert scores.crps == pytest.approx([2 * sum(used) / 13])


def test_means_over_points_are_the_scores_over_origins() -> None:
    scores = point_scores(QUANTILES, ACTUAL, USUAL)

    assert scores.crps.mean() == metrics.crps(QUANTILES, ACTUAL).mean()
    assert scores.inside[80].mean() == metrics.coverage(QUANTILES, ACTUAL, 80)
    assert np.mean(scores.error**2) == metrics.mse(QUANTILES[:, 8], ACTUAL)
    assert (scores.chances == event_chances(QUANTILES, USUAL)).all()


def test_a_bound_is_inside() -> None:
    low, high = NORMAL[LEVELS.index(0.1)], NORMAL[LEVELS.index(0.9)]

    scores = point_scores(np.array([NORMAL, NORMAL]), np.array([low, high]), USUAL[:2])

    assert scores.inside[80].tolist() == [True, True]
    assert scores.inside[50].tolist() == [False, False]


def test_no_points_have_no_scores() -> None:
    scores = point_scores(np.empty((0, len(LEVELS))), np.empty(0), np.empty(0))

    assert (len(scores.crps), scores.chances.shape) == (0, (0, 3))
