import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.baselines import NORMAL
from ml_engine.calibration import Calibration
from ml_engine.metrics import BANDS
from ml_engine.quantiles import LEVELS


def covered(quantiles: np.ndarray, targets: np.ndarray, band: int) -> float:
    low, high = (quantiles[..., LEVELS.index(level)] for level in BANDS[band])
    return float(np.mean((targets >= low) & (targets <= high)))


def test_no_calibration_changes_nothing() -> None:
    quantiles = np.tile(NORMAL, (5, 2, 1))

    assert_array_equal(Calibration.none(2).apply(quantiles), quantiles)


def test_shift_by_hand() -> None:
    quantiles = np.tile(NORMAL, (1001, 1, 1))
    targets = 2 * np.linspace(-3, 3, 1001)[:, None]

    shifts = Calibration.fit(quantiles, targets).shifts

    # The 90 % quantile of the targets is 4.8 (n large), that of the forecast 1.2816, the band 2.5631 wide.
    place = LEVELS.index(0.9)
    assert_allclose(shifts[0, place], (4.8 - 1.2816) / 2.5631, rtol=5e-3)
    assert_allclose(shifts, -shifts[:, ::-1], atol=1e-12)


def test_bands_too_narrow_get_wider() -> None:
    random = np.random.default_rng(0)
    quantiles = np.tile(NORMAL, (4000, 1, 1)) * random.uniform(0.5, 2, (4000, 1, 1))
    targets = 1.4 * quantiles[:, :, -1] / NORMAL[-1] * random.standard_normal((4000, 1))

    corrected = Calibration.fit(quantiles[:2000], targets[:2000]).apply(quantiles[2000:])

    before, after = (covered(one, targets[2000:], 80) for one in (quantiles[2000:], corrected))
    assert before < 0.66
    assert 0.78 < after < 0.82


@pytest.mark.parametrize("trust", [0.0, 0.5, 1.0])
def test_trust_is_the_share_of_the_shift_that_is_kept(trust: float) -> None:
    quantiles = np.tile(NORMAL, (1001, 1, 1))
    targets = 2 * np.linspace(-3, 3, 1001)[:, None]

    whole, part = Calibration.fit(quantiles, targets), Calibration.fit(quantiles, targets, trust)

    assert_array_equal(part.shifts, trust * whole.shifts)
    assert np.abs(whole.shifts[0, 0]) > 0.5


def test_a_blocks_drift_is_not_learnt() -> None:
    quantiles = np.tile(NORMAL, (20000, 1, 1))
    targets = 0.3 + np.random.default_rng(0).standard_normal((20000, 1))

    shifts = Calibration.fit(quantiles, targets).shifts

    assert_allclose(shifts, 0, atol=0.01)


def test_unknown_targets_and_knots_without_any() -> None:
    quantiles = np.tile(NORMAL, (3, 2, 1))
    targets = np.array([[1.0, np.nan], [np.nan, np.nan], [-1.0, np.nan]])

    shifts = Calibration.fit(quantiles, targets).shifts

    assert np.isfinite(shifts).all()
    assert_array_equal(shifts[1], 0)


def test_corrected_quantiles_never_cross() -> None:
    narrowing = Calibration(-5 * np.sign(NORMAL)[None])

    corrected = narrowing.apply(NORMAL[None, None])

    assert (np.diff(corrected) >= 0).all()
