"""Forecasts that are made again and again: what is wished for, and what is due."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from forecasts import calendars
from forecasts.models.forecasts import MAX_HORIZON, Forecast
from forecasts.models.instruments import Instrument
from forecasts.models.watchlists import Watchlist

KEPT = timedelta(days=90)


class ScheduleQuerySet(QuerySet["Schedule"]):
    def active(self) -> ScheduleQuerySet:
        """Leave out those that are paused, and those of people who may not sign in any more."""
        return self.filter(is_active=True, watchlist__owner__is_active=True)

    def asking(self, calendar: str, session: Date) -> ScheduleQuerySet:
        """Active ones that ask for forecasts after the close of a session."""
        asking = self.active().filter(since__lte=calendars.closes_at(calendar, session))
        if calendars.ends_week(calendar, session):
            return asking
        return asking.exclude(cadence=Schedule.Cadence.WEEK)


class Schedule(models.Model):
    """A person's wish to forecast all of a watchlist after each close, or after the last one of a week."""

    class Cadence(models.TextChoices):
        SESSION = "session", "after each close"
        WEEK = "week", "after the last close of a week"

    watchlist = models.OneToOneField(Watchlist, on_delete=models.CASCADE, related_name="schedule")
    method = models.CharField(max_length=20, choices=Forecast.Method, default=Forecast.Method.HOUSE)
    horizon = models.PositiveSmallIntegerField(default=20)
    cadence = models.CharField(max_length=10, choices=Cadence, default=Cadence.SESSION)
    is_active = models.BooleanField(default=True)
    since = models.DateTimeField(
        default=timezone.now, help_text="When it was made or last resumed: earlier closes are not for it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(horizon__range=(1, MAX_HORIZON)), name="schedule_horizon")
        ]

    def __str__(self) -> str:
        return f"{self.watchlist_id} {self.method}+{self.horizon} {self.cadence}"


class DueForecastQuerySet(QuerySet["DueForecast"]):
    def waiting(self) -> DueForecastQuerySet:
        return self.filter(status=DueForecast.Status.WAITING)

    def prune(self, most: int = 5000) -> int:
        """Delete what was settled long ago, the oldest first; return how many rows went."""
        expired = self.filter(settled_at__lt=timezone.now() - KEPT).order_by("settled_at")
        keys = list(expired.values_list("pk", flat=True)[:most])
        return self.filter(pk__in=keys).delete()[0] if keys else 0


class DueForecast(models.Model):
    """One forecast that somebody's schedule asks for after one session, once however many people want it."""

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        ASKED = "asked", "asked for"
        SKIPPED = "skipped", "skipped"

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="due_forecasts")
    session = models.DateField(help_text="After whose close it is to be made.")
    method = models.CharField(max_length=20, choices=Forecast.Method)
    horizon = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField(
        help_text="The close, the source's delay, and the instrument's own stagger."
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    note = models.CharField(max_length=200, blank=True, help_text="Why it was skipped.")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = DueForecastQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "session", "method", "horizon"], name="due_forecast_once"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="due_forecast_waiting"),
            models.Index(fields=["settled_at"], name="due_forecast_settled"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.session} {self.method}+{self.horizon}"
