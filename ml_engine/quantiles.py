"""What a forecast is, and what every forecaster offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # who only turns stored quantiles into chances does without pandas
    import pandas as pd

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]  # where a whole panel is held
AnyFloats = FloatArray | SingleArray

LEVELS: tuple[float, ...] = (
    0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99,
)  # fmt: skip
MEDIAN = LEVELS.index(0.5)
MAX_HORIZON = 60
MIN_HISTORY = 250  # rows up to and including an origin
# A factor of e^20 either way is no stock price; the bound keeps every output finite whatever the input.
LARGEST_LOG_RETURN = 20.0


@dataclass(frozen=True)
class QuantileForecast:
    """Quantiles of the close 1 … horizon sessions after each origin.

    `prices` (origin, step, level) are in the unit of the bars, finite, positive and non-decreasing along
    `level`; `anchors` (origin,) are the closes at the origins.
    """

    origins: pd.DatetimeIndex
    horizons: NDArray[np.int64]
    levels: FloatArray
    prices: FloatArray
    anchors: FloatArray

    @classmethod
    def from_log_returns(
        cls, origins: pd.DatetimeIndex, anchors: FloatArray, log_returns: FloatArray
    ) -> QuantileForecast:
        """Build a forecast from quantiles (origin, step, level) of the log return since the anchor."""
        bounded = np.clip(log_returns, -LARGEST_LOG_RETURN, LARGEST_LOG_RETURN)
        # Rounding in a model's sums may cross two nearly equal quantiles by one bit: sort that away.
        ordered = np.maximum.accumulate(bounded, axis=-1)
        prices = anchors[:, None, None] * np.exp(ordered)
        steps = np.arange(1, log_returns.shape[1] + 1)
        return cls(origins, steps, np.array(LEVELS), prices, anchors)

    @property
    def log_returns(self) -> FloatArray:
        """Quantiles (origin, step, level) of the log return since the anchor close."""
        return np.asarray(np.log(self.prices / self.anchors[:, None, None]), dtype=np.float64)


class Forecaster(Protocol):
    """Anything that turns a price history into quantiles, causally: a model or a baseline."""

    @property
    def name(self) -> str: ...

    def predict(
        self,
        bars: pd.DataFrame,
        origins: pd.DatetimeIndex | None = None,
        horizon: int = 20,
        market: pd.Series[float] | None = None,
    ) -> QuantileForecast:
        """Forecast `horizon` sessions (1 … 60) after each origin (default: the last row of `bars`)."""
        ...
