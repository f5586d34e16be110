"""Replays: what a method would have said on each of the last sessions. Never counted in a track record."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from forecasts.models.forecasts import LEVELS, Forecast
from forecasts.models.instruments import Instrument

if TYPE_CHECKING:
    from accounts.models import User

# Between two signs of life of a worker: from fit to prediction, or from one series to the next.
LEASE = timedelta(minutes=2)


class ReplayQuerySet(QuerySet["Replay"]):
    """Whoever changes a row to running has it; attempts, which only rise, are the fence of its writes."""

    def visible_to(self, user: User | None) -> ReplayQuerySet:
        """Replays of everyone's instruments and of the user's own uploads."""
        return self.filter(instrument__in=Instrument.objects.visible_to(user))

    def claim(self, replay_id: uuid.UUID | str) -> Replay | None:
        """Take a queued replay, or one whose worker fell silent; None means that somebody else has it."""
        now = timezone.now()
        free = Q(status="queued") | Q(status="running", lease_until__lt=now)
        taken = self.filter(free, pk=replay_id, attempt__lt=settings.FORECAST_ATTEMPTS).update(
            status="running", attempt=F("attempt") + 1, lease_until=now + LEASE, error=None
        )
        return self.select_related("instrument").get(pk=replay_id) if taken else None

    def held(self, claimed: Replay) -> ReplayQuerySet:
        """The replay's row, if this claim still holds it."""
        return self.filter(pk=claimed.pk, status="running", attempt=claimed.attempt)

    def renew(self, claimed: Replay) -> bool:
        """Prolong the lease; False means that another worker has taken over."""
        return bool(self.held(claimed).update(lease_until=timezone.now() + LEASE))

    def give_back(self, claimed: Replay, error: dict[str, Any]) -> bool:
        """Queue again after a fault that may pass; the sweeper rings for it later."""
        now = timezone.now()
        return bool(self.held(claimed).update(status="queued", lease_until=None, rung_at=now, error=error))

    def fail(self, claimed: Replay, error: dict[str, Any]) -> bool:
        return bool(
            self.held(claimed).update(
                status="failed", error=error, lease_until=None, finished_at=timezone.now()
            )
        )

    def silent(self) -> ReplayQuerySet:
        """Running rows whose worker has not renewed its lease."""
        return self.filter(status="running", lease_until__lt=timezone.now())

    def unanswered(self) -> ReplayQuerySet:
        """Queued rows whose bell nobody has answered for a while, or was never rung."""
        since = timezone.now() - timedelta(seconds=settings.FORECAST_RING_AGAIN_SECONDS)
        return self.filter(Q(rung_at=None) | Q(rung_at__lt=since), status="queued")


class Replay(models.Model):
    """One pass of the engine over past origins, shared by everyone who asks the same of the same prices."""

    class Status(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        SUCCEEDED = "succeeded", "succeeded"
        FAILED = "failed", "failed"

    METHODS: ClassVar = (Forecast.Method.HOUSE, Forecast.Method.FINE_TUNED)
    STEPS: ClassVar = (1, 5, 10, 20)
    # Up to and with the first origin: what a method learns from, then an embargo of 60.
    SESSIONS_NEEDED: ClassVar = {Forecast.Method.HOUSE: 250, Forecast.Method.FINE_TUNED: 561}
    # What the numbers depend on beside data and weights; a change here makes new replays.
    SETTINGS: ClassVar[dict[str, Any]] = {"version": 1, "origins": 250, "steps": list(STEPS)}

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

    objects = ReplayQuerySet.as_manager()

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

    def get_absolute_url(self) -> str:
        return reverse("forecasts:replay_detail", args=[self.pk])

    @property
    def is_finished(self) -> bool:
        return self.status in (self.Status.SUCCEEDED, self.Status.FAILED)


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
