"""House models that were trained here, ready to forecast: the one that answers, and the one in the shadow."""

from __future__ import annotations

import logging
from datetime import date
from functools import lru_cache

from forecasts.models import HouseModel
from ml_engine.errors import ArtifactError
from ml_engine.forecaster import Card, LSTMForecaster, vintages

logger = logging.getLogger(__name__)


def champion_for(as_of: date) -> LSTMForecaster | None:
    """Return the champion, where it may answer as of that day: over 60 sessions after all it has seen."""
    row = HouseModel.objects.champion()
    champion = _loaded(row) if row else None
    return champion if champion is not None and champion.card.fair_from <= as_of else None


def challenger_for(anchor: date) -> LSTMForecaster | None:
    """Return the challenger, where it has seen nothing of that session or later ones."""
    row = HouseModel.objects.challenger()
    return _loaded(row) if row and row.trained_until < anchor else None


def house_of(sha256: str) -> LSTMForecaster | None:
    """Return the house model with these weights, shipped or trained here; None where they are gone."""
    for card in vintages():
        if card.sha256 == sha256:
            return LSTMForecaster.load(known_at=card.fair_from)
    row = HouseModel.objects.defer("weights").filter(sha256=sha256, weights__isnull=False).first()
    return _loaded(row) if row else None


def _loaded(row: HouseModel) -> LSTMForecaster | None:
    """Return a row's model; one that this version of the engine cannot read is left out, and logged."""
    try:
        return _restored(row.pk, row.sha256)
    except (ArtifactError, KeyError, TypeError, ValueError):
        logger.exception("House model %s cannot be used.", row)
        return None


@lru_cache(maxsize=4)
def _restored(row_id: int, sha256: str) -> LSTMForecaster:
    """Read weights and card once in a process; the row that is asked for tells who answers now."""
    row = HouseModel.objects.get(pk=row_id, sha256=sha256)
    return LSTMForecaster.from_bytes(bytes(row.weights or b""), Card.from_json(row.card or {}))
