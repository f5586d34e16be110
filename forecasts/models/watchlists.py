"""Named lists of instruments that a person follows."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.urls import reverse

from forecasts.models.instruments import Instrument

if TYPE_CHECKING:
    from accounts.models import User


class WatchlistQuerySet(QuerySet["Watchlist"]):
    def for_user(self, user: User) -> WatchlistQuerySet:
        return self.filter(owner=user)

    def with_symbols(self) -> WatchlistQuerySet:
        """Load entries and their instruments in two queries, however many lists there are."""
        return self.prefetch_related(
            models.Prefetch("entries", WatchlistEntry.objects.select_related("instrument"))
        )


class Watchlist(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlists")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    instruments: models.ManyToManyField[Instrument, WatchlistEntry] = models.ManyToManyField(
        Instrument, through="WatchlistEntry"
    )

    objects = WatchlistQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="watchlist_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("forecasts:watchlist_detail", args=[self.pk])


class WatchlistEntry(models.Model):
    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="entries")
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["added_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["watchlist", "instrument"], name="watchlist_entry_once")
        ]

    def __str__(self) -> str:
        return f"{self.watchlist_id} {self.instrument_id}"
