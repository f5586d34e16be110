"""The ledger: what was said, when, in an order that cannot be changed unnoticed; and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User
    from forecasts.models.instruments import Instrument


class LedgerQuerySet(QuerySet["LedgerEntry"]):
    def visible_to(self, user: User | None) -> LedgerQuerySet:
        """Entries of everyone's instruments and of the user's own uploads."""
        private = Q(forecast__instrument__owner__isnull=False)
        mine = Q(forecast__instrument__owner=user) if user else Q(pk__in=())
        return self.filter(~private | mine)

    def for_reader(self, user: User) -> LedgerQuerySet:
        """Visible entries with their forecasts, and as `own_request` the reader's own request, if any."""
        from forecasts.models.forecasts import ForecastRequest  # it needs this module first

        own = ForecastRequest.objects.for_user(user).filter(forecast__entry=OuterRef("pk")).newest_first()
        return (
            self.visible_to(user)
            .select_related("forecast__instrument")
            .defer("forecast__loss_history", "forecast__settings")
            .annotate(own_request=Subquery(own.values("pk")[:1]))
        )

    def matching(self, *, kind: str = "", symbol: str = "") -> LedgerQuerySet:
        found = self.filter(kind=kind) if kind else self.all()
        return found.filter(forecast__instrument__symbol=symbol.upper()) if symbol else found

    def newest_first(self) -> LedgerQuerySet:
        return self.order_by("-number")

    def last(self) -> LedgerEntry | None:
        return self.newest_first().first()


class LedgerEntry(models.Model):
    """One line of the ledger. A trigger of the database refuses to change or delete it.

    `hash` is of number, kind, moment, `is_private`, `previous_hash` and `content_hash`, and `content_hash` of
    `content`, which is JSON with a random salt. Of an upload that is deleted the content is erased, and a
    later entry of kind `erasure` says so; both hashes stay, so the chain is whole and the erased content
    cannot be guessed. What tells of everyone's instruments is never erased: that it does is hashed too.
    """

    class Kind(models.TextChoices):
        ISSUED = "issued", "issued"
        FAILED = "failed", "failed"
        WITHDRAWN = "withdrawn", "withdrawn"
        PRE_LEDGER = "pre-ledger", "issued before the ledger was kept"
        ERASURE = "erasure", "erasure of an earlier entry"

    number = models.BigIntegerField(primary_key=True, help_text="1, 2, 3, … without a gap.")
    kind = models.CharField(max_length=12, choices=Kind)
    entered_at = models.DateTimeField(default=timezone.now)
    is_private = models.BooleanField(default=False, help_text="Of an upload: its content may be erased.")
    content = models.TextField(help_text="Canonical JSON; empty once it was erased.")
    content_hash = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64, unique=True, help_text="Of the first entry: zeros.")
    hash = models.CharField(max_length=64, unique=True)
    erases = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="erased_by"
    )

    objects = LedgerQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        verbose_name_plural = "ledger entries"
        constraints = [models.CheckConstraint(condition=Q(number__gte=1), name="ledger_from_one")]
        indexes = [models.Index(fields=["kind", "number"], name="ledger_of_kind")]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"

    @property
    def is_erased(self) -> bool:
        return not self.content


class ScoreQuerySet(QuerySet["Score"]):
    def current(self) -> ScoreQuerySet:
        """Leave out scores by outcomes that have been restated since."""
        return self.filter(superseded_at=None)


class Score(models.Model):
    """How one series of a forecast did at one step, by one version of what happened.

    Only steps whose session had not begun when the forecast was entered are scored. A restatement that
    changes the outcome leaves the old row, with `superseded_at`, and adds the next version. Returns are logs,
    since the anchor's close, dividends included.
    """

    pk = models.CompositePrimaryKey("forecast_id", "series", "step", "version")
    forecast = models.ForeignKey(
        "forecasts.Forecast", on_delete=models.CASCADE, related_name="scores", db_index=False
    )
    series = models.CharField(max_length=30, help_text="As ForecastPoint.series.")
    step = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField(default=1)
    date = models.DateField(help_text="The session forecast.")
    actual = models.FloatField(help_text="Log return from the anchor to the session.")
    crps = models.FloatField()
    pinball = models.FloatField(help_text="Mean over all levels.")
    pit = models.FloatField(help_text="Chance that the forecast gave to a lower return than the actual.")
    error = models.FloatField(help_text="Actual less median.")
    direction_right = models.BooleanField(null=True, help_text="Null where the median takes no direction.")
    inside_50 = models.BooleanField()
    inside_80 = models.BooleanField()
    inside_90 = models.BooleanField()
    inside_95 = models.BooleanField()
    chances = ArrayField(
        models.FloatField(),
        size=3,
        help_text="Of a return above -1, 0 and +1 usual moves (ml_engine.events).",
    )
    usual = models.FloatField(help_text="The usual move: the anchor's EWMA volatility × √step.")
    scored_at = models.DateTimeField(default=timezone.now)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = ScoreQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["forecast", "series", "step"],
                condition=Q(superseded_at=None),
                name="score_one_current",
            )
        ]
        indexes = [models.Index(F("scored_at"), name="score_scored_at")]

    def __str__(self) -> str:
        return f"{self.forecast_id} {self.series} +{self.step} v{self.version}"


class TrackRecordQuerySet(QuerySet["TrackRecord"]):
    def public(self) -> TrackRecordQuerySet:
        """Of single instruments that everybody may see."""
        return self.filter(instrument__isnull=False, instrument__owner=None)

    def of(self, instrument: Instrument | None, method: str) -> TrackRecord | None:
        """The record of an instrument, or of all, by a method, or by all; None while there is none."""
        return self.filter(instrument=instrument, method=method).first()


class TrackRecord(models.Model):
    """How forecasts of one instrument and method did, or of all: figures worked out from current scores.

    Without an instrument it is of all public ones; an empty method is all methods together.
    """

    instrument = models.ForeignKey(
        "forecasts.Instrument", null=True, blank=True, on_delete=models.CASCADE, related_name="track_records"
    )
    method = models.CharField(max_length=20, blank=True)
    computed_at = models.DateTimeField()
    figures = models.JSONField(help_text="What the page shows; see ml_engine.record.")
    scored = models.PositiveIntegerField(help_text="Scored forecasts, each origin once.")
    origins = models.PositiveIntegerField(help_text="Origins in the test: all pooled steps are known.")
    crps_skill = models.FloatField(
        null=True, help_text="Pooled over steps 1, 5, 10, 20; beside the naive cone."
    )
    p_value = models.FloatField(null=True)
    is_significant = models.BooleanField(
        default=False, help_text="After Benjamini-Hochberg over all instruments of the method."
    )

    objects = TrackRecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "method"], nulls_distinct=False, name="track_record_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id or 'all'} {self.method or 'all'}"


class RecordTally(models.Model):
    """The sums that a record's figures follow from. They are large and workers alone read them."""

    record = models.OneToOneField(
        TrackRecord, primary_key=True, on_delete=models.CASCADE, related_name="tally"
    )
    content = models.BinaryField(help_text="As ml_engine.tally writes it.")

    def __str__(self) -> str:
        return f"sums of {self.record_id}"
