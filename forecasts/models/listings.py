"""What sources list, as their search told: symbols that people may ask for, with prices here or without."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from forecasts.models.instruments import Instrument


class ListingQuerySet(QuerySet["Listing"]):
    def matching(self, text: str) -> ListingQuerySet:
        """Find by part of the symbol or name."""
        return self.filter(Q(symbol__icontains=text) | Q(name__icontains=text)).order_by("symbol")


class Listing(models.Model):
    """A symbol that a source has named in answer to a search."""

    symbol = models.CharField(max_length=40, primary_key=True)
    source = models.CharField(max_length=10)
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10, choices=Instrument.Kind, default=Instrument.Kind.OTHER)
    exchange = models.CharField(max_length=60, blank=True, help_text="As people call it: NasdaqGS, Tokyo.")
    seen_at = models.DateTimeField(default=timezone.now)

    objects = ListingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.symbol


class SymbolSearch(models.Model):
    """A search that a source has answered, so that it need not be asked again for a while."""

    text = models.CharField(max_length=60, primary_key=True, help_text="Lower case, single spaces.")
    symbols = ArrayField(models.CharField(max_length=40), help_text="Best match first.")
    answered_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.text
