"""Made-up scores of one instrument and method, as a ledger would hold them."""

import numpy as np
import pandas as pd

from ml_engine import events, metrics
from ml_engine.probabilities import SCORES, probability_below
from ml_engine.quantiles import LEVELS, MEDIAN

WIDTHS = {"model": 1.0, "random-walk": 1.25, "drift": 1.1}
REGIMES = ("calm", "normal", "wild", "")


def make_scores(
    origins: int = 150,
    *,
    horizon: int = 20,
    seed: int = 0,
    every: int = 1,
    start: str = "2024-01-02",
    volatility: float = 0.015,
    widths: dict[str, float] = WIDTHS,
    first_entry: int = 1,
) -> pd.DataFrame:
    """Rows (origin × step × series) of normal cones, `widths` times as wide as they ought to be.

    Origins lie `every` sessions apart on weekdays; each is an entry of its own.
    """
    random = np.random.default_rng(seed)
    days = pd.bdate_range(start, periods=origins * every + horizon)
    log_price = np.cumsum(volatility * random.standard_normal(len(days)))
    parts = [
        _at_origin(days, log_price, place * every, horizon, name, width, volatility, first_entry + place)
        for place in range(origins)
        for name, width in widths.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _at_origin(
    days: pd.DatetimeIndex,
    log_price: np.ndarray,
    row: int,
    horizon: int,
    series: str,
    width: float,
    volatility: float,
    entry: int,
) -> pd.DataFrame:
    steps = np.arange(1, horizon + 1)
    usual = volatility * np.sqrt(steps)
    quantiles = 0.0005 * steps[:, None] * (series == "model") + width * usual[:, None] * SCORES
    actual = log_price[row + steps] - log_price[row]
    median, chances = quantiles[:, MEDIAN], events.event_chances(quantiles, usual)
    told = np.where(median == 0, np.nan, np.sign(median) == np.sign(actual))
    bands = {
        f"inside_{band}": (actual >= quantiles[:, LEVELS.index(low)])
        & (actual <= quantiles[:, LEVELS.index(high)])
        for band, (low, high) in metrics.BANDS.items()
    }
    return pd.DataFrame(
        {
            "anchor": days[row],
            "entry": entry,
            "regime": REGIMES[row % 4],
            "series": series,
            "step": steps,
            "date": days[row + steps],
            "actual": actual,
            "crps": metrics.crps(quantiles, actual),
            "pinball": metrics.pinball(quantiles, actual, np.array(LEVELS)).mean(axis=1),
            "pit": probability_below(quantiles, actual),
            "error": actual - median,
            "direction_right": told,
            **bands,
            **{f"chance_{event}": chances[:, event] for event in range(3)},
            "usual": usual,
        }
    )


def columns_of(scores: pd.DataFrame) -> dict[str, np.ndarray]:
    """The same as `ml_engine.tally.tally` takes it."""
    return {name: scores[name].to_numpy() for name in scores}
