"""What became of issued forecasts corrects the bands of the next one: the ledger's adaptive calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasts.models import Forecast, ForecastPoint, Score
from ml_engine import tracking

if TYPE_CHECKING:
    from datetime import date

    from ml_engine.quantiles import FloatArray


@dataclass(frozen=True)
class Correction:
    """Log widths (step,) for a forecast's steps, from `scored` forecasts, the last of them at `entry`."""

    log_widths: FloatArray
    scored: int
    entry: int

    def applied(self, quantiles: list[list[float]]) -> list[list[float]]:
        """Draw log returns (step, level) away from their median; the median stays to the bit."""
        corrected: list[list[float]] = tracking.calibrated(np.array(quantiles), self.log_widths).tolist()
        return corrected

    def as_json(self) -> dict[str, Any]:
        return {"log_widths": self.log_widths.tolist(), "scored": self.scored, "entry": self.entry}


def correction_of(forecast: Forecast, anchor: date) -> Correction | None:
    """Read what the ledger knew of the instrument and method when the session of `anchor` had closed.

    A replay as of the past learns nothing from what was scored on later sessions. None where nothing was
    scored by then, or nothing is to be corrected.
    """
    scores = _scores(forecast, anchor)
    if not scores:
        return None
    origins, steps, pits, entries = zip(*scores, strict=True)
    widths = tracking.log_widths(np.array(steps), np.array(pits))[: forecast.horizon]
    return Correction(widths, len(set(origins)), max(entries)) if widths.any() else None


def _scores(forecast: Forecast, anchor: date) -> list[tuple[Any, int, float, Any]]:
    """Origin, step, PIT and entry of the model's scores in order of the session that was forecast.

    Each origin and step counts once, by its earliest entry; ties of the session are told apart by the origin,
    so that it does not matter in which order they were scored.
    """
    counted = (
        Score.objects.current()
        .filter(
            series=ForecastPoint.MODEL,
            date__lte=anchor,
            forecast__instrument=forecast.instrument_id,
            forecast__method=forecast.method,
            forecast__entry__isnull=False,
        )
        .order_by("forecast__data_as_of", "step", "forecast__entry")
        .distinct("forecast__data_as_of", "step")
        .values_list("date", "forecast__data_as_of", "step", "pit", "forecast__entry")
    )
    return [(origin, step, pit, entry) for _, origin, step, pit, entry in sorted(counted)]
