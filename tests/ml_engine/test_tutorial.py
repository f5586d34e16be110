"""The tutorial's LSTM: a point, and no more than it says it is."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.quantiles import LEVELS, FloatArray
from ml_engine.tutorial import WINDOW, Scaler, TutorialLSTM, iterate, train
from tests.ml_engine.synthetic import make_bars

RAMP = np.tile(np.linspace(0.0, 1.0, 20), 15)  # rises for twenty sessions, and again


@pytest.fixture(scope="module")
def prices() -> FloatArray:
    bars = make_bars(260, seed=2)
    return TutorialLSTM(epochs=1).predict(bars, pd.DatetimeIndex(bars.index[249:]), 5).prices


def test_all_quantiles_are_one_point(prices: FloatArray) -> None:
    assert prices.shape == (11, 5, len(LEVELS))
    assert_array_equal(prices, np.repeat(prices[:, :, :1], len(LEVELS), axis=2))
    assert np.ptp(prices[:, :, 0]) > 0


def test_the_scaler_is_of_the_rows_it_was_given() -> None:
    scaler = Scaler.of(np.array([20.0, 10.0, 30.0]))

    assert_allclose(scaler.scale(np.array([10.0, 30.0, 40.0])), [0.0, 1.0, 1.5])
    assert_allclose(scaler.unscale(np.array([0.0, 1.0, 1.5])), [10.0, 30.0, 40.0])


def test_it_learns_what_repeats_itself() -> None:
    network = train(RAMP, epochs=25)

    answers = iterate(network, RAMP[None, : WINDOW + 5], 1)

    assert_allclose(answers[0, 0], RAMP[WINDOW + 5], atol=0.1)


def test_each_answer_is_fed_in_for_the_next() -> None:
    network = train(RAMP, epochs=1)
    window = RAMP[None, :WINDOW]

    first, second = iterate(network, window, 2)[0]

    assert_allclose(iterate(network, np.append(window, [[first]], axis=1), 1), [[second]], rtol=1e-12)


def test_training_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()

    one, two = (train(RAMP, epochs=1).state_dict() for _ in range(2))

    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], two[name]) for name in one)
