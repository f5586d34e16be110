"""From states to quantiles of log returns: learnt, with a plausible growth, adapted to the history."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.adaptation import first_walked, log_widths, widened
from ml_engine.blocks import targets
from ml_engine.calibration import Calibration
from ml_engine.features import Features, build_features
from ml_engine.forecaster import LSTMForecaster
from ml_engine.metrics import coverage
from ml_engine.model import Model, growth, new_network
from ml_engine.network import KNOTS
from ml_engine.quantiles import MEDIAN
from tests.ml_engine.conftest import TINY
from tests.ml_engine.synthetic import change_after, make_bars, make_market

ROWS = 1600


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    return make_bars(ROWS, seed=5)


@pytest.fixture(scope="module")
def features(bars: pd.DataFrame) -> Features:
    return build_features(bars, make_market(bars))


@pytest.fixture(params=["tiny", "committee", "house"])
def model(request: pytest.FixtureRequest) -> Model:
    forecaster: LSTMForecaster = request.getfixturevalue(request.param)
    return forecaster.model


def test_growth_by_hand() -> None:
    """4 % a year in volatilities of a session, and never more than .02 of them."""
    expected = [0.04 / 252 / 0.02, 0.04 / 252 / 0.01, 0.02, 0.02]

    assert_allclose(growth(np.array([0.02, 0.01, 0.0005, 1e-5])), expected)


def test_growth_is_positive_and_capped_whatever_the_volatility() -> None:
    found = growth(np.geomspace(1e-8, 10, 200))

    assert found.min() > 0
    assert found.max() == 0.02
    assert (np.diff(found) <= 0).all()


def test_the_median_grows_by_the_session(model: Model, features: Features) -> None:
    """In log prices it is growth · volatility · step, whatever the network has learnt."""
    rows = np.array([249, 800, 1599])

    medians = model.log_returns(features, rows, 60)[:, [place - 1 for place in KNOTS], MEDIAN]

    session = np.minimum(0.04 / 252, 0.02 * features.volatility[rows])
    assert_allclose(medians, session[:, None] * np.array(KNOTS), rtol=1e-9)


def test_growth_moves_the_law_and_leaves_its_shape(model: Model, features: Features) -> None:
    rows = np.arange(300, 320)

    learnt, scaled = model.learnt(features, rows), model.scaled(features, rows)

    assert_allclose(np.diff(scaled, axis=-1), np.diff(learnt, axis=-1), atol=1e-12)


def test_adapted_is_the_walk_over_what_would_have_been_said(model: Model, features: Features) -> None:
    rows = np.array([1400, 1599])
    walked = np.arange(first_walked(rows), 1600)
    said = model.scaled(features, walked)

    widths = log_widths(said, targets(features)[walked], int(walked[0]), rows)

    assert np.abs(widths).max() > 0.01
    assert_array_equal(model.adapted(features, rows), widened(said[rows - walked[0]], widths))


def test_with_250_rows_the_static_bands_stand(model: Model, features: Features) -> None:
    rows = np.array([249])

    assert_array_equal(model.adapted(features, rows), model.scaled(features, rows))


def test_bands_that_are_too_narrow_are_widened(committee: LSTMForecaster, features: Features) -> None:
    """The same network with bands of .6 of their width: the walk finds out and makes up for most of it."""
    narrow = replace(committee.model, calibration=narrowing(committee.model, features, 0.6))
    rows = np.arange(960, 1599)
    known = targets(features)[rows, 0]

    before, after = (
        coverage(said[:, 0], known, 80)
        for said in (narrow.scaled(features, rows), narrow.adapted(features, rows))
    )

    assert before < 0.66
    assert abs(after - 0.8) < (0.8 - before) / 3


def narrowing(model: Model, features: Features, share: float) -> Calibration:
    """Shifts that draw the law at the last row together to `share` of its width."""
    law = replace(model, calibration=Calibration.none(len(KNOTS))).learnt(features, np.array([1599]))[0]
    width = law[:, -4:-3] - law[:, 3:4]  # of the 80 % band
    return Calibration((share - 1) * (law - law[:, MEDIAN : MEDIAN + 1]) / width)


def test_states_are_the_same_bits_alone_among_many_and_later(model: Model, bars: pd.DataFrame) -> None:
    rows = np.arange(249, 1200)
    past, whole, other = (build_features(one) for one in (bars.iloc[:1200], bars, change_after(bars, 1199)))

    many = model.states(whole, rows)

    for row in (249, 319, 320, 639, 1000, 1199):
        assert torch.equal(model.states(whole, np.array([row]))[0], many[row - 249])
    assert torch.equal(model.states(past, rows), many)
    assert torch.equal(model.states(other, rows), many)
    assert torch.equal(model.states(whole, rows[::-1].copy()), many.flip(0))


def test_lstms_compute_in_single_precision_and_the_rest_in_double(model: Model, features: Features) -> None:
    kinds = {name: value.dtype for name, value in model.network.state_dict().items()}

    assert {kind for name, kind in kinds.items() if ".lstm." in name} == {torch.float32}
    assert {kind for name, kind in kinds.items() if ".lstm." not in name} == {torch.float64}
    assert model.states(features, np.array([300])).dtype == torch.float64


def test_a_committee_holds_the_states_of_all_its_members(
    committee: LSTMForecaster, features: Features
) -> None:
    assert committee.model.states(features, np.array([300, 700])).shape == (2, 3 * TINY.hidden)
    assert len(list(committee.model.network)) == 3


def test_networks_are_drawn_from_the_seed_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)

    one, two, other = (new_network(replace(TINY, seed=seed)).head.weight for seed in (7, 7, 8))

    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(torch.rand(1), expected)
