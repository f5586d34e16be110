"""What people want to be told, what they were told, and how it reached them."""

from __future__ import annotations

import uuid
from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from forecasts.models.forecasts import Forecast
from forecasts.models.instruments import Instrument
from forecasts.models.watchlists import Watchlist

if TYPE_CHECKING:
    from accounts.models import User

SPLITS_NOTICED = timedelta(days=7)


class AlertRuleQuerySet(QuerySet["AlertRule"]):
    def for_user(self, user: User) -> AlertRuleQuerySet:
        return self.filter(owner=user)

    def with_subject(self) -> AlertRuleQuerySet:
        return self.select_related("instrument", "watchlist")


class AlertRule(models.Model):
    """A person's wish to be told of one kind of event, of an instrument or of all on a watchlist."""

    class Kind(models.TextChoices):
        OUTSIDE_BAND = "outside_band", "close outside the forecast band"
        PRICE_CHANCE = "price_chance", "chance of a price above a threshold"
        BAND_WIDTH = "band_width", "band wider or narrower than usual"
        SKILL_LOST = "skill_lost", "demonstrated skill lost"
        STALE_DATA = "stale_data", "prices are stale"
        FORECAST_READY = "forecast_ready", "a forecast is ready"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_rules")
    kind = models.CharField(max_length=20, choices=Kind)
    instrument = models.ForeignKey(
        Instrument, null=True, blank=True, on_delete=models.CASCADE, related_name="alert_rules"
    )
    watchlist = models.ForeignKey(
        Watchlist, null=True, blank=True, on_delete=models.CASCADE, related_name="alert_rules"
    )
    method = models.CharField(
        max_length=20, choices=Forecast.Method, blank=True, help_text="Empty: forecasts by any method."
    )
    band = models.PositiveSmallIntegerField(null=True, blank=True, help_text="80 or 95, of outside_band.")
    price = models.FloatField(
        null=True, blank=True, help_text="Of price_chance, on the share basis of the day it was set."
    )
    price_splits = models.FloatField(
        null=True,
        blank=True,
        help_text="New shares per old, of the splits after `splits_from` that it knew.",
    )
    threshold = models.FloatField(null=True, blank=True, help_text="Of price_chance: a chance from 0 to 1.")
    by_email = models.BooleanField(default=False)
    by_webhook = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    active_since = models.DateTimeField(
        default=timezone.now,
        help_text="When it was made or last resumed: it tells of nothing earlier.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AlertRuleQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(instrument=None) ^ Q(watchlist=None), name="alert_rule_of_one_or_many"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.instrument_id or self.watchlist_id}"

    @property
    def subject(self) -> Instrument | Watchlist | None:
        """What it is about."""
        return self.instrument or self.watchlist

    @property
    def splits_from(self) -> Date:
        """The day after which splits tell `price` as it was set from what it is on another share basis.

        It lies before the rule, since a split may be known at its day, the day before, or some days later.
        """
        return (self.created_at - SPLITS_NOTICED).date()


class AlertQuerySet(QuerySet["Alert"]):
    def for_user(self, user: User) -> AlertQuerySet:
        return self.filter(owner=user)

    def unread(self) -> AlertQuerySet:
        return self.filter(read_at=None)


class Alert(models.Model):
    """One event that a rule told its owner of: once, however often it is looked for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alerts")
    rule = models.ForeignKey(AlertRule, null=True, on_delete=models.SET_NULL, related_name="alerts")
    event = models.CharField(max_length=200, help_text="Names the event; the same one never fires again.")
    kind = models.CharField(max_length=20, choices=AlertRule.Kind)
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="+")
    forecast = models.ForeignKey(Forecast, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=200)
    text = models.TextField()
    facts = models.JSONField(default=dict, help_text="The figures behind the words, for programs.")
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "event"], name="alert_once_an_event")]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="alert_newest"),
            models.Index(fields=["owner"], condition=Q(read_at=None), name="alert_unread"),
        ]

    def __str__(self) -> str:
        return self.title


class NotificationSettings(models.Model):
    """How a person wants to be reached by e-mail."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="notifications"
    )
    email_alerts = models.BooleanField(default=True, help_text="Alerts whose rule says so, at once.")
    daily_digest = models.BooleanField(default=False)
    digest_hour = models.PositiveSmallIntegerField(default=7, help_text="Of the day, UTC.")

    class Meta:
        verbose_name_plural = "notification settings"
        constraints = [
            models.CheckConstraint(condition=Q(digest_hour__range=(0, 23)), name="digest_hour_of_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}"


class Digest(models.Model):
    """One day's digest of one person: sent, or found to have nothing to say."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digests")
    day = models.DateField()
    alerts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "day"], name="digest_once_a_day")]

    def __str__(self) -> str:
        return f"{self.owner_id} {self.day}"
