"""Whether a forecast deserves trust, in one word and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ml_engine.evidence import Backtest, PooledSkill

Trust = Literal["no_demonstrated_skill", "sharper", "worse_than_naive"]
SIGNIFICANT = 0.05
FEWEST_ORIGINS = 100


@dataclass(frozen=True)
class Judgement:
    """`trust` for programs, `verdict` for people."""

    trust: Trust
    verdict: str


def judge(backtest: Backtest, method: str, in_sample: bool) -> Judgement:
    """Judge `method` by its pooled CRPS against the random walk's volatility cone, steps 1, 5, 10 and 20."""
    pooled = next((row for row in backtest.pooled if row.method == method), None)
    if in_sample:
        return _unproven(
            "The model had seen these years in training, so they cannot show whether it has skill."
        )
    if pooled is None or pooled.p_value is None or pooled.origins < FEWEST_ORIGINS:
        count = backtest.origins if pooled is None else pooled.origins
        return _unproven(f"Only {count} past forecasts can be checked, at least {FEWEST_ORIGINS} are needed.")
    return _by_significance(pooled, pooled.p_value)


def _unproven(why: str) -> Judgement:
    return Judgement("no_demonstrated_skill", why)


def _by_significance(pooled: PooledSkill, p_value: float) -> Judgement:
    percent = abs(100 * pooled.crps_skill)
    better = "lower" if pooled.crps_skill > 0 else "higher"
    numbers = (
        f"over {pooled.origins} past forecasts its error (CRPS) was {percent:.1f} % {better} than that of a "
        f"simple volatility cone (p = {p_value:.2f})"
    )
    if p_value >= SIGNIFICANT:
        return _unproven(f"No better than a simple volatility cone can be shown: {numbers}.")
    if pooled.crps_skill > 0:
        return Judgement("sharper", f"Sharper than a simple volatility cone: {numbers}.")
    return Judgement("worse_than_naive", f"Worse than a simple volatility cone: {numbers}.")
