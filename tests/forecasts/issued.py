"""Forecasts that were issued on a Saturday in 2013, and the sessions that came after it."""

from datetime import UTC, date, datetime
from typing import Any

import time_machine
from django.db import transaction
from django.db.models import F

from forecasts import ledger
from forecasts.models import Forecast, Instrument, PriceBar
from tests.factories import ForecastFactory, bars

SATURDAY = datetime(2013, 3, 2, 12, tzinfo=UTC)
DAYS = [date(2013, 3, day) for day in (4, 5, 6, 7, 8)]
CLOSES = [101.0, 99.0, 102.0, 98.0, 103.0]


def issue(instrument: Instrument, moment: datetime = SATURDAY, **fields: Any) -> Forecast:
    """Issue a forecast of five sessions at a moment, by default before the first of them opens."""
    fields = {"horizon": 5, "volatility": 0.02, **fields}
    with time_machine.travel(moment, tick=False), transaction.atomic():
        made: Forecast = ForecastFactory(instrument=instrument, succeeded=True, finished_at=moment, **fields)
        ledger.enter_issued(made)
    made.refresh_from_db()
    return made


def add_bar(instrument: Instrument, day: date, close: float, state: str = "final") -> None:
    PriceBar.objects.filter(instrument=instrument, date=day).delete()
    bars(instrument, last=day, closes=[close], state=state)


def add_days(instrument: Instrument, count: int, closes: list[float] = CLOSES) -> None:
    for day, close in list(zip(DAYS, closes, strict=True))[:count]:
        add_bar(instrument, day, close)


def restate(instrument: Instrument) -> None:
    Instrument.objects.filter(pk=instrument.pk).update(data_revision=F("data_revision") + 1)


def steps_of(forecast: Forecast, series: str = "model") -> list[int]:
    return list(
        forecast.scores.current().filter(series=series).order_by("step").values_list("step", flat=True)
    )
