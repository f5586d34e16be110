"""Training, saving and loading; what the forecasts must be is in test_predict and test_causality."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path

import pytest
import torch
from numpy.testing import assert_array_equal

from ml_engine.artifacts import fingerprint
from ml_engine.errors import NotEnoughHistory, TrainingStopped
from ml_engine.features import FEATURES
from ml_engine.forecaster import LSTMForecaster, TrainingConfig, TrainingProgress
from ml_engine.metrics import BANDS
from ml_engine.network import KNOTS
from ml_engine.quantiles import LEVELS
from tests.ml_engine.conftest import TINY, TINY_HOUSE
from tests.ml_engine.synthetic import make_bars
from tests.ml_engine.weights import identical


def test_train_save_load_predict(tiny: LSTMForecaster, tmp_path: Path) -> None:
    bars = make_bars(400, seed=9)

    saved = tiny.save(tmp_path / "tiny")
    loaded = LSTMForecaster.load(path=tmp_path / "tiny")

    assert loaded.card == saved.card == tiny.card
    assert_array_equal(loaded.predict(bars).prices, tiny.predict(bars).prices)


def test_a_committee_is_saved_and_loaded_with_all_its_members(
    committee: LSTMForecaster, tmp_path: Path
) -> None:
    bars = make_bars(400, seed=9)

    committee.save(tmp_path / "house")
    loaded = LSTMForecaster.load(path=tmp_path / "house")

    assert loaded.card == committee.card
    assert identical(loaded.model.tensors(), committee.model.tensors())
    assert_array_equal(loaded.predict(bars).prices, committee.predict(bars).prices)


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


@pytest.mark.parametrize("config", [TINY, TINY_HOUSE])
def test_training_stops_when_told(config: TrainingConfig) -> None:
    asked = count()

    with pytest.raises(TrainingStopped):
        LSTMForecaster.train({"ONE": make_bars(800)}, config, should_stop=lambda: next(asked) >= 0)

    assert next(asked) == 1  # before the features of the first history


@pytest.mark.parametrize("call", [0, 1, 2, -3, -2, -1])
def test_training_stops_at_any_stage(call: int) -> None:
    panel, config = {"ONE": make_bars(750)}, replace(TINY, folds=0)
    asked = count()
    LSTMForecaster.train(panel, config, should_stop=lambda: next(asked) < 0)
    at = call % next(asked)  # negative: counted from the last one, before the self-test
    asked = count()

    with pytest.raises(TrainingStopped):
        LSTMForecaster.train(panel, config, should_stop=lambda: next(asked) >= at)

    assert next(asked) == at + 1


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


def test_card_of_a_house_model(committee: LSTMForecaster) -> None:
    card = committee.card

    assert card.name == "house"
    assert card.config == {
        **json.loads(json.dumps(asdict(TINY_HOUSE))),
        "features": list(FEATURES),
        "knots": list(KNOTS),
        "levels": list(LEVELS),
    }
    one = committee.model.network.each[0]
    assert card.parameters == 3 * sum(value.numel() for value in one.parameters())
    assert card.sha256 == fingerprint(committee.model.tensors())
    assert [entry["epoch"] for entry in card.loss_history] == [1, 2]
    # The last of three folds, of the network that had not seen it.
    first = make_bars(900).index[125 + 2 * 775 // 3]
    assert (card.metrics["from"], card.metrics["to"]) == (f"{first:%Y-%m-%d}", card.data["to"])
    assert card.metrics["used_to_stop_training"] is False


def test_scores_on_the_card_of_a_house_model(committee: LSTMForecaster) -> None:
    steps = committee.card.metrics["steps"]

    # Two histories of 900 and 800 sessions, of which the fold holds the last 259 and 159.
    origins = {step: scores["origins"] for step, scores in steps.items()}
    assert origins == {step: 259 + 159 - 2 * int(step) for step in ("1", "5", "10", "20", "60")}
    for scores in steps.values():
        assert list(scores) == [
            "origins",
            "crps_skill",
            "rmse_ratio",
            *(f"coverage_{band}" for band in BANDS),
        ]
        assert 0.2 < scores["coverage_50"] < scores["coverage_80"] < scores["coverage_95"] <= 1


def test_self_test_on_the_card_of_a_house_model(committee: LSTMForecaster) -> None:
    found = committee.card.self_test

    assert found["passed"] is True
    assert len(found["runs"]) == 2
    for run in found["runs"]:
        assert run["changed_after_origin"] == "identical"
        assert run["shuffled_rmse_ratio"] == pytest.approx(1, abs=0.01)
        assert run["shuffled_crps_ratio"] > 0.98
        assert run["follows_earlier"] < run["follows_today"] <= 1


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, ml_engine; assert 'torch' not in sys.modules and 'pandas' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], check=True)
