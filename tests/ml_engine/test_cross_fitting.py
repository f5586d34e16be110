"""A committee of networks, each blind to one block of time, calibrated by what all missed there."""

from dataclasses import replace
from itertools import count

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.blocks import Block, rows_of
from ml_engine.calibration import Calibration
from ml_engine.cross_fitting import CrossFitting, SharedProgress, fit_across
from ml_engine.errors import TrainingStopped
from ml_engine.fitting import Fitted, Workshop
from ml_engine.histories import prepare
from ml_engine.model import Model, assemble
from ml_engine.network import KNOTS
from ml_engine.training import Callbacks, TrainingProgress
from tests.ml_engine.conftest import TINY_HOUSE
from tests.ml_engine.synthetic import make_bars
from tests.ml_engine.weights import identical

ROWS = 1200
EMBARGO = 60


def make_histories(*changes: tuple[int, int]) -> list[pd.DataFrame]:
    """Two histories, the second listed later; all prices in the row ranges `changes` are replaced."""
    both = [make_bars(ROWS, seed=1), make_bars(ROWS, seed=2).iloc[300:]]
    for begin, end in changes:
        span = slice(both[0].index[begin], both[0].index[end - 1])
        for one in both:
            factors = np.random.default_rng(1).uniform(0.9, 1.1, len(one.loc[span]))
            one.loc[span] = one.loc[span].mul(factors, axis=0)
    return both


def make_workshop(*changes: tuple[int, int]) -> Workshop:
    return Workshop([prepare(one) for one in make_histories(*changes)], TINY_HOUSE)


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return make_workshop()


@pytest.fixture(scope="module")
def fitted(workshop: Workshop) -> Fitted:
    return fit_across(workshop, Callbacks())


def sessions_used(known: np.ndarray, first: int) -> np.ndarray:
    """Sessions (of all) whose prices targets (row, knot) are made of: from their origin to their end."""
    used = np.zeros(ROWS, dtype=bool)
    for row, place in np.argwhere(~np.isnan(known)):
        used[first + row : first + row + KNOTS[place] + 1] = True
    return np.flatnonzero(used)


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_targets_share_no_session_with_their_fold_nor_the_embargo(workshop: Workshop, fold: int) -> None:
    fitting = CrossFitting(workshop, Callbacks())
    begin, end = rows_of(fitting.folds[fold], fitting.sessions)
    forbidden = range(begin - EMBARGO, end + EMBARGO)

    targets = fitting._targets_without(fitting.folds[fold])

    for known, first in zip(targets, (0, 300), strict=True):
        used = sessions_used(known, first)
        allowed = {*range(first + TINY_HOUSE.first_origin, ROWS)}.difference(forbidden)
        assert not set(used) & set(forbidden)
        assert set(used) == allowed


def test_folds_are_thirds_of_the_sessions_that_can_be_origins(workshop: Workshop) -> None:
    fitting = CrossFitting(workshop, Callbacks())

    rows = [rows_of(fold, fitting.sessions) for fold in fitting.folds]

    assert rows == [(125, 483), (483, 841), (841, 1200)]


def test_no_network_sees_its_fold() -> None:
    """With all prices of the last fold replaced, the network blind to it is the same bits.

    Only of the last: the features of rows after a fold remember what was in it.
    """
    plain, changed = (fit_across(make_workshop(*one), Callbacks()).model for one in ((), ((841, ROWS),)))

    same = [
        identical(one.state_dict(), other.state_dict())
        for one, other in zip(plain.network, changed.network, strict=True)
    ]
    assert same == [False, False, True]


def test_same_bits_twice_although_two_train_at_once(workshop: Workshop, fitted: Fitted) -> None:
    again = fit_across(workshop, Callbacks())

    assert identical(again.model.tensors(), fitted.model.tensors())
    assert again.metrics == fitted.metrics
    assert again.losses == fitted.losses


def test_members_differ_and_come_from_successive_seeds(workshop: Workshop, fitted: Fitted) -> None:
    other = fit_across(replace(workshop, config=replace(TINY_HOUSE, seed=8)), Callbacks())

    members = [one.state_dict() for one in fitted.model.network]
    assert len(members) == 3
    assert not identical(members[0], members[1])
    assert not identical(other.model.tensors(), fitted.model.tensors())


