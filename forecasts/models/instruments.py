"""What can be forecast."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from forecasts.markets import index_of

if TYPE_CHECKING:
    from accounts.models import User
    from forecasts.models.bars import PriceBar

# In days; sixty sessions, the longest horizon, end sooner after their anchor, whatever the holidays.
LONGEST_FORECAST = timedelta(days=120)


class InstrumentQuerySet(QuerySet["Instrument"]):
    def visible_to(self, user: User | None) -> InstrumentQuerySet:
        """Everyone's instruments, and the user's own uploads."""
        return self.filter(Q(owner=None) | Q(owner=user)) if user else self.filter(owner=None)

    def samples(self) -> InstrumentQuerySet:
        return self.filter(source=Instrument.Source.SAMPLE)

    def live(self) -> InstrumentQuerySet:
        """Those whose newer bars can be fetched."""
        return self.exclude(source__in=(Instrument.Source.SAMPLE, Instrument.Source.UPLOAD))

    def watched(self, today: Date) -> InstrumentQuerySet:
        """Those on anybody's watchlist, or that an alert is set for, or with a forecast that is not over.

        It is over when it has ended and reaches to no session from `today` on.
        """
        from forecasts.models.alerts import AlertRule
        from forecasts.models.forecasts import Forecast, ForecastPoint
        from forecasts.models.watchlists import WatchlistEntry

        mine = {"instrument": OuterRef("pk")}
        reaching = ForecastPoint.objects.filter(forecast=OuterRef("pk"), date__gte=today)
        lasting = Forecast.objects.filter(
            Exists(reaching), status="succeeded", data_as_of__gte=today - LONGEST_FORECAST
        )
        unfinished = Forecast.objects.filter(status__in=("queued", "running"))
        return self.filter(
            Exists(WatchlistEntry.objects.filter(**mine))
            | Exists(AlertRule.objects.filter(**mine, is_active=True))
            | Exists(unfinished.filter(**mine))
            | Exists(lasting.filter(**mine))
        )

    def with_last_closed(self) -> InstrumentQuerySet:
        """Add `last_closed` and `last_state`: day and state of the newest bar of a session that was over."""
        from forecasts.models.bars import PriceBar

        newest = PriceBar.objects.filter(instrument=OuterRef("pk")).closed().order_by("-date")
        return self.annotate(
            last_closed=models.Subquery(newest.values("date")[:1]),
            last_state=models.Subquery(newest.values("state")[:1]),
        )

    def with_history(self) -> InstrumentQuerySet:
        from forecasts.models.bars import PriceBar  # it needs this module first

        return self.filter(Exists(PriceBar.objects.filter(instrument=OuterRef("pk"))))

    def with_span(self) -> InstrumentQuerySet:
        """Add `first_session` and `last_session`, the days of the oldest and newest stored bar, or None."""
        from forecasts.models.bars import PriceBar

        days = PriceBar.objects.filter(instrument=OuterRef("pk")).values("date")
        return self.annotate(
            first_session=models.Subquery(days.order_by("date")[:1]),
            last_session=models.Subquery(days.order_by("-date")[:1]),
        )

    def search(self, text: str) -> InstrumentQuerySet:
        """Find by the beginning or any part of the symbol, or by name; no text finds all."""
        return self.filter(Q(symbol__icontains=text) | Q(name__icontains=text)).order_by("symbol")


class Instrument(models.Model):
    """Something with a price history from exactly one source, which its symbol names."""

    class Source(models.TextChoices):
        """Those that code elsewhere speaks of; any module of forecasts.market_data may bring another."""

        YAHOO = "yahoo", "Yahoo Finance"
        SAMPLE = "sample", "sample data"
        UPLOAD = "upload", "upload"

    class Kind(models.TextChoices):
        EQUITY = "equity", "stock"
        ETF = "etf", "ETF"
        INDEX = "index", "index"
        FX = "fx", "currency"
        CRYPTO = "crypto", "cryptocurrency"
        OTHER = "other", "other"

    symbol = models.CharField(max_length=40)
    source = models.CharField(max_length=10, help_text="The key of a source in forecasts.market_data.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="uploads"
    )
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OTHER)
    currency = models.CharField(max_length=10, blank=True)
    exchange = models.CharField(max_length=20, blank=True)
    timezone = models.CharField(max_length=40, blank=True, help_text="The exchange's, such as Asia/Tokyo.")
    calendar = models.CharField(
        max_length=20, help_text="An exchange_calendars name, or 24/7 or weekdays: see forecasts.calendars."
    )
    calendar_guessed = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Of an upload whose owner left the calendar open: replaced, it is guessed anew.",
    )
    data_revision = models.PositiveIntegerField(
        default=1, help_text="Rises whenever stored history is restated or replaced."
    )
    fetched_at = models.DateTimeField(null=True, blank=True)
    fetch_error = models.JSONField(null=True, blank=True)

    objects = InstrumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["symbol", "owner"], name="instrument_symbol", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(source="upload", owner__isnull=False) | (~Q(source="upload") & Q(owner=None)),
                name="instrument_only_uploads_are_owned",
            ),
        ]

    def __str__(self) -> str:
        return self.symbol

    @property
    def is_sample(self) -> bool:
        return self.source == self.Source.SAMPLE

    @property
    def is_live(self) -> bool:
        """Whether newer bars can be fetched; sample and uploaded bars are all final."""
        return self.source not in (self.Source.SAMPLE, self.Source.UPLOAD)

    @property
    def market_symbol(self) -> str | None:
        """The broad index that tells a model about its market; samples and uploads have none."""
        is_stock = self.kind in (self.Kind.EQUITY, self.Kind.ETF)
        return index_of(self.calendar) if self.is_live and is_stock else None

    def last_bar(self) -> PriceBar | None:
        """Return the newest final bar."""
        return self.bars.final().order_by("-date").first()
