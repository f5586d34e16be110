"""A model on disk: weights.safetensors and card.json in one folder; or as bytes. Data only, no pickles."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ml_engine.cards import Card
from ml_engine.errors import ArtifactError

WEIGHTS, CARD = "weights.safetensors", "card.json"
REMEDY = "Restore the folder from where it came, or train the model again."


def write(folder: Path | str, tensors: dict[str, Tensor], card: Card) -> Card:
    """Write weights and card into `folder`, replacing what is there; returns the card with its sha256.

    Either all of it appears or nothing. Raises `ArtifactError` for a model whose self-test failed.
    """
    weights = pack(tensors, card)
    card = replace(card, sha256=hashlib.sha256(weights).hexdigest())
    target = Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        staging.chmod(0o755)
        (staging / WEIGHTS).write_bytes(weights)
        (staging / CARD).write_text(json.dumps(card.to_json(), indent=2, sort_keys=True) + "\n")
        _swap(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return card


def pack(tensors: dict[str, Tensor], card: Card) -> bytes:
    """The weights as a safetensors file; raises `ArtifactError` for a model whose self-test failed."""
    if card.self_test.get("passed") is not True:
        raise ArtifactError(
            "This model did not pass its leak self-test, so it is not saved.",
            "Look at the card's `self_test` and find out how the future got in.",
        )
    return _saved(tensors)


def _saved(tensors: dict[str, Tensor]) -> bytes:
    return save({name: tensor.contiguous() for name, tensor in sorted(tensors.items())})


def _swap(staging: Path, target: Path) -> None:
    """Put `staging` in the place of `target`, moving an older folder out of the way first."""
    if not target.exists():
        staging.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    target.replace(old)
    staging.replace(target)
    shutil.rmtree(old)


def read_card(folder: Path | str) -> Card:
    """The card in `folder`; raises `ArtifactError` where there is none or it cannot be read."""
    path = Path(folder) / CARD
    try:
        return Card.from_json(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"The model's card {path} is missing or damaged.", REMEDY) from error


def read(folder: Path | str) -> tuple[dict[str, Tensor], Card]:
    """Weights and card in `folder`; raises `ArtifactError` where they are missing or don't fit together."""
    card = read_card(folder)
    path = Path(folder) / WEIGHTS
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"The model's weights {path} are missing or damaged.", REMEDY) from error
    return unpack(weights, card, str(path)), card


def unpack(weights: bytes, card: Card, name: str = "that were kept") -> dict[str, Tensor]:
    """The tensors that `pack` made bytes of; raises `ArtifactError` where they don't fit their card."""
    if hashlib.sha256(weights).hexdigest() != card.sha256:
        raise ArtifactError(f"The weights {name} are not those their card describes.", REMEDY)
    try:
        tensors: dict[str, Tensor] = load(weights)
    except SafetensorError as error:
        raise ArtifactError(f"The model's weights {name} are missing or damaged.", REMEDY) from error
    return tensors


def fingerprint(tensors: dict[str, Tensor]) -> str:
    """sha256 of the weights as they would be saved."""
    return hashlib.sha256(_saved(tensors)).hexdigest()
