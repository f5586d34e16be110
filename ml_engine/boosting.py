"""Gradient-boosted quantiles: what somebody with scikit-learn and a table of features would build."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from ml_engine.baselines import NORMAL, Refitted, steps_to
from ml_engine.features import FEATURES, Features, build_features
from ml_engine.quantiles import LEVELS, FloatArray

Models = list[HistGradientBoostingRegressor]

FEWEST_ROWS = 500  # of the past; before that the random walk answers
FIRST_ROW = 125  # earlier rows' features are still filling
STRIDE = 3  # neighbouring rows overlap and say much the same
STEPS = (1, 5, 10, 20, 40, 60)
LEARNED = (
    0.01,
    0.05,
    0.25,
    0.5,
    0.75,
    0.95,
    0.99,
)  # levels with a model; between them normal scores interpolate
COLUMNS = [place for place, name in enumerate(FEATURES) if not name.startswith(("report_", "market_"))]
SEED = 7

_LEARNED_NORMAL = NORMAL[[LEVELS.index(level) for level in LEARNED]]
# Weights (learned level, level) of the interpolation: each column is convex, so sorted stays sorted.
_WEIGHTS = np.array([np.interp(NORMAL, _LEARNED_NORMAL, unit) for unit in np.eye(len(LEARNED))])


class GradientBoosting(Refitted):
    """Quantile regression by boosted trees (Friedman, 2001) on volatility-scaled features and returns.

    Slow, because the trees are many: seven levels, and again for every year of the history.
    """

    name = "gradient-boosting"

    def fitted(
        self, bars: pd.DataFrame, known: int, rows: NDArray[np.int64], horizon: int
    ) -> FloatArray | None:
        if known < FEWEST_ROWS:
            return None
        features = build_features(bars)
        scaled = _predict(_fit(features, known), features.matrix[rows].astype(np.float64), horizon)
        spread = features.volatility[rows][:, None] * np.sqrt(steps_to(horizon))  # (origin, step)
        return np.asarray(scaled * spread[:, :, None])


def _fit(features: Features, start: int) -> Models:
    """Fit one model a level on rows whose outcome was known before row `start`."""
    tables, outcomes = [], []
    for step in STEPS:
        rows = np.arange(FIRST_ROW, start - step, STRIDE)
        move = features.log_close[rows + step] - features.log_close[rows]
        outcomes.append(move / (features.volatility[rows] * np.sqrt(step)))
        tables.append(_table(features.matrix[rows].astype(np.float64), np.full(len(rows), step)))
    table, outcome = np.concatenate(tables), np.concatenate(outcomes)
    return [_regressor(level).fit(table, outcome) for level in LEARNED]


def _regressor(level: float) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        loss="quantile",
        quantile=level,
        max_iter=50,
        max_leaf_nodes=8,
        min_samples_leaf=200,
        early_stopping=False,
        random_state=SEED,
    )


def _table(matrix: FloatArray, steps: NDArray[np.int64]) -> FloatArray:
    """Features (row, column) with the step as the last column."""
    return np.column_stack([matrix[:, COLUMNS], steps])


def _predict(models: Models, matrix: FloatArray, horizon: int) -> FloatArray:
    """Scaled quantiles (origin, step, level) at the features (origin, feature)."""
    origins = len(matrix)
    steps = np.tile(np.arange(1, horizon + 1), origins)
    table = _table(np.repeat(matrix, horizon, axis=0), steps)
    learned = np.stack([model.predict(table) for model in models], axis=1)
    ordered = np.sort(learned, axis=1)  # models of different levels may cross
    return np.asarray((ordered @ _WEIGHTS).reshape(origins, horizon, len(LEVELS)))
