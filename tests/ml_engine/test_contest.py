import numpy as np
import pytest

from ml_engine.contest import Pairs, contest
from ml_engine.significance import diebold_mariano

DATES = np.datetime64("2026-01-01") + np.arange(200)


def pairs(crps: np.ndarray, rival: np.ndarray, *, ahead: int = 1, instruments: int = 1) -> Pairs:
    """Rows of so many instruments a day, `ahead` days ahead."""
    origins = np.repeat(DATES[: len(crps) // instruments], instruments)
    held = np.arange(len(crps)) % 5 > 0
    return Pairs(origins, origins + ahead, crps, rival, held, ~held)


def test_skill_and_coverage_are_of_all_rows() -> None:
    result = contest(pairs(np.array([1.0, 2.0, 3.0, 3.0, 1.0]), np.full(5, 4.0)))

    assert (result.dates, result.points) == (5, 5)
    assert result.crps_skill == pytest.approx(0.5)
    assert (result.coverage_80, result.rival_coverage_80) == (0.8, pytest.approx(0.2))
    assert result.p_value is None


def test_a_day_counts_once_whatever_its_instruments() -> None:
    random = np.random.default_rng(0)
    crps, rival = random.random(400), 0.05 + random.random(400)

    result = contest(pairs(crps, rival, instruments=2))

    means = (crps - rival).reshape(200, 2).mean(axis=1)
    assert result.p_value == pytest.approx(diebold_mariano(means, 1))


def test_overlapping_targets_are_allowed_for() -> None:
    random = np.random.default_rng(1)
    crps, rival = random.random(200), 0.05 + random.random(200)

    result = contest(pairs(crps, rival, ahead=20))

    assert result.p_value == pytest.approx(diebold_mariano(crps - rival, 20))


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.default_rng(2)
    rows = pairs(random.random(200), random.random(200), ahead=5)
    order = random.permutation(200)
    shuffled = Pairs(**{name: values[order] for name, values in vars(rows).items()})

    assert contest(shuffled).p_value == pytest.approx(contest(rows).p_value)


def test_the_first_dates_alone() -> None:
    rows = pairs(np.arange(10.0), np.ones(10), instruments=2).first(3)

    assert rows.crps.tolist() == [0, 1, 2, 3, 4, 5]
    assert contest(rows).dates == 3
