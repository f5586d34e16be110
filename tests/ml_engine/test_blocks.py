import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.blocks import Block, inside, rows_of, scored_rows, split, targets
from ml_engine.config import TrainingConfig
from ml_engine.features import build_features
from ml_engine.network import KNOTS
from tests.ml_engine.synthetic import make_bars

DATES = pd.bdate_range("2020-01-01", periods=1000)


def test_blocks_are_an_embargo_apart() -> None:
    config = TrainingConfig(embargo=60, calibration_share=0.1, report_share=0.05)

    blocks = split([DATES[:700], DATES[300:]], config)

    assert blocks.fit == Block(DATES[0], DATES[999 - 50 - 60 - 100 - 60])
    assert blocks.calibration == Block(DATES[790], DATES[889])
    assert blocks.report == Block(DATES[950], DATES[999])
    assert blocks.whole == Block(DATES[0], DATES[999])


def test_without_a_report_calibration_comes_last() -> None:
    blocks = split([DATES], TrainingConfig(embargo=60, calibration_share=0.2, report_share=0.0))

    assert blocks.report is None
    assert blocks.fit.last == DATES[739]
    assert blocks.calibration == Block(DATES[800], DATES[999])


def test_targets_by_hand() -> None:
    features = build_features(make_bars(100))

    scaled = targets(features, drift=0.001)

    moved = features.log_close[17] - features.log_close[10] - 7 * 0.001
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
