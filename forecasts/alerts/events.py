"""What an alert is of, in words and figures, and how prices, days and methods are written in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from forecasts.models import Forecast

if TYPE_CHECKING:
    from forecasts.models import AlertRule, Instrument

METHOD_NAMES = dict(Forecast.Method.choices)


@dataclass(frozen=True)
class Event:
    """Something that happened; two that bear the same `key` are the same one.

    `facts` are the figures behind the words, in plain JSON.
    """

    key: str
    kind: AlertRule.Kind
    instrument: Instrument
    title: str
    text: str
    forecast_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """An event, and a rule whose owner wants to be told of it."""

    rule: AlertRule
    event: Event


def spoken(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def priced(value: float, currency: str = "") -> str:
    """Write a price with two decimals, a small one with four figures."""
    decimals = 2 if value >= 1 else min(12, 3 - math.floor(math.log10(value)))
    return f"{value:,.{decimals}f} {currency}".rstrip()


def percent(share: float) -> str:
    """Write a chance; the smallest and the largest are no certainties."""
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def named(forecast_method: str, anchor: date) -> str:
    """Say which forecast is meant."""
    return f"the forecast of {spoken(anchor)} ({METHOD_NAMES[forecast_method]})"
