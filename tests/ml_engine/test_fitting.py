"""Training on the first part of time, calibration and report on the last."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_engine.blocks import split
from ml_engine.calibration import Calibration
from ml_engine.fitting import TRUST_IN_ONE_BLOCK, Workshop, fit_held_out
from ml_engine.histories import History, outcome, prepare
from ml_engine.model import Model
from ml_engine.network import KNOTS
from ml_engine.training import Callbacks, TrainingProgress
from tests.ml_engine.conftest import TINY
from tests.ml_engine.synthetic import change_after, make_bars, make_market
from tests.ml_engine.weights import identical

CONFIG = replace(TINY, batch=1, calibration_share=0.15)
ROWS = 1100


def make_workshop(bars: pd.DataFrame) -> Workshop:
    return Workshop([prepare(bars)], CONFIG)


@pytest.fixture(scope="module")
def history() -> History:
    return prepare(make_bars(ROWS, seed=1))


@pytest.fixture(scope="module")
def model(history: History) -> Model:
    return fit_held_out(Workshop([history], CONFIG), Callbacks()).model


def test_the_report_is_of_the_last_block_which_also_stopped_training(history: History) -> None:
    fitted = fit_held_out(Workshop([history], CONFIG), Callbacks())

    first = history.dates[ROWS - 165]
    assert (fitted.metrics["from"], fitted.metrics["to"]) == (f"{first:%Y-%m-%d}", "2014-03-21")
    assert fitted.metrics["used_to_stop_training"] is True
    origins = {step: scores["origins"] for step, scores in fitted.metrics["steps"].items()}
    assert origins == {step: 165 - int(step) for step in ("1", "5", "10", "20", "60")}


def test_progress_never_falls_and_losses_are_of_the_held_out_block(history: History) -> None:
    heard: list[TrainingProgress] = []

    fitted = fit_held_out(Workshop([history], CONFIG), Callbacks(heard.append))

    fractions = [one.fraction for one in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    watched = [one.validation_loss for one in heard if one.validation_loss is not None]
    assert [entry["validation_loss"] for entry in fitted.losses] == watched


def test_the_network_sees_nothing_of_the_last_block_nor_of_the_embargo() -> None:
    bars = make_bars(ROWS, seed=1)
    end = bars.index.get_loc(split([pd.DatetimeIndex(bars.index)], CONFIG).fit.last)
    assert end == ROWS - 165 - 60 - 1

    fits = [fit_held_out(make_workshop(one), Callbacks()) for one in (bars, change_after(bars, end))]

    one, other = (fit.model.network.state_dict() for fit in fits)
    assert identical(one, other)
    assert fits[0].metrics != fits[1].metrics


def test_half_of_what_the_one_block_shows_is_believed(history: History, model: Model) -> None:
    block = split([history.dates], CONFIG).calibration
    raw = replace(model, calibration=Calibration.none(len(KNOTS)))

    seen = outcome(raw, [history], block, learnt=True)

    whole = Calibration.fit(seen.quantiles, seen.targets).shifts
    np.testing.assert_allclose(model.calibration.shifts, TRUST_IN_ONE_BLOCK * whole, rtol=1e-6, atol=1e-9)


def test_outcome_pairs_forecasts_with_what_came(history: History, model: Model) -> None:
    block = split([history.dates], CONFIG).calibration

    seen = outcome(model, [history, history], block, stride=2)

    rows = np.arange(ROWS - 165, ROWS - 1, 2)
    said = model.scaled(history.features, rows)
    np.testing.assert_array_equal(seen.quantiles, np.concatenate([said, said]))
    np.testing.assert_array_equal(seen.volatility[82:], history.features.volatility[rows])
    moved = np.diff(history.features.log_close)[rows] / history.features.volatility[rows]
    np.testing.assert_allclose(seen.targets[:82, 0], moved, rtol=1e-6)


def test_a_market_changes_what_is_learnt() -> None:
    bars = make_bars(ROWS, seed=1)
    config = replace(CONFIG, market_dropout=0.0)

    histories = [prepare(bars), prepare(bars, make_market(bars))]
    without, within = (fit_held_out(Workshop([one], config), Callbacks()).model for one in histories)

    assert not identical(without.tensors(), within.tensors())
