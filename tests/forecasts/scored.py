"""Issued forecasts whose outcomes are scored, and track records, written as rows."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone

from forecasts import ledger
from forecasts.models import Forecast, ForecastPoint, Instrument, Score, TrackRecord
from tests.factories import ForecastFactory


def issued(instrument: Instrument, as_of: date, **fields: Any) -> Forecast:
    """Make a forecast that succeeded and enter it into the ledger."""
    forecast: Forecast = ForecastFactory(succeeded=True, instrument=instrument, as_of=as_of, **fields)
    ledger.enter_issued(forecast)
    forecast.refresh_from_db()
    return forecast


def score(forecast: Forecast, pits: Mapping[int, float], series: str = ForecastPoint.MODEL) -> list[Score]:
    """Score steps of a forecast, given the chance that it gave to a lower outcome, by step."""
    days = dict(forecast.points.filter(series=ForecastPoint.MODEL).values_list("step", "date"))
    return Score.objects.bulk_create(
        Score(
            forecast=forecast,
            series=series,
            step=step,
            date=days[step],
            actual=0.0,
            crps=0.01,
            pinball=0.005,
            pit=pit,
            error=0.0,
            inside_50=True,
            inside_80=True,
            inside_90=True,
            inside_95=True,
            chances=[0.8, 0.5, 0.2],
            usual=0.02,
        )
        for step, pit in pits.items()
    )


def record(instrument: Instrument, method: str = "house", **fields: Any) -> TrackRecord:
    """Write a track record of 150 origins, unless told otherwise."""
    usual = {"computed_at": timezone.now(), "figures": {}, "scored": 150, "origins": 150}
    return TrackRecord.objects.create(instrument=instrument, method=method, **usual | fields)
