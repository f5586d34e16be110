import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.blocks import Block, folds, inside, rows_of, scored_rows, split, targets
from ml_engine.config import TrainingConfig
from ml_engine.features import build_features
from ml_engine.network import KNOTS
from tests.ml_engine.synthetic import make_bars

DATES = pd.bdate_range("2020-01-01", periods=1000)


def test_blocks_are_an_embargo_apart() -> None:
    config = TrainingConfig(embargo=60, calibration_share=0.2)

    blocks = split([DATES[:700], DATES[300:]], config)

    assert blocks.fit == Block(DATES[0], DATES[999 - 200 - 60])
    assert blocks.calibration == Block(DATES[800], DATES[999])


def test_folds_by_hand() -> None:
    blocks = folds(DATES, TrainingConfig(folds=3, first_origin=250))

    assert blocks == [
        Block(DATES[250], DATES[499]),
        Block(DATES[500], DATES[749]),
        Block(DATES[750], DATES[999]),
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_folds_hold_every_session_after_the_first_origin_once(count: int) -> None:
    blocks = folds(DATES, TrainingConfig(folds=count, first_origin=249))

    rows = [np.arange(*rows_of(block, DATES)) for block in blocks]
    assert_array_equal(np.concatenate(rows), np.arange(249, 1000))
    lengths = [len(one) for one in rows]
    assert len(lengths) == count
    assert max(lengths) - min(lengths) <= 1


def test_targets_by_hand() -> None:
    features = build_features(make_bars(100))

    scaled = targets(features)

    moved = features.log_close[17] - features.log_close[10]
    assert_allclose(scaled[10, KNOTS.index(7)], moved / (features.volatility[10] * np.sqrt(7)))
    assert_array_equal(np.isnan(scaled).sum(axis=0), KNOTS)


def test_targets_inside_a_block_begin_and_end_in_it() -> None:
    known = inside(Block(DATES[100], DATES[199]), DATES, np.ones((1000, len(KNOTS))), 120)

    for place, step in enumerate(KNOTS):
        assert_array_equal(np.flatnonzero(~np.isnan(known[:, place])), np.arange(120, 200 - step))
    assert_array_equal(scored_rows(known), np.arange(120, 199))


def test_rows_of_a_history_that_begins_late() -> None:
    assert rows_of(Block(DATES[100], DATES[199]), DATES[150:]) == (0, 50)
    assert rows_of(Block(DATES[100], DATES[199]), DATES[300:]) == (0, 0)
