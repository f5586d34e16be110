"""What a finished forecast says about a price and about a position: chances, a range to expect, losses.

Read from the stored quantiles of the series that its page shows first; prices are on today's share basis. The
engine's part (ml_engine.decisions) is imported in the functions, for it brings numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from forecasts.errors import RequestRefused
from forecasts.models import LEVELS
from forecasts.presentation import last_close, shown_series
from forecasts.trust import standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from forecasts.models import Forecast

RANGE_LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
RISK_LEVELS = (0.95, 0.99)
SMALLEST_PRICE, LARGEST_PRICE = 1e-12, 1e12
LARGEST_QUANTITY = 1e12
PRICE_WORDS = "Give a price above zero."
PRICE_RANGE_WORDS = "That price is too small or too large to reckon with."
QUANTITY_WORDS = "Give a number of shares that is not zero; a minus sign means sold short."
LEVEL_WORDS = "Choose the level 0.95 or 0.99."


@dataclass(frozen=True)
class Reach:
    """A forecast up to one of its sessions: quantiles (step, level) of the log return since `last_close`."""

    shown: str
    step: int
    date: date
    currency: str
    last_close: float
    quantiles: NDArray[np.float64]


@dataclass(frozen=True)
class PriceChance:
    """Chances of closing above `price` at `step` and of touching it up to then, and the range to expect.

    The three ranges are prices at RANGE_LEVELS: of the close at `step`, and of the highest and the lowest
    close up to then.
    """

    price: float
    reach: Reach
    above: float
    touch_on_a_close: float
    touch_at_any_moment: float
    close: list[float]
    highest_close: list[float]
    lowest_close: list[float]

    @property
    def below(self) -> float:
        return 1 - self.above

    @property
    def is_rise(self) -> bool:
        """Whether the price lies above the last close, or right at it."""
        return self.price >= self.reach.last_close


@dataclass(frozen=True)
class PositionRisk:
    """What `quantity` shares (below zero: sold short) may lose by `step`, in the instrument's currency.

    `worth` is at the last close, below zero for a short position; a loss below zero is a gain.
    """

    quantity: float
    level: float
    reach: Reach
    worth: float
    value_at_risk: float
    expected_shortfall: float

    @property
    def shares(self) -> float:
        return abs(self.quantity)

    @property
    def shares_worth(self) -> float:
        return abs(self.worth)

    @property
    def other(self) -> float:
        """The chance of a loss beyond the value at risk."""
        return 1 - self.level


def chance_of_price(forecast: Forecast, *, price: float, step: int) -> PriceChance:
    """Answer for a forecast that succeeded; RequestRefused says what is wrong with the question."""
    from ml_engine import decisions

    if not (math.isfinite(price) and price > 0):
        raise RequestRefused(PRICE_WORDS, field="price")
    if not SMALLEST_PRICE <= price <= LARGEST_PRICE:
        raise RequestRefused(PRICE_RANGE_WORDS, field="price")
    reach = _reach(forecast, step)
    sought = math.log(price) - math.log(reach.last_close)
    last = reach.quantiles[-1]
    touch = decisions.chance_of_touching(reach.quantiles, sought)
    highest, lowest = _extremes(reach.quantiles.tobytes(), step)
    return PriceChance(
        price=price,
        reach=reach,
        above=decisions.chance_above(last, sought),
        touch_on_a_close=touch.on_a_close,
        touch_at_any_moment=touch.at_any_moment,
        close=_prices(reach, [last[LEVELS.index(level)] for level in RANGE_LEVELS]),
        highest_close=_prices(reach, highest),
        lowest_close=_prices(reach, lowest),
    )


def chance_of_touching(quantiles: Sequence[Sequence[float]], *, last_close: float, price: float) -> float:
    """Chance of touching `price` at any moment of the sessions that `quantiles` (step, level) are of."""
    import numpy as np

    from ml_engine import decisions

    law = np.array(quantiles, dtype=np.float64)
    return decisions.chance_of_touching(law, math.log(price) - math.log(last_close)).at_any_moment


def risk_of_position(
    forecast: Forecast, *, quantity: float, step: int, level: float = RISK_LEVELS[0]
) -> PositionRisk:
    """Answer for a forecast that succeeded; RequestRefused says what is wrong with the question."""
    from ml_engine import decisions

    if not math.isfinite(quantity) or quantity == 0:
        raise RequestRefused(QUANTITY_WORDS, field="quantity")
    if abs(quantity) > LARGEST_QUANTITY:
        raise RequestRefused("That is more shares than this can reckon with.", field="quantity")
    if level not in RISK_LEVELS:
        raise RequestRefused(LEVEL_WORDS, code="invalid_choice", field="level")
    reach = _reach(forecast, step)
    loss = decisions.tail_loss(reach.quantiles[-1], level, is_long=quantity > 0)
    worth = quantity * reach.last_close
    var, shortfall = (abs(worth) * share for share in (loss.value_at_risk, loss.expected_shortfall))
    return PositionRisk(quantity, level, reach, worth, var, shortfall)


def _reach(forecast: Forecast, step: int) -> Reach:
    import numpy as np

    if not 1 <= step <= forecast.horizon:
        raise RequestRefused(step_words(forecast.horizon), field="step")
    anchor, series = last_close(forecast), shown_series(forecast)[0]
    points = list(forecast.points.filter(series=series, step__lte=step).order_by("step"))
    if anchor is None or len(points) < step:
        raise RequestRefused("This forecast has no numbers to answer from.", code="no_result")
    quantiles = np.array([point.quantiles for point in points], dtype=np.float64)
    return Reach(
        standing(forecast).shown, step, points[-1].date, forecast.instrument.currency, anchor, quantiles
    )


@lru_cache(maxsize=64)
def _extremes(quantiles: bytes, steps: int) -> tuple[list[float], list[float]]:
    """Return log returns at RANGE_LEVELS of the highest and of the lowest close within `steps` sessions.

    They are the costly part of an answer and the same for every price, so they are kept by the bytes of the
    quantiles (float64, by step and level).
    """
    import numpy as np

    from ml_engine import decisions

    law = np.frombuffer(quantiles).reshape(steps, len(LEVELS))
    highest, lowest = (find(law, RANGE_LEVELS) for find in (decisions.highest_close, decisions.lowest_close))
    return highest.tolist(), lowest.tolist()


def step_words(horizon: int) -> str:
    """Say which sessions may be asked about."""
    if horizon == 1:
        return "This forecast reaches one session ahead. Give 1."
    return f"This forecast reaches {horizon} sessions ahead. Give a whole number from 1 to {horizon}."


def _prices(reach: Reach, log_returns: Any) -> list[float]:
    return [reach.last_close * math.exp(log_return) for log_return in log_returns]
