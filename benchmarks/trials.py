"""Every method at the same origins of one stock after another, in a pool of processes.

A process keeps of each forecast only its scores, so hundreds of stocks fit in memory.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml_engine.baselines import fast_baselines, slow_baselines
from ml_engine.errors import UnadjustedSplitWarning
from ml_engine.forecaster import LSTMForecaster
from ml_engine.metrics import BANDS, crps
from ml_engine.probabilities import probability_below
from ml_engine.quantiles import LEVELS, MEDIAN, FloatArray, Forecaster
from ml_engine.volatility import ewma_volatility, moves

STEPS = (1, 5, 10, 20)
EMBARGO = 60  # sessions between the last row a model was fine-tuned on and the first origin
HOUSE, FINE_TUNED, REFERENCE = "house", "fine-tuned", "random-walk"
LOWS = [LEVELS.index(low) for low, _ in BANDS.values()]
HIGHS = [LEVELS.index(high) for _, high in BANDS.values()]


@dataclass(frozen=True)
class Contest:
    """What every process must know: the methods by name, the house model's folder, the market's closes."""

    methods: tuple[str, ...]
    model: Path
    market: pd.Series[float] | None


@dataclass(frozen=True)
class Stock:
    """A history, and the dates in it at which it is forecast; each has a known close 20 sessions later."""

    symbol: str
    bars: pd.DataFrame
    origins: pd.DatetimeIndex


@dataclass(frozen=True)
class MethodScores:
    """One method at the origins of one stock; log returns. `seconds` of processor time, fitting included."""

    crps: FloatArray  # (origin, step)
    median: FloatArray  # (origin, step)
    pit: FloatArray  # (origin, step) probability integral transform of what came
    inside: NDArray[np.bool_]  # (origin, step, band)
    seconds: float


Maker = Callable[[Stock], Forecaster]


@dataclass(frozen=True)
class Trial:
    """All methods at the origins of one stock."""

    symbol: str
    origins: pd.DatetimeIndex
    volatility: FloatArray  # (origin,) EWMA, known at the origin
    actual: FloatArray  # (origin, step) log returns
    scores: dict[str, MethodScores]


def run_trials(contest: Contest, stocks: Sequence[Stock], workers: int) -> Iterator[Trial]:
    """Yield a trial for each stock, in their order.

    The processes are spawned: torch hangs in a child that was forked after its first operation.
    """
    with ProcessPoolExecutor(workers, get_context("spawn"), _prepare_process) as pool:
        yield from pool.map(partial(run_trial, contest), stocks)


def _prepare_process() -> None:
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore", UnadjustedSplitWarning)


def run_trial(contest: Contest, stock: Stock) -> Trial:
    """Forecast one stock by every method, and score it."""
    rows = np.asarray(stock.bars.index.get_indexer(stock.origins))
    log_close = np.log(stock.bars["close"].to_numpy(np.float64))
    actual = log_close[rows[:, None] + np.array(STEPS)] - log_close[rows][:, None]
    make = makers(contest)
    return Trial(
        symbol=stock.symbol,
        origins=stock.origins,
        volatility=ewma_volatility(moves(stock.bars).total)[rows],
        actual=actual,
        scores={name: _score(make[name], stock, contest.market, actual) for name in contest.methods},
    )


def _score(make: Maker, stock: Stock, market: pd.Series[float] | None, actual: FloatArray) -> MethodScores:
    began = time.process_time()
    forecast = make(stock).predict(stock.bars, stock.origins, max(STEPS), market)
    seconds = time.process_time() - began
    quantiles = forecast.log_returns[:, np.array(STEPS) - 1]  # (origin, step, level)
    return MethodScores(
        crps=np.stack([crps(quantiles[:, place], actual[:, place]) for place in range(len(STEPS))], axis=1),
        median=quantiles[:, :, MEDIAN],
        pit=probability_below(quantiles, actual),
        inside=(actual[..., None] >= quantiles[..., LOWS]) & (actual[..., None] <= quantiles[..., HIGHS]),
        seconds=seconds,
    )


def makers(contest: Contest) -> dict[str, Maker]:
    """How to get a forecaster for a stock, by the method's name: at least the methods of the contest."""
    baselines = fast_baselines()
    if not {HOUSE, FINE_TUNED, *baselines}.issuperset(contest.methods):
        baselines |= slow_baselines() | zero_mean_baselines()  # their libraries take a second to import
    return {
        HOUSE: lambda _: LSTMForecaster.load(path=contest.model),
        FINE_TUNED: partial(_fine_tuned, contest),
        **{name: partial(_same, baseline) for name, baseline in baselines.items()},
    }


def zero_mean_baselines() -> dict[str, Forecaster]:
    """The GARCH baselines without a mean return, by name: what their volatility alone is worth."""
    from ml_engine.garch import Garch

    everyone: tuple[Forecaster, ...] = (
        Garch("garch-t-zero-mean", asymmetric=False, errors="t", mean="Zero"),
        Garch("gjr-garch-skewt-zero-mean", asymmetric=True, errors="skewt", mean="Zero"),
    )
    return {one.name: one for one in everyone}


def _same(forecaster: Forecaster, _: Stock) -> Forecaster:
    return forecaster


def _fine_tuned(contest: Contest, stock: Stock) -> Forecaster:
    """The house model tuned to the stock's rows that end `EMBARGO` sessions before its first origin."""
    first = int(stock.bars.index.get_indexer(stock.origins[:1])[0])
    past = stock.bars.iloc[: first - EMBARGO + 1]
    house = LSTMForecaster.load(path=contest.model)
    return house.fine_tune(past, market=contest.market)
