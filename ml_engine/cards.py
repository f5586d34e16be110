"""What is known about a model: where it came from, how it did, and the fingerprint of its weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

import numpy as np

# 60 sessions, counted in business days with room for the five exchange holidays a quarter may have.
EMBARGO_BUSINESS_DAYS = 65


@dataclass(frozen=True)
class Card:
    """The card of one trained model, saved as JSON beside its weights.

    `trained_until` is the last date the model has seen in any way. `metrics` come from time that the network
    they are of had not seen. `fine_tuning` is None for a model that was not fine-tuned, else says whether it
    was `kept`. `domain` is what it has learned from, see `ml_engine.domain`; None for a model from scratch,
    which knows one instrument alone, and on cards of before domains were kept.
    """

    name: str
    version: str
    trained_until: date
    data: dict[str, Any]
    config: dict[str, Any]
    seed: int
    metrics: dict[str, Any]
    parameters: int
    self_test: dict[str, Any]
    loss_history: tuple[dict[str, Any], ...] = ()
    fine_tuning: dict[str, Any] | None = None
    sha256: str = ""
    domain: dict[str, Any] | None = None

    @property
    def fair_from(self) -> date:
        """First date at which this model can be judged: over 60 sessions after all it has seen."""
        later = np.busday_offset(self.trained_until, EMBARGO_BUSINESS_DAYS, roll="forward")
        return date.fromisoformat(str(later))

    def to_json(self) -> dict[str, Any]:
        """The card as plain JSON values."""
        return asdict(self) | {"trained_until": self.trained_until.isoformat()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Card:
        """The card that `to_json` made; unknown keys are ignored, missing ones raise `KeyError`.

        Older cards have no `domain`.
        """
        known = {field.name: values[field.name] for field in fields(cls) if field.name != "domain"}
        known["trained_until"] = date.fromisoformat(known["trained_until"])
        known["loss_history"] = tuple(known["loss_history"])
        return cls(**known, domain=values.get("domain"))
