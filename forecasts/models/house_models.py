"""House models that this site trained itself, beside those that are shipped."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class HouseModel(models.Model):
    """Weights and card of a model trained here: every worker can load it, whichever machine it runs on.

    There is one champion at most; without one the shipped vintages answer. A challenger forecasts in the
    shadow: its quantiles are frozen in the ledger beside those shown, and scored.
    """

    class Status(models.TextChoices):
        TRAINING = "training", "being trained"
        CHALLENGER = "challenger", "forecasts in the shadow"
        CHAMPION = "champion", "answers for the house"
        RETIRED = "retired", "was champion once"
        REJECTED = "rejected", "was no better, or failed its self-test"

    status = models.CharField(max_length=12, choices=Status)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the weights' file.")
    trained_until = models.DateField()
    card = models.JSONField(null=True, blank=True)
    weights = models.BinaryField(null=True, blank=True, help_text="A safetensors file.")
    note = models.TextField(blank=True, help_text="Why it was promoted, rejected or rolled back.")
    created_at = models.DateTimeField(auto_now_add=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="While it is being trained.")
    promoted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="champion"), name="one_champion"),
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="challenger"), name="one_challenger"
            ),
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="training"), name="one_in_training"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.sha256[:12]} until {self.trained_until}"
