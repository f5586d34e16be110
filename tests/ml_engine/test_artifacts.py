import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml_engine.artifacts import read, write
from ml_engine.errors import ArtifactError
from ml_engine.forecaster import LSTMForecaster


@pytest.fixture
def folder(tiny: LSTMForecaster, tmp_path: Path) -> Path:
    tiny.save(tmp_path / "model")
    return tmp_path / "model"


def test_only_weights_and_card_are_left(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "weights.safetensors"]
    assert list(folder.parent.iterdir()) == [folder]


def test_saving_again_replaces_and_gives_the_same_bytes(tiny: LSTMForecaster, folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "card.json").write_text("old")

    tiny.save(folder)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(folder.parent.iterdir()) == [folder]


def test_changed_weights_are_refused(folder: Path) -> None:
    weights = bytearray((folder / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(weights)

    with pytest.raises(ArtifactError, match="not those their card describes"):
        LSTMForecaster.load(path=folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "card.json"])
def test_missing_files(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(ArtifactError, match="missing or damaged"):
        LSTMForecaster.load(path=folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"name": "house"}'])
def test_damaged_card(folder: Path, text: str) -> None:
    (folder / "card.json").write_text(text)

    with pytest.raises(ArtifactError, match="card"):
        LSTMForecaster.load(path=folder)


def test_a_model_made_for_other_features_is_refused(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    card["config"]["features"][0] = "phase of the moon"
    (folder / "card.json").write_text(json.dumps(card))

    with pytest.raises(ArtifactError, match="other features"):
        LSTMForecaster.load(path=folder)


def test_weights_of_another_size_are_refused(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    card["config"]["hidden"] = 5
    (folder / "card.json").write_text(json.dumps(card))

    with pytest.raises(ArtifactError, match="don't fit"):
        LSTMForecaster.load(path=folder)


@pytest.mark.parametrize("self_test", [{}, {"passed": False}])
def test_a_model_that_failed_its_self_test_is_not_saved(
    tiny: LSTMForecaster, tmp_path: Path, self_test: dict[str, bool]
) -> None:
    leaky = replace(tiny, card=replace(tiny.card, self_test=self_test))

    with pytest.raises(ArtifactError, match="did not pass"):
        leaky.save(tmp_path / "leaky")

    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read(tiny: LSTMForecaster, tmp_path: Path) -> None:
    card = write(tmp_path / "a" / "b", tiny.model.tensors(), tiny.card)

    tensors, again = read(tmp_path / "a" / "b")

    assert again == card
    assert tensors.keys() == tiny.model.tensors().keys()


def test_what_was_packed_forecasts_the_same_bits(tiny: LSTMForecaster, bars: pd.DataFrame) -> None:
    again = LSTMForecaster.from_bytes(tiny.to_bytes(), tiny.card)

    assert np.array_equal(again.predict(bars).prices, tiny.predict(bars).prices)


def test_bytes_that_are_not_those_of_the_card_are_refused(tiny: LSTMForecaster) -> None:
    weights = bytearray(tiny.to_bytes())
    weights[-1] ^= 1

    with pytest.raises(ArtifactError, match="not those their card describes"):
        LSTMForecaster.from_bytes(bytes(weights), tiny.card)


def test_a_model_that_failed_its_self_test_is_not_packed(tiny: LSTMForecaster) -> None:
    leaky = replace(tiny, card=replace(tiny.card, self_test={"passed": False}))

    with pytest.raises(ArtifactError, match="did not pass"):
        leaky.to_bytes()
