"""Models that several tests share: loading and training cost more than all their forecasts."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
import torch

from ml_engine.baselines import fast_baselines, slow_baselines
from ml_engine.config import TrainingConfig
from ml_engine.forecaster import LSTMForecaster
from ml_engine.quantiles import Forecaster
from ml_engine.tutorial import TutorialLSTM
from tests.ml_engine.synthetic import make_bars

TINY = TrainingConfig(hidden=4, epochs=2, batch=8, window=128, burn_in=30, first_origin=125)
TINY_HOUSE = replace(TINY, folds=3)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def bars() -> pd.DataFrame:
    return make_bars(800)


@pytest.fixture(scope="session")
def house() -> LSTMForecaster:
    return LSTMForecaster.load()


@pytest.fixture(scope="session")
def tuned(house: LSTMForecaster) -> LSTMForecaster:
    return house.fine_tune(make_bars(700, seed=3))


@pytest.fixture(scope="session")
def tiny() -> LSTMForecaster:
    """A model trained on two short histories."""
    return LSTMForecaster.train({"A": make_bars(900, seed=1), "B": make_bars(800, seed=2)}, TINY)


@pytest.fixture(scope="session")
def committee() -> LSTMForecaster:
    """A committee of three, trained as a house model on two short histories."""
    return LSTMForecaster.train({"A": make_bars(900, seed=1), "B": make_bars(800, seed=2)}, TINY_HOUSE)


@pytest.fixture(
    scope="session",
    params=[
        "house",
        "fine-tuned",
        "from-scratch",
        "random-walk",
        "drift",
        "historical",
        "filtered-historical",
        "garch-t",
        "gjr-garch-skewt",
        "theta",
        "gradient-boosting",
        "tutorial-lstm",
    ],
)
def forecaster(request: pytest.FixtureRequest) -> Forecaster:
    """Every forecaster there is, one after the other."""
    models = {"house": "house", "fine-tuned": "tuned", "from-scratch": "tiny"}
    if request.param in models:
        model: Forecaster = request.getfixturevalue(models[request.param])
        return model
    return (fast_baselines() | slow_baselines() | {"tutorial-lstm": TutorialLSTM(epochs=1)})[request.param]
