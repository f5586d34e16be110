"""Forecasts that are made again and again: what is wished for, and what is due."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from forecasts.models.forecasts import MAX_HORIZON, Forecast
from forecasts.models.instruments import Instrument
from forecasts.models.watchlists import Watchlist


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
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(horizon__range=(1, MAX_HORIZON)), name="schedule_horizon")
        ]

    def __str__(self) -> str:
        return f"{self.watchlist_id} {self.method}+{self.horizon} {self.cadence}"


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

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "session", "method", "horizon"], name="due_forecast_once"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="due_forecast_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.session} {self.method}+{self.horizon}"
