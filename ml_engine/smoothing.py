"""The Theta method: exponential smoothing with half the trend, from the textbooks of business forecasting."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter
from statsmodels.tsa.forecasting.theta import ThetaModel

from ml_engine.baselines import NORMAL, Refitted, settled, steps_to
from ml_engine.quantiles import FloatArray
from ml_engine.volatility import FLOOR, moves

# Four years. Of 250, 500, 1,000 and 2,500 rows this window scored best on US stocks: its one variance is
# that of the whole window. In all but the shortest Theta scored better than additive ETS without a trend,
# with one, or with a damped one.
WINDOW = 1000
SMALLEST = 1e-4  # a smoothing parameter of zero never forgets the window's first row


@dataclass(frozen=True)
class Smoothing:
    """A fitted Theta model in the form of Hyndman and Billah (International J. of Forecasting, 2003)."""

    alpha: float  # of simple exponential smoothing
    slope: float  # of the straight line through the window
    variance: float  # of the errors of one step

    def means(self, series: FloatArray, places: NDArray[np.int64], horizon: int) -> FloatArray:
        """Return the points (origin, step) after `places` (origin,) of `series` (row,)."""
        keep = 1 - self.alpha
        level, _ = lfilter([self.alpha], [1.0, -keep], series, zi=[keep * series[0]])
        seen = (1 - keep ** (places + 1.0)) / self.alpha  # (origin,)
        drift = 0.5 * self.slope * (steps_to(horizon) - 1 + seen[:, None])
        return np.asarray(level[places][:, None] + drift)

    def deviations(self, horizon: int) -> FloatArray:
        """Return the standard errors (step,) of the points: σ² (1 + (h - 1) (1 + (1 - α)²)).

        So `statsmodels` has it; with α² as in the textbooks scores differ by less than 0.05 %.
        """
        growth = 1 + (1 - self.alpha) ** 2
        return np.asarray(np.sqrt(self.variance * (1 + (steps_to(horizon) - 1) * growth)))


class Theta(Refitted):
    """The Theta method (Assimakopoulos and Nikolopoulos, 2000) of `statsmodels` on the log closes.

    Its normal intervals are the library's: one variance for all days, whatever the volatility is now.
    """

    name = "theta"

    def fitted(
        self, bars: pd.DataFrame, known: int, rows: NDArray[np.int64], horizon: int
    ) -> FloatArray | None:
        first = max(0, known - WINDOW)
        series = moves(bars).close[first : rows.max() + 1]
        model = fit(series[: known - first])
        if model is None:
            return None
        means = model.means(series, rows - first, horizon) - series[rows - first][:, None]
        return np.asarray(means[:, :, None] + model.deviations(horizon)[:, None] * NORMAL)


def fit(series: FloatArray) -> Smoothing | None:
    """Fit to log closes (row,); None where they stand still or the errors' variance is not found."""
    series = settled(series - series[0])
    if np.diff(series).std() < FLOOR:
        return None
    with warnings.catch_warnings():  # of the likelihood behind the variance; it is checked below
        warnings.simplefilter("ignore")
        found = ThetaModel(series, deseasonalize=False).fit()
        slope, alpha = np.asarray(found.params, dtype=np.float64)
        variance = float(found.sigma2)
    if not (np.isfinite([slope, alpha, variance]).all() and variance > 0):
        return None
    return Smoothing(max(float(alpha), SMALLEST), float(slope), variance)
