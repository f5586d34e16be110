"""What an entry tells of a forecast, from its rows: written when it is entered, and read again to verify."""

from __future__ import annotations

import hashlib
import struct
from datetime import date
from typing import TYPE_CHECKING, Any

from forecasts.ledger.chain import canonical, hash_of_text
from forecasts.models import Forecast, ForecastPoint, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from forecasts.ledger.chain import Json
    from forecasts.models import Evaluation

# One point: (forecast, series, step, date, quantiles).
PointRow = tuple[int, str, int, date, list[float]]
POINT_FIELDS = ("forecast_id", "series", "step", "date", "quantiles")

# Sources may say another day that an instrument trades elsewhere, or had its split on another day: the entry
# keeps what was known then.
OF_THE_MOMENT = ("exchange", "calendar", "split_factor")

Kind = LedgerEntry.Kind
KIND_OF_STATUS = {
    Forecast.Status.SUCCEEDED: Kind.PRE_LEDGER,  # who stores a forecast today enters it as issued
    Forecast.Status.FAILED: Kind.FAILED,
    Forecast.Status.CANCELLED: Kind.WITHDRAWN,
}


def facts_of(kind: str, forecast: Forecast, points: Sequence[PointRow]) -> Json:
    """Return what an entry of that kind tells of a forecast; `points` are all of its points, or none."""
    asked = _question(forecast)
    if kind == Kind.FAILED:
        return asked | _ended(forecast) | {"error": forecast.error}
    if kind == Kind.WITHDRAWN:
        return asked | _ended(forecast) | {"stage": forecast.stage, "progress": forecast.progress}
    return asked | _ended(forecast) | _answer(forecast) | _numbers(points) | _evidence(forecast, points)


def points_of(forecasts: Iterable[Forecast]) -> dict[int, list[PointRow]]:
    """Return the points of forecasts by their key, by series and step."""
    rows = ForecastPoint.objects.filter(forecast__in=[forecast.pk for forecast in forecasts])
    found: dict[int, list[PointRow]] = {}
    for row in rows.order_by("forecast_id", "series", "step").values_list(*POINT_FIELDS):
        found.setdefault(row[0], []).append(row)
    return found


def _question(forecast: Forecast) -> Json:
    instrument = forecast.instrument
    return {
        "forecast": forecast.pk,
        "symbol": instrument.symbol,
        "source": instrument.source,
        "exchange": instrument.exchange,
        "calendar": instrument.calendar,
        "method": forecast.method,
        "horizon": forecast.horizon,
        "as_of": forecast.as_of.isoformat(),
        "data_revision": forecast.data_revision,
        "settings": forecast.settings,
        "settings_hash": forecast.settings_hash,
        "release_hash": forecast.model_hash,
    }


def _ended(forecast: Forecast) -> Json:
    return {
        "status": forecast.status,
        "finished_at": forecast.finished_at.isoformat() if forecast.finished_at else None,
    }


def _answer(forecast: Forecast) -> Json:
    """What it was made from and how it was judged; `model` holds the hashes of weights and market."""
    return {
        "data_as_of": forecast.data_as_of.isoformat() if forecast.data_as_of else None,
        "first_counted_step": forecast.first_counted_step,
        **{
            name: getattr(forecast, name)
            for name in (
                "anchor_close",
                "split_factor",
                "bars_revision",
                "bars_hash",
                "model",
                "in_sample",
                "in_domain",
                "trust",
                "verdict",
                "shown",
                "volatility",
                "regime",
                "calibration",
            )
        },
    }


def _numbers(points: Sequence[PointRow]) -> Json:
    """The sessions forecast, and for each series the SHA-256 of its quantiles as little-endian float64.

    These stand in the order (step, level). `days` has one for each step, as long as all series agree.
    """
    hashes: dict[str, Any] = {}
    for _, series, _, _, quantiles in points:
        hashes.setdefault(series, hashlib.sha256()).update(struct.pack(f"<{len(quantiles)}d", *quantiles))
    days = sorted({(step, day) for _, _, step, day, _ in points})
    return {
        "days": [day.isoformat() for _, day in days],
        "series": {name: found.hexdigest() for name, found in hashes.items()},
    }


def _evidence(forecast: Forecast, points: Sequence[PointRow]) -> Json:
    if forecast.evaluation is None:
        return {"evaluation": None}
    return {"evaluation": _judged(forecast.evaluation, {series for _, series, *_ in points})}


def _judged(evaluation: Evaluation, series: set[str]) -> Json:
    """The evidence on the forecast's own series: slow baselines join later, and are left out."""
    metrics = [row for row in evaluation.metrics if row["method"] in series]
    skill = [row for row in evaluation.skill if row["reference"] in series]
    return {
        "origins": evaluation.origins,
        "first_origin": evaluation.first_origin.isoformat() if evaluation.first_origin else None,
        "last_origin": evaluation.last_origin.isoformat() if evaluation.last_origin else None,
        "sha256": hash_of_text(canonical({"metrics": metrics, "skill": skill})),
    }
