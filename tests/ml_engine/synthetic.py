"""Made-up price histories: volatility clusters, gaps, volumes; the same seed gives the same bars."""

import numpy as np
import pandas as pd


def make_bars(
    rows: int = 600, *, seed: int = 0, scale: float = 0.015, level: float = 100.0, start: str = "2010-01-04"
) -> pd.DataFrame:
    """A history of `rows` sessions that moves by about `scale` a session."""
    random = np.random.default_rng(seed)
    volatility = scale * np.exp(0.3 * np.sin(np.arange(rows) / 40) + 0.2 * random.standard_normal(rows))
    moves = volatility * random.standard_t(5, rows).clip(-8, 8) * 0.77
    gaps = 0.4 * volatility * random.standard_normal(rows)
    close = level * np.exp(np.cumsum(moves))
    opened = np.concatenate([[level], close[:-1]]) * np.exp(gaps)
    high = np.maximum(opened, close) * np.exp(0.5 * volatility * random.random(rows))
    low = np.minimum(opened, close) * np.exp(-0.5 * volatility * random.random(rows))
    volume = np.round(1e6 * np.exp(0.3 * random.standard_normal(rows)))
    columns = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
    return pd.DataFrame(columns, index=pd.bdate_range(start, periods=rows, name="date"))


def make_market(bars: pd.DataFrame, seed: int = 50) -> pd.Series:
    """Closes of an index on the same dates."""
    return make_bars(len(bars), seed=seed, scale=0.01)["close"].set_axis(bars.index)


def change_after(bars: pd.DataFrame, row: int) -> pd.DataFrame:
    """The same bars with every price and volume after position `row` replaced."""
    changed = bars.copy()
    factors = np.random.default_rng(1).uniform(0.9, 1.1, len(bars) - row - 1)
    changed.iloc[row + 1 :] = changed.iloc[row + 1 :].mul(1.05 * factors, axis=0)
    return changed
