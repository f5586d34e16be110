from dataclasses import fields
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from ml_engine import metrics
from ml_engine.backtesting import Backtest, MetricRow, backtest, eligible_origins
from ml_engine.baselines import RandomWalkEWMA, fast_baselines
from ml_engine.errors import InvalidRequest, TrainingStopped
from ml_engine.forecaster import LSTMForecaster
from ml_engine.quantiles import MEDIAN, QuantileForecast
from tests.ml_engine.synthetic import make_bars


class Prophet:
    """Knows the truth and is sure of it: a check of the arithmetic, and of what cheating looks like."""

    name = "prophet"

    def __init__(self, bars: pd.DataFrame) -> None:
        self.closes = np.log(bars["close"].to_numpy())
        self.dates = bars.index

    def predict(
        self,
        bars: pd.DataFrame,
        origins: pd.DatetimeIndex | None = None,
        horizon: int = 20,
        market: pd.Series | None = None,
    ) -> QuantileForecast:
        del bars, market  # it has its own sources
        rows = self.dates.get_indexer(origins)
        padded = np.append(self.closes, np.full(60, self.closes[-1]))
        truth = np.stack([padded[rows + step] - padded[rows] for step in range(1, horizon + 1)], axis=1)
        quantiles = np.repeat(truth[:, :, None], 17, axis=2)
        return QuantileForecast.from_log_returns(origins, np.exp(self.closes[rows]), quantiles)


@pytest.fixture(scope="module")
def evidence() -> Backtest:
    bars = make_bars(640, seed=11)
    return backtest(fast_baselines() | {"prophet": Prophet(bars)}, bars, eligible_origins(bars))


def norm_cdf(scores: np.ndarray) -> list[float]:
    return [NormalDist().cdf(score) for score in scores]


def row_of(evidence: Backtest, method: str, step: int) -> MetricRow:
    return next(row for row in evidence.metrics if (row.method, row.step) == (method, step))


def test_eligible_origins_have_a_past_and_a_known_target() -> None:
    bars = make_bars(640)

    assert list(eligible_origins(bars)) == list(bars.index[370:620])
    assert list(eligible_origins(bars, limit=10_000)) == list(bars.index[249:620])
    assert list(eligible_origins(bars, after=bars.index[600], step=1)) == list(bars.index[601:639])
    assert len(eligible_origins(make_bars(260))) == 0


def test_span_and_count(evidence: Backtest) -> None:
    bars = make_bars(640, seed=11)

    assert (evidence.first_origin, evidence.last_origin) == (bars.index[370], bars.index[619])
    assert evidence.origins == 250


def test_unknown_targets_do_not_count(evidence: Backtest) -> None:
    counts = [row_of(evidence, "random-walk", step).origins for step in (1, 5, 10, 20, 40, 60)]

    assert counts == [250, 250, 250, 250, 230, 210]


def test_every_method_has_every_step(evidence: Backtest) -> None:
    assert len(evidence.metrics) == 5 * 6
    assert len(evidence.skill) == 5 * 4 * 6
    assert [row.method for row in evidence.pooled] == [
        "drift",
        "historical",
        "filtered-historical",
        "prophet",
    ]


def test_scores_by_hand(evidence: Backtest) -> None:
    bars = make_bars(640, seed=11)
    forecast = RandomWalkEWMA().predict(bars, bars.index[370:620], 5)
    closes = bars["close"].to_numpy()
    actual = np.log(closes[375:625] / closes[370:620])
    past = np.log(closes[:371])

    row = row_of(evidence, "random-walk", 5)

    assert_allclose(row.crps, metrics.crps(forecast.log_returns[:, 4], actual).mean())
    assert_allclose(row.mae, np.abs(actual).mean())
    assert_allclose(row.mape, np.mean(np.abs(forecast.prices[:, 4, MEDIAN] / closes[375:625] - 1)))
    assert_allclose(row.mase, np.abs(actual).mean() / np.abs(past[5:] - past[:-5]).mean())
    assert_allclose(row.up_rate, np.mean(actual > 0))
    assert row.direction_accuracy is None


def test_the_prophet_makes_no_error(evidence: Backtest) -> None:
    row = row_of(evidence, "prophet", 20)
    skill = next(
        one
        for one in evidence.skill
        if (one.method, one.reference, one.step) == ("prophet", "random-walk", 20)
    )

    assert_allclose([row.crps, row.rmse, row.mape], 0, atol=1e-12)
    assert row.direction_accuracy == 1
    assert_allclose([row.width_50, row.width_95, row.brier], 0, atol=1e-12)
    assert_allclose(skill.crps_skill, 1)
    assert skill.p_value is not None
    assert skill.p_value < 0.05


def test_rows_hold_numbers_or_none(evidence: Backtest) -> None:
    for row in evidence.metrics:
        values = [getattr(row, field.name) for field in fields(row) if field.name != "pit"]
        assert all(value is None or isinstance(value, (str, int)) or np.isfinite(value) for value in values)
        assert sum(row.pit) == row.origins


def test_widths_chances_and_pit_by_hand(evidence: Backtest) -> None:
    closes = pd.Series(np.log(make_bars(640, seed=11)["close"].to_numpy()))
    squared = closes.diff().fillna(0).pow(2)
    usual = np.sqrt(5 * (squared.ewm(alpha=0.06).mean() + 1e-10)[370:620].to_numpy())
    actual = (closes.shift(-5) - closes)[370:620].to_numpy()
    scores = actual / usual  # the random walk's law is a normal one of just that width

    row = row_of(evidence, "random-walk", 5)

    # A standard normal lies within 1.959964 with 95 %; it passes -1, 0 and 1 with 84.134, 50 and 15.866 %.
    assert_allclose(row.width_95, 2 * 1.959964 * usual.mean(), rtol=1e-6)
    chances, happened = [0.8413447, 0.5, 0.1586553], scores[:, None] > [-1, 0, 1]
    assert_allclose(row.brier, np.mean((chances - happened) ** 2), rtol=1e-6)
    assert row.pit == tuple(np.histogram(norm_cdf(scores), 10, (0, 1))[0])


def test_a_model_beside_the_baselines(house: LSTMForecaster, bars: pd.DataFrame) -> None:
    found = backtest({"house": house} | fast_baselines(), bars, eligible_origins(bars), steps=(1, 20))

    assert row_of(found, "house", 20).origins == 250
    assert 0.6 < row_of(found, "house", 1).coverage_80 < 0.95


def test_constant_price_has_no_skill_to_tell() -> None:
    bars = make_bars(400)
    bars[["open", "high", "low", "close"]] = 5.0

    found = backtest(fast_baselines(), bars, eligible_origins(bars))

    assert all(row.mase is None for row in found.metrics)
    assert all(row.mse == 0 for row in found.metrics if row.method == "random-walk")


def test_it_stops_when_told(bars: pd.DataFrame) -> None:
    with pytest.raises(TrainingStopped):
        backtest(fast_baselines(), bars, eligible_origins(bars), should_stop=lambda: True)


def test_nothing_to_evaluate(bars: pd.DataFrame) -> None:
    with pytest.raises(InvalidRequest):
        backtest(fast_baselines(), bars, bars.index[:0])
