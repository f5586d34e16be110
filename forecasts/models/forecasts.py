"""Forecasts: the shared work, its points, and the requests that point to it."""

from __future__ import annotations

import uuid
from datetime import date as Date
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse

from forecasts.models.evaluations import Evaluation, Trust
from forecasts.models.instruments import Instrument
from forecasts.models.leases import LeaseQuerySet
from forecasts.models.ledger import LedgerEntry

if TYPE_CHECKING:
    from accounts.models import User

# Of the log return from the anchor session's close; the same levels as the engine's.
LEVELS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99)
MEDIAN = LEVELS.index(0.5)
MAX_HORIZON = 60


class Forecast(models.Model):
    """Work that everyone who asked the same shares. The row is the truth; the broker is only a bell."""

    class Method(models.TextChoices):
        FINE_TUNED = "fine-tuned", "fine-tuned"
        HOUSE = "house", "house model"
        FROM_SCRATCH = "from-scratch", "from scratch"

    class Status(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        SUCCEEDED = "succeeded", "succeeded"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    class Stage(models.TextChoices):
        WAITING = "waiting", "waiting for a worker"
        FETCHING = "fetching", "fetching prices"
        TRAINING = "training", "training the model"
        EVALUATING = "evaluating", "evaluating it against baselines"
        STORING = "storing", "storing the result"

    class Shown(models.TextChoices):
        MODEL = "model", "the model"
        NAIVE = "naive", "the naive cone"

    class Regime(models.TextChoices):
        CALM = "calm", "calm: lowest third"
        NORMAL = "normal", "middle third"
        WILD = "wild", "wild: highest third"

    # What was asked for: the same question is the same row.
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="forecasts")
    data_revision = models.PositiveIntegerField()
    as_of = models.DateField()
    method = models.CharField(max_length=20, choices=Method)
    horizon = models.PositiveSmallIntegerField()
    settings = models.JSONField()
    settings_hash = models.CharField(max_length=64)
    model_hash = models.CharField(
        max_length=64, help_text="Of the release of house models it was asked from."
    )

    # Where the work stands.
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.WAITING)
    progress = models.FloatField(default=0.0)
    error = models.JSONField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(
        default=0, help_text="Rises with each claim; late writes name an old one."
    )
    prices_ready = models.BooleanField(default=False, help_text="Whether `prepare` has nothing left to do.")
    lease_until = models.DateTimeField(null=True, blank=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    loss_history = models.JSONField(
        default=list, help_text="[{epoch, train, validation}]; grows while training"
    )

    # What came of it; never changed once it is there.
    data_as_of = models.DateField(null=True, blank=True, help_text="The anchor: the last closed bar used.")
    anchor_close = models.FloatField(null=True, blank=True)
    split_factor = models.FloatField(
        null=True, blank=True, help_text="Of the splits after the anchor that anchor_close already contains."
    )
    bars_revision = models.PositiveIntegerField(null=True, blank=True)
    bars_hash = models.CharField(max_length=64, blank=True)
    model = models.JSONField(null=True, blank=True, help_text="{name, version, sha256, trained_until, …}")
    evaluation = models.ForeignKey(Evaluation, null=True, blank=True, on_delete=models.RESTRICT)
    in_sample = models.BooleanField(null=True)
    trust = models.CharField(max_length=30, choices=Trust, blank=True)
    verdict = models.TextField(blank=True)
    shown = models.CharField(max_length=10, choices=Shown, default=Shown.MODEL)
    volatility = models.FloatField(
        null=True, blank=True, help_text="EWMA volatility of a session's log return at the anchor."
    )
    regime = models.CharField(
        max_length=10,
        choices=Regime,
        blank=True,
        help_text="The volatility beside the instrument's own past.",
    )
    in_domain = models.BooleanField(
        null=True, help_text="Whether the model has learned from such instruments."
    )
    calibration = models.JSONField(
        null=True,
        blank=True,
        help_text="What the ledger did to the bands: {log_widths[step], scored, entry}.",
    )

    # What becomes of it: its line in the ledger, and how far it is scored.
    entry = models.OneToOneField(
        LedgerEntry, null=True, blank=True, on_delete=models.PROTECT, related_name="forecast"
    )
    first_counted_step = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Sessions before it had begun when it was issued; null: none counts."
    )
    score_from = models.DateField(
        null=True, blank=True, help_text="The next session to be scored; null: there is none."
    )
    scores_revision = models.PositiveIntegerField(
        null=True, blank=True, help_text="The instrument's data_revision that its scores are of."
    )

    objects = LeaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "instrument",
                    "data_revision",
                    "as_of",
                    "method",
                    "horizon",
                    "settings_hash",
                    "model_hash",
                ],
                condition=~Q(status__in=["failed", "cancelled"]),
                name="forecast_same_question",
            ),
            models.CheckConstraint(condition=Q(horizon__range=(1, MAX_HORIZON)), name="forecast_horizon"),
        ]
        indexes = [
            models.Index(fields=["status", "rung_at"], condition=Q(status="queued"), name="forecast_queued"),
            models.Index(fields=["lease_until"], condition=Q(status="running"), name="forecast_running"),
            models.Index(
                fields=["status"],
                condition=Q(entry=None, status__in=["succeeded", "failed", "cancelled"]),
                name="forecast_not_entered",
            ),
            models.Index(
                fields=["instrument", "score_from"],
                condition=Q(score_from__isnull=False),
                name="forecast_to_score",
            ),
            models.Index(
                fields=["instrument", "scores_revision"],
                condition=Q(scores_revision__isnull=False),
                name="forecast_scored",
            ),
            models.Index(fields=["instrument", "method", "data_as_of"], name="forecast_of_anchor"),
            models.Index(fields=["finished_at"], condition=Q(status="succeeded"), name="forecast_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.method} {self.as_of}+{self.horizon}"

    @property
    def is_finished(self) -> bool:
        return self.status in (self.Status.SUCCEEDED, self.Status.FAILED, self.Status.CANCELLED)

    @property
    def queue(self) -> str:
        """The Celery queue that its next step belongs to."""
        if not self.prices_ready:
            return "io"
        return "house" if self.method == self.Method.HOUSE else "training"


# Sessions up to the origin that a method needs, by method.
BARS_NEEDED = {Forecast.Method.HOUSE: 250, Forecast.Method.FINE_TUNED: 500, Forecast.Method.FROM_SCRATCH: 750}


def why_too_short(symbol: str, method: str, day: Date, bars: int) -> tuple[str, str] | None:
    """Say that `bars` sessions up to `day` are too few for a method, and the remedy; None if they do."""
    needed = BARS_NEEDED[Forecast.Method(method)]
    if bars >= needed:
        return None
    working = [name.value for name, count in BARS_NEEDED.items() if bars >= count]
    remedy = (
        f"Methods that work: {', '.join(working)}." if working else "No method works with fewer than 250."
    )
    return f"{method} needs {needed} sessions; {symbol} has {bars} up to {day}.", remedy


class ForecastPoint(models.Model):
    """Quantiles of the log return from the anchor's close to a session ahead, by the model or a baseline."""

    MODEL = "model"
    NAIVE = "random-walk"
    CHALLENGER = "challenger"

    pk = models.CompositePrimaryKey("forecast_id", "series", "step")
    forecast = models.ForeignKey(Forecast, on_delete=models.CASCADE, related_name="points", db_index=False)
    series = models.CharField(
        max_length=30, help_text="`model`, or a baseline's name; `random-walk` is the naive cone."
    )
    step = models.PositiveSmallIntegerField(help_text="Sessions after the anchor.")
    date = models.DateField()
    quantiles = ArrayField(models.FloatField(), size=len(LEVELS), help_text="At LEVELS, non-decreasing.")

    class Meta:
        ordering = ["forecast_id", "series", "step"]

    def __str__(self) -> str:
        return f"{self.forecast_id} {self.series} +{self.step}"


class ForecastRequestQuerySet(QuerySet["ForecastRequest"]):
    def for_user(self, user: User | None) -> ForecastRequestQuerySet:
        """A person's own requests; None is the site itself."""
        return self.filter(owner=user)

    def live(self) -> ForecastRequestQuerySet:
        return self.filter(cancelled_at=None)

    def with_forecast(self) -> ForecastRequestQuerySet:
        return self.select_related("forecast__instrument", "forecast__evaluation")

    def matching(
        self, *, symbol: str = "", status: str = "", method: str = "", origin: str = ""
    ) -> ForecastRequestQuerySet:
        """Find by what the person sees: a request withdrawn is cancelled, whatever its forecast is."""
        found = self.all()
        if symbol:
            found = found.filter(forecast__instrument__symbol=symbol.upper())
        if method:
            found = found.filter(forecast__method=method)
        if origin:
            found = found.filter(origin=origin)
        if status == Forecast.Status.CANCELLED:
            return found.filter(Q(forecast__status=status) | ~Q(cancelled_at=None))
        return found.live().filter(forecast__status=status) if status else found

    def without_details(self) -> ForecastRequestQuerySet:
        """Leave out, until asked for, the large fields that only one forecast's page shows."""
        return self.defer(
            "forecast__loss_history", "forecast__evaluation__metrics", "forecast__evaluation__skill"
        )

    def newest_first(self) -> ForecastRequestQuerySet:
        return self.order_by("-created_at", "-id")


class ForecastRequest(models.Model):
    """One person's wish for a forecast. Its UUID is the id that people and programs see."""

    class Origin(models.TextChoices):
        ASKED = "asked", "asked for"
        SCHEDULE = "schedule", "scheduled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="forecast_requests",
        help_text="Empty: the site itself asked, from a terminal or for the landing page.",
    )
    forecast = models.ForeignKey(Forecast, on_delete=models.CASCADE, related_name="requests")
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.ASKED)
    created_at = models.DateTimeField(auto_now_add=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    # Where the work stood then: it may go on for others.
    cancelled_stage = models.CharField(max_length=10, choices=Forecast.Stage, blank=True)
    cancelled_progress = models.FloatField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 -- unique unless absent
    idempotency_hash = models.CharField(max_length=64, blank=True)

    objects = ForecastRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "forecast"],
                condition=Q(cancelled_at=None),
                nulls_distinct=False,
                name="request_once_a_person",
            ),
            models.UniqueConstraint(fields=["owner", "idempotency_key"], name="request_idempotency_key"),
        ]
        indexes = [models.Index(fields=["owner", "-created_at"], name="request_newest")]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("forecasts:forecast_detail", args=[self.pk])

    @property
    def status(self) -> str:
        """The forecast's status, unless this person has withdrawn."""
        return Forecast.Status.CANCELLED if self.cancelled_at else self.forecast.status

    @property
    def is_finished(self) -> bool:
        return self.cancelled_at is not None or self.forecast.is_finished

    @property
    def stage(self) -> str:
        """Where the work stands; for a person who has withdrawn, where it stood then."""
        return self.cancelled_stage or self.forecast.stage

    @property
    def progress(self) -> float:
        """0 to 1; for a person who has withdrawn, as it was then."""
        return self.forecast.progress if self.cancelled_progress is None else self.cancelled_progress

    @property
    def error(self) -> dict[str, str] | None:
        """Why the work failed, or an attempt did; that is no affair of a person who has withdrawn."""
        return None if self.cancelled_at else self.forecast.error

    @property
    def finished_at(self) -> datetime | None:
        return self.cancelled_at or self.forecast.finished_at

    @property
    def result(self) -> Forecast | None:
        """The forecast once it has succeeded; None before, and for a person who has withdrawn."""
        return self.forecast if self.status == Forecast.Status.SUCCEEDED else None
