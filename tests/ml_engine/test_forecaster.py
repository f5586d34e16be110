"""Training, saving and loading; what the forecasts must be is in test_predict and test_causality."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from numpy.testing import assert_array_equal

from ml_engine.artifacts import identical
from ml_engine.errors import NotEnoughHistory, TrainingStopped
from ml_engine.forecaster import LSTMForecaster, TrainingConfig, TrainingProgress
from tests.ml_engine.conftest import TINY
from tests.ml_engine.synthetic import make_bars


def test_train_save_load_predict(tiny: LSTMForecaster, tmp_path: Path) -> None:
    bars = make_bars(400, seed=9)

    saved = tiny.save(tmp_path / "tiny")
    loaded = LSTMForecaster.load(path=tmp_path / "tiny")

    assert loaded.card == saved.card == tiny.card
    assert_array_equal(loaded.predict(bars).prices, tiny.predict(bars).prices)


def test_a_fine_tuned_model_is_saved_and_loaded_too(tuned: LSTMForecaster, tmp_path: Path) -> None:
    bars = make_bars(400, seed=9)

    tuned.save(tmp_path / "tuned")
    loaded = LSTMForecaster.load(path=tmp_path / "tuned")

    assert loaded.card == tuned.card
    assert_array_equal(loaded.predict(bars).prices, tuned.predict(bars).prices)


def test_same_seed_trains_the_same_bits(tiny: LSTMForecaster) -> None:
    panel = {"B": make_bars(800, seed=2), "A": make_bars(900, seed=1)}

    again = LSTMForecaster.train(panel, TINY)
    other = LSTMForecaster.train(panel, replace(TINY, seed=8))

    assert again.card == tiny.card
    assert identical(again.model.tensors(), tiny.model.tensors())
    assert not identical(other.model.tensors(), tiny.model.tensors())


def test_training_leaves_the_global_generator_alone(tiny: LSTMForecaster) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)

    LSTMForecaster.train({"A": make_bars(800, seed=1)}, TINY)

    assert torch.equal(torch.rand(1), expected)


def test_one_instrument_from_scratch() -> None:
    heard: list[TrainingProgress] = []

    forecaster = LSTMForecaster.train(
        {"ONE": make_bars(750)}, TrainingConfig.for_one_instrument(), on_progress=heard.append
    )

    assert forecaster.name == "from-scratch"
    assert forecaster.card.self_test["passed"] is True
    assert forecaster.card.data["instruments"] == 1
    assert forecaster.card.trained_until == make_bars(750).index[-1].date()
    assert heard[-1].epoch == len(forecaster.loss_history)
    assert forecaster.predict(make_bars(300)).prices.shape == (1, 20, 17)


def test_from_scratch_needs_750_rows() -> None:
    with pytest.raises(NotEnoughHistory) as caught:
        LSTMForecaster.train({"ONE": make_bars(749)}, TINY)

    assert (caught.value.needed, caught.value.available) == (750, 749)


def test_an_empty_panel() -> None:
    with pytest.raises(NotEnoughHistory):
        LSTMForecaster.train({}, TINY)


def test_training_stops_when_told() -> None:
    began = time.monotonic()

    with pytest.raises(TrainingStopped):
        LSTMForecaster.train({"ONE": make_bars(800)}, TINY, should_stop=lambda: True)

    assert time.monotonic() - began < 10


def test_card_of_a_trained_model(tiny: LSTMForecaster) -> None:
    card = tiny.card

    assert card.name == "house"
    assert card.parameters == sum(one.numel() for one in tiny.model.network.parameters())
    assert card.data["instruments"] == 2
    assert card.data["rows"] == 1700
    assert (card.config["hidden"], card.seed) == (4, TINY.seed)
    assert card.metrics["from"] > card.data["from"]
    assert set(card.metrics["steps"]) >= {"1", "5", "10", "20"}
    assert [entry["epoch"] for entry in tiny.loss_history] == [1, 2]


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, ml_engine; assert 'torch' not in sys.modules and 'pandas' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], check=True)
