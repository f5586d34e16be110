"""Walk-forward evaluation: several forecasters at the same origins of one history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_engine import events, metrics
from ml_engine.bars import validate
from ml_engine.errors import InvalidRequest
from ml_engine.evidence import Backtest, MetricRow, PooledSkill, SkillRow
from ml_engine.judging import Judgement, judge
from ml_engine.quantiles import LEVELS, MAX_HORIZON, MEDIAN, MIN_HISTORY, FloatArray, Forecaster
from ml_engine.significance import diebold_mariano, overlap_of
from ml_engine.training import Callbacks, ShouldStop
from ml_engine.volatility import ewma_volatility, moves

__all__ = [
    "Backtest",
    "Judgement",
    "MetricRow",
    "PooledSkill",
    "SkillRow",
    "backtest",
    "eligible_origins",
    "judge",
]

STEPS = (1, 5, 10, 20, 40, 60)
POOLED_STEPS = (1, 5, 10, 20)
REFERENCE = "random-walk"


@dataclass(frozen=True)
class Truth:
    """What came `step` sessions after those origins whose target is known."""

    step: int
    known: NDArray[np.bool_]  # (origin,)
    rows: NDArray[np.int64]  # (known,) where those origins are in the history
    actual: FloatArray  # (known,) log returns
    price: FloatArray  # (known,) closes
    usual: FloatArray  # (known,) how far prices were known to move in as many sessions, as a log return
    scale: float  # mean absolute log return over as many sessions, before the first origin


def eligible_origins(
    bars: pd.DataFrame, *, after: pd.Timestamp | None = None, limit: int = 250, step: int = 20
) -> pd.DatetimeIndex:
    """The last `limit` dates later than `after` with 250 rows up to each and a known close `step` later."""
    dates = pd.DatetimeIndex(bars.index)[MIN_HISTORY - 1 : max(len(bars) - step, 0)]
    if after is not None:
        dates = dates[dates > pd.Timestamp(after)]
    return dates[max(len(dates) - limit, 0) :]


def backtest(
    forecasters: Mapping[str, Forecaster],
    bars: pd.DataFrame,
    origins: pd.DatetimeIndex,
    horizon: int = MAX_HORIZON,
    steps: Sequence[int] = STEPS,
    market: pd.Series[float] | None = None,
    should_stop: ShouldStop | None = None,
) -> Backtest:
    """Score every forecaster at every origin of `bars`; targets after the last row don't count, step by step.

    Skill is told against every other forecaster given. Raises `TrainingStopped` when `should_stop` says so,
    `InvalidRequest` without origins, and what `predict` raises.
    """
    history, dates = validate(bars), pd.DatetimeIndex(origins).sort_values()
    rows = np.asarray(history.index.get_indexer(dates), dtype=np.int64)
    if len(rows) == 0 or (rows < 0).any():
        raise InvalidRequest(
            "There is no origin to evaluate, or one is not in the history.", "Choose others."
        )
    scored = [step for step in steps if step <= horizon]
    past = moves(history)
    volatility = ewma_volatility(past.total)
    truths = [_truth(past.close, volatility, rows, step) for step in scored]
    truths = [truth for truth in truths if truth.known.any()]
    callbacks, quantiles = Callbacks(should_stop=should_stop), {}
    for name, forecaster in forecasters.items():
        callbacks.check()
        quantiles[name] = forecaster.predict(history, dates, horizon, market).log_returns
    losses = {name: [_losses(values, truth) for truth in truths] for name, values in quantiles.items()}
    return Backtest(
        first_origin=dates[0],
        last_origin=dates[-1],
        origins=len(dates),
        metrics=tuple(_metric_rows(quantiles, truths)),
        skill=tuple(_skill_rows(losses, truths)),
        pooled=tuple(_pooled_rows(losses, truths)),
    )


def _truth(log_close: FloatArray, volatility: FloatArray, rows: NDArray[np.int64], step: int) -> Truth:
    """What came after the origins at `rows` of a history's log closes (row,) and volatilities (row,)."""
    known = rows + step < len(log_close)
    past = log_close[: rows[0] + 1]
    return Truth(
        step=step,
        known=known,
        rows=rows[known],
        actual=log_close[rows[known] + step] - log_close[rows[known]],
        price=np.exp(log_close[rows[known] + step]),
        usual=volatility[rows[known]] * np.sqrt(step),
        scale=float(np.mean(np.abs(past[step:] - past[:-step]))),
    )