def asked_for(workshop: Workshop, fitted: Fitted, members: range) -> Calibration:
    """What some of the members miss, each on the fold that it has not seen."""
    folds = CrossFitting(workshop, Callbacks()).folds
    none = Calibration.none(len(KNOTS))
    seen = [workshop.outcome(alone(fitted, place, none), folds[place], learnt=True) for place in members]
    quantiles, known = ([getattr(one, name) for one in seen] for name in ("quantiles", "targets"))
    return Calibration.fit(np.concatenate(quantiles), np.concatenate(known))


def alone(fitted: Fitted, member: int, calibration: Calibration) -> Model:
    return assemble([fitted.model.network.each[member]], calibration, fitted.model.config)


def test_what_all_members_missed_calibrates_the_committee(workshop: Workshop, fitted: Fitted) -> None:
    expected = asked_for(workshop, fitted, range(3)).shifts

    assert np.abs(expected).max() > 0.01
    assert_allclose(fitted.model.calibration.shifts, expected, rtol=1e-6, atol=1e-9)


def test_the_report_is_of_the_last_member_calibrated_by_the_others(
    workshop: Workshop, fitted: Fitted
) -> None:
    """What the last fold shows enters neither its network nor its calibration."""
    last = CrossFitting(workshop, Callbacks()).folds[-1]

    reported = alone(fitted, 2, asked_for(workshop, fitted, range(2)))

    assert fitted.metrics == workshop.report(reported, last, stopped_by_it=False)
    assert (fitted.metrics["from"], fitted.metrics["to"]) == (str(last.first.date()), str(last.last.date()))
    origins = {step: scores["origins"] for step, scores in fitted.metrics["steps"].items()}
    assert origins == {step: 2 * (359 - int(step)) for step in ("1", "5", "10", "20", "60")}


def test_losses_are_the_mean_of_the_members(workshop: Workshop, fitted: Fitted) -> None:
    fitting = CrossFitting(workshop, Callbacks())

    assert [one["epoch"] for one in fitted.losses] == [1, 2]
    assert [one["fraction"] for one in fitted.losses] == [0.5, 1.0]
    own = []
    for network, fold, seed in zip(fitted.model.network, fitting.folds, (7, 8, 9), strict=True):
        copied = replace(workshop, config=replace(TINY_HOUSE, seed=seed))
        windows = copied._windows(workshop.targets(fold))
        losses = [
            (float(network.float().loss(features, targets)), len(features))
            for features, targets in windows.batches()
        ]
        own.append(sum(loss * size for loss, size in losses) / sum(size for _, size in losses))
    assert fitted.losses[-1]["validation_loss"] == pytest.approx(np.mean(own), rel=1e-6)


def test_progress_rises_to_one_over_all_members(workshop: Workshop) -> None:
    heard: list[TrainingProgress] = []

    fit_across(workshop, Callbacks(heard.append))

    fractions = [one.fraction for one in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0, abs=1e-12)
    ends = [one for one in heard if one.validation_loss is not None]
    assert sorted(one.epoch for one in ends) == [1, 1, 1, 2, 2, 2]


def test_shared_progress_by_hand() -> None:
    heard: list[float] = []
    shared = SharedProgress(Callbacks(lambda one: heard.append(one.fraction)), parts=2)
    first, second = shared.part(), shared.part()

    for part, fraction in ((first, 0.5), (second, 0.25), (first, 1.0), (second, 1.0)):
        part.report(TrainingProgress(1, 1, fraction, 0.1))

    assert heard == [0.25, 0.375, 0.625, 1.0]


@pytest.mark.parametrize("batches", [0, 1, 7, 20])
def test_all_stop_within_one_batch(workshop: Workshop, batches: int) -> None:
    """Once told to stop, each network in training or still to begin asks once more and no oftener."""
    asked = count()
    slow = replace(workshop, config=replace(TINY_HOUSE, batch=1))

    with pytest.raises(TrainingStopped):
        fit_across(slow, Callbacks(should_stop=lambda: next(asked) >= batches))

    assert batches + 1 <= next(asked) <= batches + 3


def test_a_fold_of_all_the_time_leaves_nothing_to_learn_from(workshop: Workshop) -> None:
    fitting = CrossFitting(workshop, Callbacks())
    whole = Block(fitting.sessions[125], fitting.sessions[-1])

    nothing = fitting._targets_without(whole)

    assert_array_equal([np.isnan(one).all() for one in nothing], [True, True])


def test_an_interrupted_wait_stops_all_parts() -> None:
    progress = SharedProgress(Callbacks(), parts=2)
    part = progress.part()
    part.check()

    with pytest.raises(KeyboardInterrupt), progress.ended_together():
        raise KeyboardInterrupt

    with pytest.raises(TrainingStopped):
        part.check()
