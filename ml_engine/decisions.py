"""Decision aids from the quantiles of one forecast: chances of a price, extremes to expect, tails of losses.

Quantiles are of the log return since the anchor's close, at `LEVELS`. Each session by itself has the law that
they say (ml_engine.probabilities). Sessions hang together as those of a random walk do: the normal score of
session t is W(t) / sqrt(t) of one Brownian motion W, a Gaussian copula, and touching a price is W crossing a
line. A web process imports this module: it brings numpy alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ml_engine.first_passage import staying_below
from ml_engine.probabilities import score_of, value_at
from ml_engine.quantiles import LARGEST_LOG_RETURN, FloatArray

if TYPE_CHECKING:
    from collections.abc import Sequence

NORMAL = NormalDist()
FARTHEST_SCORE = 12.0  # beyond it a chance is 0 or 1 to the last digit
TAIL_SCORES = np.linspace(0.0, 9.0, 4501)  # steps of .002 beyond the quantile: 1e-6 of the shortfall
# Scores at the session that reaches farthest, between which the extremes' 10 and 90 % quantiles lie.
EXTREME_SCORES = np.linspace(-1.4, 2.2, 10)


@dataclass(frozen=True)
class Touch:
    """Chances of reaching a price at one close at least, and at any moment of the sessions."""

    on_a_close: float
    at_any_moment: float


@dataclass(frozen=True)
class TailLoss:
    """What a position may lose, as shares of its worth at the anchor's close; below zero is a gain."""

    value_at_risk: float
    expected_shortfall: float


def chance_above(quantiles: FloatArray, value: float) -> float:
    """Chance of a close above `value`, a log return, at a session with `quantiles` (level,)."""
    return NORMAL.cdf(-float(_bounded_scores(quantiles, value)))


def chance_of_touching(quantiles: FloatArray, value: float) -> Touch:
    """Chances of touching `value`, a log return, within sessions with `quantiles` (step, level).

    A value above 0 is touched from below, one below 0 from above; 0 is where the price is already.
    """
    rising = value >= 0
    lines = _lines(quantiles, np.array([value]), rising)
    on_a_close = 1 - float(staying_below(lines)[0])
    if value == 0:
        return Touch(on_a_close, 1.0)
    at_any_moment = 1 - float(staying_below(lines, at_any_moment=True)[0])
    return Touch(on_a_close, max(on_a_close, at_any_moment))


def highest_close(quantiles: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Quantiles at `levels`, .1 to .9, of the highest close in sessions with `quantiles` (step, level)."""
    tried = value_at(quantiles[:, None, :], EXTREME_SCORES[None, :]).max(axis=0)
    staying = staying_below(_lines(quantiles, tried, rising=True))
    # What the coarse table says is tried too, and then lies next to the answer.
    guessed = np.interp(levels, staying, tried)
    tried = np.append(tried, guessed)
    staying = np.append(staying, staying_below(_lines(quantiles, guessed, rising=True)))
    order = np.argsort(tried, kind="stable")
    return np.asarray(np.interp(levels, np.maximum.accumulate(staying[order]), tried[order]), np.float64)


def lowest_close(quantiles: FloatArray, levels: Sequence[float]) -> FloatArray:
    """The same of the lowest close, which is the highest of the mirrored prices."""
    mirrored = -quantiles[:, ::-1]  # LEVELS are symmetric
    return -highest_close(mirrored, [1 - level for level in levels])


def tail_loss(quantiles: FloatArray, level: float, is_long: bool) -> TailLoss:
    """Value at risk and expected shortfall at `level`, such as .95, at a session with `quantiles` (level,).

    Value at risk is the loss that is not exceeded with probability `level`; expected shortfall is the mean of
    the losses beyond it (Acerbi and Tasche, 2002), here an integral over normal scores by the trapezium rule.
    """
    sign = -1.0 if is_long else 1.0
    scores = NORMAL.inv_cdf(level) + TAIL_SCORES
    returns = np.minimum(value_at(quantiles, sign * scores), LARGEST_LOG_RETURN)
    losses = sign * np.expm1(returns)
    density = np.exp(-(scores**2) / 2)
    shortfall = float(np.trapezoid(losses * density) / np.trapezoid(density))
    return TailLoss(float(losses[0]), shortfall)


def _lines(quantiles: FloatArray, values: FloatArray, rising: bool) -> FloatArray:
    """What the Brownian motion, mirrored for falling prices, must cross: (value, step)."""
    scores = _bounded_scores(quantiles[None, :, :], values[:, None])
    roots = np.sqrt(np.arange(1, quantiles.shape[0] + 1))
    return np.asarray((scores if rising else -scores) * roots, dtype=np.float64)


def _bounded_scores(quantiles: FloatArray, values: FloatArray | float) -> FloatArray:
    return np.clip(score_of(quantiles, values), -FARTHEST_SCORE, FARTHEST_SCORE)
