"""The walk-forward evidence behind forecasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from forecasts.models.instruments import Instrument

# After a failed attempt, times the attempts so far: others come first.
EXTEND_AGAIN_AFTER = timedelta(minutes=10)
# What makes an evaluation the same one.
_KEY = (
    "instrument",
    "data_revision",
    "data_month",
    "method",
    "model_hash",
    "settings_hash",
    "bars_hash",
    "market_hash",
)


class Trust(models.TextChoices):
    NO_DEMONSTRATED_SKILL = "no_demonstrated_skill", "no demonstrated skill"
    SHARPER = "sharper", "sharper than a volatility cone"
    WORSE_THAN_NAIVE = "worse_than_naive", "worse than naive"


class EvaluationQuerySet(QuerySet["Evaluation"]):
    """Slow baselines join later, by whoever has claimed the row; attempts, which only rise, are the fence."""

    def to_extend(self) -> EvaluationQuerySet:
        """Rows that lack the slow baselines, that nobody is at work on and that have not just failed."""
        free = Q(extend_lease_until=None) | Q(extend_lease_until__lt=timezone.now())
        return self.filter(free, slow_baselines=Evaluation.SlowBaselines.PENDING)

    def claim(self, evaluation_id: int) -> Evaluation | None:
        """Take a row to extend; None means that it is taken, finished or given up.

        The lease outlasts the longest task, so it needs no heartbeat.
        """
        free = self.to_extend().filter(pk=evaluation_id, extend_attempts__lt=settings.FORECAST_ATTEMPTS)
        lease_end = timezone.now() + timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
        taken = free.update(extend_attempts=F("extend_attempts") + 1, extend_lease_until=lease_end)
        return self.select_related("instrument").get(pk=evaluation_id) if taken else None

    def extend(self, claimed: Evaluation, metrics: list[Any], skill: list[Any]) -> bool:
        """Add rows under a claim that still holds; False, and nothing is written, if it was lost."""
        return self._settle(
            claimed,
            slow_baselines=Evaluation.SlowBaselines.DONE,
            metrics=claimed.metrics + metrics,
            skill=claimed.skill + skill,
        )

    def skip(self, claimed: Evaluation) -> bool:
        return self._settle(claimed, slow_baselines=Evaluation.SlowBaselines.LEFT_OUT)

    def release(self, claimed: Evaluation) -> bool:
        """Leave it to the next attempt, after a while."""
        rest = EXTEND_AGAIN_AFTER * claimed.extend_attempts
        return self._settle(claimed, extend_lease_until=timezone.now() + rest)

    def give_up(self) -> int:
        """Leave the slow baselines out where the last attempt came to nothing."""
        used_up = self.to_extend().filter(extend_attempts__gte=settings.FORECAST_ATTEMPTS)
        return used_up.update(slow_baselines=Evaluation.SlowBaselines.LEFT_OUT)

    def _settle(self, claimed: Evaluation, **fields: Any) -> bool:
        held = self.filter(
            pk=claimed.pk,
            slow_baselines=Evaluation.SlowBaselines.PENDING,
            extend_attempts=claimed.extend_attempts,
        )
        return bool(held.update(**{"extend_lease_until": None, **fields}))


class Evaluation(models.Model):
    """How a method did on one instrument's last origins before a month, beside baselines on the same origins.

    Shared by every forecast of that instrument, month, method and model, as long as the bars and the market's
    closes are the same. Only those before `data_month` entered, so it holds for any origin in that month.
    """

    class SlowBaselines(models.TextChoices):
        PENDING = "pending", "still being computed"
        DONE = "done", "among the metrics"
        LEFT_OUT = "left_out", "left out"

    # For a history too short to be judged.
    NOTHING_TO_JUDGE: ClassVar[dict[str, Any]] = {
        "origins": 0,
        "metrics": [],
        "skill": [],
        "trust": Trust.NO_DEMONSTRATED_SKILL,
        "verdict": "Too few past sessions are there to judge it by, so nothing shows that it has skill.",
        "slow_baselines": SlowBaselines.LEFT_OUT,
    }
    KEY = _KEY

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="evaluations")
    data_revision = models.PositiveIntegerField()
    data_month = models.DateField(help_text="The first day of the month that the evaluated bars lie before.")
    method = models.CharField(max_length=20)
    model_hash = models.CharField(max_length=64)
    settings_hash = models.CharField(max_length=64)
    bars_hash = models.CharField(max_length=64, blank=True)
    market_hash = models.CharField(max_length=64, blank=True, help_text="Empty: judged without an index.")
    market_symbol = models.CharField(max_length=40, blank=True)
    judged_hash = models.CharField(
        max_length=64, blank=True, help_text="Of the model's weights as judged, before the last origins."
    )
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
    slow_baselines = models.CharField(max_length=10, choices=SlowBaselines, default=SlowBaselines.PENDING)
    extend_attempts = models.PositiveSmallIntegerField(default=0)
    extend_lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=_KEY, name="evaluation_once")]
        indexes = [
            models.Index(
                fields=["-created_at"], condition=Q(slow_baselines="pending"), name="evaluation_to_extend"
            )
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.method} {self.data_month}"

    @property
    def slow_baselines_shown(self) -> str:
        """Where the site does not compute slow baselines, none will come."""
        pending = self.slow_baselines == self.SlowBaselines.PENDING
        return self.SlowBaselines.LEFT_OUT if pending and not settings.SLOW_BASELINES else self.slow_baselines
