"""All that a simulated time has left behind, told without keys and moments, so that two can be compared."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.core import mail

from forecasts.models import (
    Alert,
    Digest,
    DueForecast,
    Forecast,
    ForecastPoint,
    ForecastRequest,
    LedgerEntry,
    Score,
    TrackRecord,
)

QUESTION = ("instrument__symbol", "as_of", "method", "horizon")
OUTCOME = (
    "status",
    "data_as_of",
    "first_counted_step",
    "score_from",
    "volatility",
    "regime",
    "trust",
    "verdict",
)
SCORED = ("series", "step", "version", "actual", "crps", "pinball", "pit", "direction_right", "inside_80")


def everything() -> dict[str, Any]:
    """Return what was said, scored, summed up and told."""
    return {
        "due": _rows(DueForecast, "instrument__symbol", "session", "method", "horizon", "status", "note"),
        "forecasts": _rows(Forecast, *QUESTION, *OUTCOME),
        "points": _rows(
            ForecastPoint, *(f"forecast__{name}" for name in QUESTION), "series", "step", "quantiles"
        ),
        "requests": _rows(
            ForecastRequest, "owner__email", "origin", *(f"forecast__{name}" for name in QUESTION)
        ),
        "entries": _rows(LedgerEntry, "kind"),
        "scores": _rows(Score, *(f"forecast__{name}" for name in QUESTION), *SCORED),
        "records": {(symbol, method): _figures(figures) for symbol, method, figures in _records()},
        "alerts": _rows(Alert, "owner__email", "kind", "instrument__symbol", "title", "text"),
        "digests": _rows(Digest, "owner__email", "day", "alerts"),
        "letters": {(letter.to[0], letter.subject) for letter in mail.outbox},
    }


def _rows(model: Any, *names: str) -> Counter[str]:
    return Counter(json.dumps(row, default=str) for row in model.objects.values_list(*names).iterator())


def _records() -> Any:
    return TrackRecord.objects.values_list("instrument__symbol", "method", "figures")


def _figures(figures: dict[str, Any]) -> str:
    ledger = {name: count for name, count in figures["ledger"].items() if name != "last_entry"}
    return json.dumps(figures | {"ledger": ledger}, sort_keys=True)
