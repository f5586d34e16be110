from dataclasses import replace

import numpy as np

from ml_engine.artifacts import identical
from ml_engine.fitting import Fitting
from ml_engine.histories import excess_drift, outcome, prepare
from ml_engine.training import Callbacks, TrainingProgress
from tests.ml_engine.conftest import TINY
from tests.ml_engine.synthetic import change_after, make_bars

CONFIG = replace(TINY, batch=1, calibration_share=0.15)


def test_refit_keeps_report_and_calibration_and_learns_from_all() -> None:
    histories = [prepare(make_bars(1100, seed=1))]

    once = Fitting(histories, CONFIG).run(Callbacks())
    twice = Fitting(histories, replace(CONFIG, refit=True)).run(Callbacks())

    assert twice.metrics == once.metrics
    assert twice.losses == once.losses
    assert (twice.model.calibration.shifts == once.model.calibration.shifts).all()
    assert not identical(once.model.tensors(), twice.model.tensors())


def test_progress_of_both_fits_never_falls() -> None:
    heard: list[TrainingProgress] = []

    Fitting([prepare(make_bars(1100, seed=1))], replace(CONFIG, refit=True)).run(Callbacks(heard.append))

    fractions = [one.fraction for one in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_the_network_sees_nothing_of_the_blocks_after_the_first() -> None:
    bars = make_bars(1100, seed=1)
    end = bars.index.get_loc(Fitting([prepare(bars)], CONFIG).blocks.fit.last)

    fits = [
        Fitting([prepare(one)], replace(CONFIG, patience=None)).run(Callbacks())
        for one in (bars, change_after(bars, end))
    ]

    one, other = (fit.model.network.state_dict() for fit in fits)
    assert identical(one, other)
    assert fits[0].metrics != fits[1].metrics


def test_report_begins_an_embargo_after_calibration() -> None:
    bars = make_bars(1100)

    blocks = Fitting([prepare(bars)], CONFIG).blocks

    assert blocks.report is not None
    ends = [bars.index.get_loc(day) for day in (blocks.fit.last, blocks.calibration.last)]
    begins = [bars.index.get_loc(day) for day in (blocks.calibration.first, blocks.report.first)]
    assert np.subtract(begins, ends).min() > CONFIG.embargo


def test_excess_drift_by_hand() -> None:
    history = prepare(make_bars(300))
    closes = history.features.log_close
    block = Fitting([history], replace(CONFIG, embargo=10)).blocks.whole

    assert np.isclose(excess_drift([history], block, 0.0252), (closes[-1] - closes[0]) / 299 - 0.0001)


def test_outcome_pairs_forecasts_with_what_came() -> None:
    history = prepare(make_bars(1100))
    fitting = Fitting([history], CONFIG)
    model = fitting.run(Callbacks()).model

    seen = outcome(model, [history, history], fitting.blocks.calibration, stride=2)

    assert seen.quantiles.shape == (*seen.targets.shape, 17)
    assert len(seen.targets) == len(seen.volatility) == 2 * 82
