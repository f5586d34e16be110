"""One stock at a time; the figures themselves are worked out again in test_accuracy.py."""

from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from benchmarks.trials import Contest, Stock, makers, run_trial
from ml_engine.baselines import fast_baselines, slow_baselines
from ml_engine.forecaster import LSTMForecaster
from ml_engine.garch import Garch
from ml_engine.vintages import FOLDER
from tests.ml_engine.synthetic import change_after, make_bars, make_market

MODEL = FOLDER / "2007-12-31"
MEANS: tuple[Literal["Zero", "Constant"], ...] = ("Zero", "Constant")


def contest(*methods: str, market: "pd.Series[float] | None" = None) -> Contest:
    return Contest(methods, Path(MODEL), market)


def test_fine_tuning_ends_sixty_sessions_before_the_first_origin() -> None:
    bars = make_bars(700, seed=3)
    stock = Stock("S", bars, pd.DatetimeIndex(bars.index[620:660]))

    tuned = makers(contest("fine-tuned"))["fine-tuned"](stock)

    by_hand = LSTMForecaster.load(path=MODEL).fine_tune(bars.iloc[:561])
    assert tuned.predict(bars).prices.tolist() == by_hand.predict(bars).prices.tolist()
    assert by_hand.card.trained_until == bars.index[620 - 60].date()


def test_scores_depend_on_no_row_after_the_last_target() -> None:
    bars = make_bars(700, seed=4)
    origins = pd.DatetimeIndex(bars.index[300:600])
    asked = contest("house", "filtered-historical", market=make_market(bars))

    one, other = (
        run_trial(asked, Stock("S", history, origins)) for history in (bars, change_after(bars, 619))
    )

    for method in asked.methods:
        assert_array_equal(one.scores[method].crps, other.scores[method].crps)
        assert_array_equal(one.scores[method].pit, other.scores[method].pit)
    assert_array_equal(one.volatility, other.volatility)


def test_every_method_can_be_made() -> None:
    slow = makers(contest("gradient-boosting"))

    unfitted = {"house", "fine-tuned", *fast_baselines()}
    assert {*unfitted, *slow_baselines(), "garch-t-zero-mean", "gjr-garch-skewt-zero-mean"} == set(slow)
    assert unfitted == set(makers(contest("house")))


@pytest.mark.parametrize(
    ("name", "errors", "asymmetric"),
    [("garch-t-zero-mean", "t", False), ("gjr-garch-skewt-zero-mean", "skewt", True)],
)
def test_garch_without_a_mean(name: str, errors: Literal["t", "skewt"], asymmetric: bool) -> None:
    bars = make_bars(500, seed=2)
    stock = Stock("S", bars, pd.DatetimeIndex(bars.index[400:402]))
    fixed, free = (
        Garch("garch", asymmetric=asymmetric, errors=errors, mean=mean).predict(bars, stock.origins).prices
        for mean in MEANS
    )

    prices = makers(contest(name))[name](stock).predict(bars, stock.origins).prices

    assert_array_equal(prices, fixed)
    assert (prices != free).all()