def _losses(quantiles: FloatArray, truth: Truth) -> FloatArray:
    """CRPS (known,) of quantiles (origin, step, level)."""
    return metrics.crps(quantiles[truth.known, truth.step - 1], truth.actual)


def _metric_rows(quantiles: Mapping[str, FloatArray], truths: Sequence[Truth]) -> Iterator[MetricRow]:
    for method, values in quantiles.items():
        for truth in truths:
            yield _metric_row(method, values[truth.known, truth.step - 1], truth)


def _metric_row(method: str, quantiles: FloatArray, truth: Truth) -> MetricRow:
    """Scores of quantiles (known, level)."""
    median, actual = quantiles[:, MEDIAN], truth.actual
    chances = events.event_chances(quantiles, truth.usual)
    return MetricRow(
        method=method,
        step=truth.step,
        origins=len(actual),
        mse=metrics.mse(median, actual),
        rmse=metrics.rmse(median, actual),
        mae=metrics.mae(median, actual),
        mape=metrics.mape(truth.price * np.exp(median - actual), truth.price),
        mase=metrics.mase(median, actual, truth.scale),
        pinball=float(metrics.pinball(quantiles, actual, np.array(LEVELS)).mean()),
        crps=float(metrics.crps(quantiles, actual).mean()),
        pit=metrics.pit_histogram(quantiles, actual),
        brier=events.brier(chances, events.events_happened(actual, truth.usual)),
        direction_accuracy=metrics.direction_accuracy(median, actual),
        up_rate=metrics.up_rate(actual),
        **{f"coverage_{band}": metrics.coverage(quantiles, actual, band) for band in metrics.BANDS},
        **{f"width_{band}": metrics.width(quantiles, band) for band in metrics.BANDS},
    )


def _skill_rows(losses: Mapping[str, list[FloatArray]], truths: Sequence[Truth]) -> Iterator[SkillRow]:
    for method, mine in losses.items():
        for reference in losses:
            if reference == method:
                continue
            for own, other, truth in zip(mine, losses[reference], truths, strict=True):
                overlap = overlap_of(truth.rows, truth.step)
                p_value = diebold_mariano(own - other, overlap)
                yield SkillRow(method, truth.step, reference, _skill(own, other), p_value)


def _skill(own: FloatArray, other: FloatArray) -> float | None:
    return 1 - float(own.mean() / other.mean()) if other.mean() > 0 else None


def _pooled_rows(losses: Mapping[str, list[FloatArray]], truths: Sequence[Truth]) -> Iterator[PooledSkill]:
    """Every method against the random walk, over the origins whose pooled steps are all known."""
    pooled = [place for place, truth in enumerate(truths) if truth.step in POOLED_STEPS]
    if REFERENCE not in losses or not pooled:
        return
    last = truths[pooled[-1]]
    # Known targets are a prefix of the origins: the farthest step has the shortest.
    count = min(len(truths[place].rows) for place in pooled)
    scale = {place: float(losses[REFERENCE][place][:count].mean()) for place in pooled}
    if min(scale.values()) <= 0:
        return
    for method, mine in losses.items():
        if method != REFERENCE:
            gaps = [
                (mine[place][:count] - losses[REFERENCE][place][:count]) / scale[place] for place in pooled
            ]
            difference = np.mean(gaps, axis=0)  # (origin,)
            p_value = diebold_mariano(difference, overlap_of(last.rows, last.step))
            yield PooledSkill(method, REFERENCE, count, -float(difference.mean()), p_value)
