"""The loop is tested on a network of one number: it knows nothing of prices."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ml_engine.config import TrainingConfig
from ml_engine.errors import TrainingStopped
from ml_engine.training import Callbacks, Data, Trainer, TrainingProgress, one_cycle


class Number(nn.Module):
    """Learns one number; its loss is the mean squared distance to the targets."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))

    def loss(self, features: Tensor, targets: Tensor) -> Tensor:
        return ((self.value + 0 * features - targets) ** 2).mean()


class Constant:
    """Five batches of the same target, with some noise in training."""

    def __init__(self, target: float, noise: float = 0.1) -> None:
        self.target, self.noise = target, noise

    def __len__(self) -> int:
        return 5

    def batches(self, generator: np.random.Generator | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(5):
            noise = 0.0 if generator is None else float(generator.normal(0, self.noise))
            yield torch.ones(3), torch.full((3,), self.target + noise)


SILENT = Callbacks()


def train(callbacks: Callbacks = SILENT, target: float = 1.0, **settings: object) -> tuple[Number, list]:
    network = Number()
    config = TrainingConfig(**({"epochs": 20, "learning_rate": 0.1, "weight_decay": 0.0} | settings))
    data = Data(Constant(1.0), Constant(target))
    return network, list(Trainer(network, data, config, callbacks).run())


def test_it_learns() -> None:
    network, history = train()

    assert network.value.item() == pytest.approx(1.0, abs=0.1)
    assert len(history) == 20
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]


def test_same_seed_same_bits_other_seed_other_bits() -> None:
    values = [train(seed=seed)[0].value.item() for seed in (1, 1, 2)]

    assert values[0] == values[1] != values[2]


def test_progress_never_falls_and_ends_at_one() -> None:
    heard: list[TrainingProgress] = []

    train(Callbacks(on_progress=heard.append), epochs=4)

    fractions = [progress.fraction for progress in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert [one.epoch for one in heard if one.validation_loss is not None] == [1, 2, 3, 4]


def test_stop_is_asked_at_every_batch() -> None:
    answers = iter([False] * 7 + [True])

    with pytest.raises(TrainingStopped):
        train(Callbacks(should_stop=lambda: next(answers)))

    assert next(answers, None) is None


def test_patience_goes_back_to_the_best_epoch() -> None:
    network, history = train(target=0.3, patience=2, epochs=30)

    best = min(one["validation_loss"] for one in history)
    assert len(history) < 30
    assert (network.value.item() - 0.3) ** 2 == pytest.approx(best)


def test_without_patience_the_last_epoch_stays() -> None:
    network, history = train(target=0.3)

    assert (network.value.item() - 0.3) ** 2 == pytest.approx(history[-1]["validation_loss"])


def test_without_validation_its_loss_is_none() -> None:
    history = Trainer(Number(), Data(Constant(1.0)), TrainingConfig(epochs=2), Callbacks()).run()

    assert [one["validation_loss"] for one in history] == [None, None]


def test_one_cycle_rises_and_falls() -> None:
    assert one_cycle(0) == pytest.approx(0.04)
    assert one_cycle(0.25) == pytest.approx(1)
    assert one_cycle(0.625) == pytest.approx(0.5)
    assert one_cycle(1) == pytest.approx(0)
