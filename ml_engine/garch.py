"""GARCH with heavy tails, what a financial econometrician would answer: fitted per instrument by `arch`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from arch import arch_model
from numpy.typing import NDArray
from scipy.signal import lfilter

from ml_engine.baselines import REFIT_ROWS, Refitted, settled, steps_to
from ml_engine.quantiles import FloatArray
from ml_engine.simulation import path_quantiles
from ml_engine.volatility import FLOOR, moves

WINDOW = 2500  # sessions that a fit looks back on, fewer where the history is shorter
PATHS = 2048  # with 512, bands at 10 and 20 steps are up to 5 % too wide or too narrow
FINER = 16  # quantiles of the law within each path's share of it
_FINE = (np.arange(PATHS * FINER) + 0.5) / (PATHS * FINER)


@dataclass(frozen=True)
class Law:
    """What one fit found: the mean of log returns, their variance's recursion, and their residuals' law.

    With a shock r, which is a return less the mean, Glosten, Jagannathan and Runkle (Journal of Finance,
    1993) let σ²' = ω + (α + γ [r < 0]) r² + β σ²; without γ it is Bollerslev's (Journal of Econometrics,
    1986).
    """

    mean: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    start: float  # variance before the first shock
    residuals: FloatArray  # (path,) ascending, of unit variance

    def update(self, variance: FloatArray, shock: FloatArray) -> FloatArray:
        """Return the variance of the session after `shock`, which had `variance`."""
        return np.asarray(self._news(shock) + self.beta * variance)

    def filtered(self, returns: FloatArray) -> FloatArray:
        """Return the variance (row,) of the session after each of `returns` (row,), by those up to it."""
        news = self._news(returns - self.mean)
        variance, _ = lfilter([1.0], [1.0, -self.beta], news, zi=[self.beta * self.start])
        return np.asarray(variance)

    def _news(self, shock: FloatArray) -> FloatArray:
        return np.asarray(self.omega + (self.alpha + self.gamma * (shock < 0)) * shock**2)


class Garch(Refitted):
    """Paths through a GARCH variance fitted on at most the last 2,500 rows.

    The mean return is a constant, as `arch` has it unless told: on US stocks that scored better than zero
    in every span of years, if only because prices rose. Where a fit did not converge, the one a year before
    answers, and, where none ever did, the random walk.
    """

    def __init__(
        self,
        name: str,
        *,
        asymmetric: bool,
        errors: Literal["t", "skewt"],
        mean: Literal["Constant", "Zero"] = "Constant",
    ) -> None:
        self.name, self.asymmetric, self.errors, self.mean = name, asymmetric, errors, mean

    def fitted(
        self, bars: pd.DataFrame, known: int, rows: NDArray[np.int64], horizon: int
    ) -> FloatArray | None:
        returns = moves(bars).total
        law, first = self.law(returns, known), _first(known)
        if law is None:
            return None
        variance = law.filtered(returns[first : rows.max() + 1])[rows - first]
        shocks = path_quantiles(variance, law.residuals[None], horizon, law.update)
        return shocks + law.mean * steps_to(horizon)[:, None]

    def law(self, returns: FloatArray, known: int) -> Law | None:
        """Return what the newest fit found that converged: at `known` rows, or a year or more before."""
        for until in range(known, 0, -REFIT_ROWS):
            law = self._fit(returns[_first(until) : until])
            if law is not None:
                return law
        return None

    def _fit(self, returns: FloatArray) -> Law | None:
        """Maximise the likelihood, in units of the window's volatility, where the optimiser is at home."""
        returns = settled(returns)
        unit = float(returns.std())
        if unit < FLOOR:
            return None
        model = arch_model(
            returns / unit, mean=self.mean, o=int(self.asymmetric), dist=self.errors, rescale=False
        )
        with warnings.catch_warnings():  # what they warn of is what `convergence_flag` says
            warnings.simplefilter("ignore")
            result = model.fit(disp="off", show_warning=False)
        if result.convergence_flag or not np.isfinite(result.params).all():
            return None
        found = {str(name).removesuffix("[1]"): float(value) for name, value in result.params.items()}
        shape = [found[name] for name in model.distribution.parameter_names()]
        return Law(
            mean=found.get("mu", 0.0) * unit,
            omega=found["omega"] * unit**2,
            alpha=found["alpha"],
            gamma=found.get("gamma", 0.0),
            beta=found["beta"],
            start=unit**2,
            residuals=_residuals(np.asarray(model.distribution.ppf(_FINE, shape))),
        )


def _first(known: int) -> int:
    """The first row that a fit at `known` rows looks at; row 0 has no return."""
    return max(1, known - WINDOW)


def _residuals(fine: FloatArray) -> FloatArray:
    """One residual (path,) for each path's share of a law's quantiles, root mean square of the share.

    Midpoints would lack the variance of the tails, and paths through them would calm down.
    """
    shares = fine.reshape(PATHS, FINER)
    return np.asarray(np.sign(shares.mean(axis=1)) * np.sqrt((shares**2).mean(axis=1)))
