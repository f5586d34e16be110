from itertools import count

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from ml_engine.artifacts import fingerprint
from ml_engine.errors import NotEnoughHistory, TrainingStopped
from ml_engine.forecaster import LSTMForecaster
from ml_engine.training import TrainingProgress
from tests.ml_engine.synthetic import make_bars, make_market
from tests.ml_engine.weights import identical


def make_odd_bars() -> pd.DataFrame:
    """A history unlike stocks: calm, but every tenth session is wild."""
    bars = make_bars(1500, seed=8, scale=0.002)
    wild = np.where(np.arange(1500) % 10 == 0, 0.05, 0.0) * np.random.default_rng(8).choice([-1, 1], 1500)
    return bars.mul(np.append(np.exp(np.cumsum(wild)), []), axis=0).assign(volume=bars["volume"])


def test_the_original_stays_as_it_was(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    before = {name: value.clone() for name, value in house.model.tensors().items()}
    forecast = house.predict(bars).prices

    house.fine_tune(bars)

    assert identical(before, house.model.tensors())
    assert_array_equal(house.predict(bars).prices, forecast)
    assert house.name == "house"


def test_what_proves_better_is_kept(house: LSTMForecaster) -> None:
    tuned = house.fine_tune(make_odd_bars())

    evidence = tuned.card.fine_tuning
    assert evidence is not None
    assert evidence["kept"] is True
    assert evidence["tuned_loss"] < evidence["house_loss"]
    assert not identical(tuned.model.tensors(), house.model.tensors())
    assert tuned.card.sha256 == fingerprint(tuned.model.tensors()) != house.card.sha256


def test_what_is_no_better_is_dropped_and_said_so(
    house: LSTMForecaster, bars: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_engine.fine_tuning.MARGIN", 0.5)

    tuned = house.fine_tune(bars)

    assert tuned.card.fine_tuning is not None
    assert tuned.card.fine_tuning["kept"] is False
    assert identical(tuned.model.tensors(), house.model.tensors())
    assert_array_equal(tuned.predict(bars).prices, house.predict(bars).prices)


def test_its_card(tuned: LSTMForecaster, house: LSTMForecaster) -> None:
    assert tuned.name == "fine-tuned"
    assert tuned.card.trained_until == make_bars(700).index[-1].date()
    assert tuned.card.data["house"] == house.card.sha256
    assert tuned.card.self_test["passed"] is True
    assert len(tuned.loss_history) > 0
    assert tuned.card.fine_tuning is not None
    assert tuned.card.fine_tuning["validation_to"] == f"{make_bars(700).index[-1]:%Y-%m-%d}"


def test_only_the_law_is_tuned(house: LSTMForecaster) -> None:
    tuned = house.fine_tune(make_odd_bars())

    before, after = house.model.tensors(), tuned.model.tensors()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {
        f"members.{member}.{name}" for member in range(3) for name in ("head.bias", "increments")
    }


def test_the_market_is_part_of_what_is_tuned_to(house: LSTMForecaster) -> None:
    bars = make_odd_bars()

    without, within = (house.fine_tune(bars, market=market) for market in (None, make_market(bars)))

    assert without.card.fine_tuning is not None
    assert within.card.fine_tuning is not None
    assert within.card.fine_tuning["house_loss"] != without.card.fine_tuning["house_loss"]
    assert within.card.fine_tuning["kept"] is True
    assert not identical(without.model.tensors(), within.model.tensors())


def test_same_bits_twice(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    one, two = (house.fine_tune(bars) for _ in range(2))

    assert one.card == two.card
    assert identical(one.model.tensors(), two.model.tensors())


@pytest.mark.parametrize("call", [0, 1, 2, 3, -2, -1])
def test_it_stops_at_any_stage(house: LSTMForecaster, bars: pd.DataFrame, call: int) -> None:
    asked = count()
    house.fine_tune(bars, should_stop=lambda: next(asked) < 0)
    at = call % next(asked)  # negative: counted from the last one, before the self-test
    asked = count()

    with pytest.raises(TrainingStopped):
        house.fine_tune(bars, should_stop=lambda: next(asked) >= at)

    assert next(asked) == at + 1


def test_it_tells_its_progress(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    heard: list[TrainingProgress] = []

    tuned = house.fine_tune(bars, on_progress=heard.append)

    assert [one.epoch for one in heard] == [entry["epoch"] for entry in tuned.loss_history]
    assert all(one.validation_loss is not None for one in heard)


def test_it_needs_500_rows(house: LSTMForecaster) -> None:
    house.fine_tune(make_bars(500))

    with pytest.raises(NotEnoughHistory) as caught:
        house.fine_tune(make_bars(499))

    assert (caught.value.needed, caught.value.available) == (500, 499)


def test_only_past_rows_matter(house: LSTMForecaster) -> None:
    """The block that decides is the last of the rows given: none later exists to be seen."""
    bars = make_bars(900, seed=4)

    one = house.fine_tune(bars.iloc[:700])
    other = house.fine_tune(bars.iloc[:800].iloc[:700].copy())

    assert identical(one.model.tensors(), other.model.tensors())
    assert torch.isfinite(torch.cat([value.flatten() for value in one.model.tensors().values()])).all()
