"""Replays: what a method would have said on each of the last sessions. Never counted in a track record."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from forecasts.models.forecasts import LEVELS, Forecast
from forecasts.models.instruments import Instrument


class Replay(models.Model):
    """One pass of the engine over past origins, shared by everyone who asks the same of the same prices."""

    class Status(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        SUCCEEDED = "succeeded", "succeeded"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="replays")
    method = models.CharField(max_length=20, choices=Forecast.Method)
    data_revision = models.PositiveIntegerField()
    as_of = models.DateField(help_text="The last session that it may know.")
    model_hash = models.CharField(
        max_length=64, help_text="Of the release of house models it was asked from."
    )
    settings_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    error = models.JSONField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    model = models.JSONField(
        null=True, blank=True, help_text="As Forecast.model, of the model that answered."
    )
    in_sample = models.BooleanField(null=True)
    first_origin = models.DateField(null=True, blank=True)
    last_origin = models.DateField(null=True, blank=True)
    origins = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "data_revision", "as_of", "method", "model_hash", "settings_hash"],
                condition=~models.Q(status="failed"),
                name="replay_same_question",
            )
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.method} {self.as_of}"


class ReplayPoint(models.Model):
    """Quantiles of the log return from an origin's close to one of a few steps after it."""

    pk = models.CompositePrimaryKey("replay_id", "series", "step", "origin")
    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="points", db_index=False)
    series = models.CharField(max_length=30)
    step = models.PositiveSmallIntegerField()
    origin = models.DateField()
    date = models.DateField(help_text="The session forecast.")
    quantiles = ArrayField(models.FloatField(), size=len(LEVELS))

    def __str__(self) -> str:
        return f"{self.replay_id} {self.series} {self.origin}+{self.step}"
