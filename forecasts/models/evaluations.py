"""The walk-forward evidence behind forecasts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from forecasts.models.instruments import Instrument


class Trust(models.TextChoices):
    NO_DEMONSTRATED_SKILL = "no_demonstrated_skill", "no demonstrated skill"
    SHARPER = "sharper", "sharper than a volatility cone"
    WORSE_THAN_NAIVE = "worse_than_naive", "worse than naive"


class Evaluation(models.Model):
    """How a method did on one instrument's last origins before a month, beside baselines on the same origins.

    Shared by every forecast of that instrument, month, method and model. Only bars before `data_month`
    entered, so it holds for any origin in that month.
    """

    # For a history too short to be judged.
    NOTHING_TO_JUDGE: ClassVar[dict[str, Any]] = {
        "origins": 0,
        "metrics": [],
        "skill": [],
        "trust": Trust.NO_DEMONSTRATED_SKILL,
        "verdict": "Too few past sessions are there to judge it by, so nothing shows that it has skill.",
    }
    KEY = ("instrument", "data_revision", "data_month", "method", "model_hash", "settings_hash")

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="evaluations")
    data_revision = models.PositiveIntegerField()
    data_month = models.DateField(help_text="The first day of the month that the evaluated bars lie before.")
    method = models.CharField(max_length=20)
    model_hash = models.CharField(max_length=64)
    settings_hash = models.CharField(max_length=64)
    first_origin = models.DateField(null=True)
    last_origin = models.DateField(null=True)
    origins = models.PositiveIntegerField()
    metrics = models.JSONField(help_text="[{method, step, origins, crps, …}]")
    skill = models.JSONField(
        help_text="[{method, step, reference, crps_skill, p_value}]; step null is pooled"
    )
    in_sample = models.BooleanField()
    trust = models.CharField(max_length=30, choices=Trust)
    verdict = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "data_revision", "data_month", "method", "model_hash", "settings_hash"],
                name="evaluation_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.method} {self.data_month}"
