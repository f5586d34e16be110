"""What can be forecast: instruments, their daily bars and their corporate actions."""

from __future__ import annotations

from datetime import date as Date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from forecasts.calendars import NEW_YORK
from forecasts.markets import index_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from accounts.models import User

BAR_COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")


class InstrumentQuerySet(QuerySet["Instrument"]):
    def visible_to(self, user: User | None) -> InstrumentQuerySet:
        """Everyone's instruments, and the user's own uploads."""
        return self.filter(Q(owner=None) | Q(owner=user)) if user else self.filter(owner=None)

    def samples(self) -> InstrumentQuerySet:
        return self.filter(source=Instrument.Source.SAMPLE)

    def with_history(self) -> InstrumentQuerySet:
        return self.filter(Exists(PriceBar.objects.filter(instrument=OuterRef("pk"))))

    def with_span(self) -> InstrumentQuerySet:
        """Add `first_session` and `last_session`, the days of the oldest and newest stored bar, or None."""
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
    source = models.CharField(max_length=10, choices=Source)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="uploads"
    )
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OTHER)
    currency = models.CharField(max_length=10, blank=True)
    exchange = models.CharField(max_length=20, blank=True)
    calendar = models.CharField(
        max_length=20, help_text="An exchange_calendars name, or 24/7 or weekdays: see forecasts.calendars."
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
    def is_us_stock(self) -> bool:
        """Whether it is of the kind that the shipped models have learned from."""
        return self.kind in (self.Kind.EQUITY, self.Kind.ETF) and self.calendar == NEW_YORK

    @property
    def is_live(self) -> bool:
        """Whether newer bars can be fetched; sample and uploaded bars are all final."""
        return self.source == self.Source.YAHOO

    @property
    def market_symbol(self) -> str | None:
        """The broad index that tells a model about its market; samples and uploads have none."""
        is_stock = self.kind in (self.Kind.EQUITY, self.Kind.ETF)
        return index_of(self.calendar) if self.is_live and is_stock else None

    def last_bar(self) -> PriceBar | None:
        return self.bars.final().order_by("-date").first()


class PriceBarQuerySet(QuerySet["PriceBar"]):
    def final(self) -> PriceBarQuerySet:
        return self.filter(is_final=True)

    def up_to(self, day: Date | None) -> PriceBarQuerySet:
        return self.filter(date__lte=day) if day else self

    def as_frame(self) -> pd.DataFrame:
        """Return the bars by rising date: index `date`, columns open, high, low, close, adj_close, volume."""
        import pandas as pd

        rows = list(self.order_by("date").values_list("date", *BAR_COLUMNS))
        frame = pd.DataFrame.from_records(rows, columns=["date", *BAR_COLUMNS]).astype(
            dict.fromkeys(BAR_COLUMNS, "float64")
        )
        frame["date"] = pd.to_datetime(frame["date"])
        return frame.set_index("date")

    def upsert(self, instrument: Instrument, frame: pd.DataFrame) -> int:
        """Write a frame shaped as `as_frame` returns it, with an optional `is_final`; return the count."""
        final = frame["is_final"] if "is_final" in frame else [True] * len(frame)
        bars = [
            PriceBar(
                instrument=instrument,
                date=day.date(),
                is_final=bool(is_final),
                **dict(zip(BAR_COLUMNS, row, strict=True)),
            )
            for day, is_final, row in zip(frame.index, final, _rows(frame), strict=True)
        ]
        self.bulk_create(
            bars,
            batch_size=2000,
            update_conflicts=True,
            unique_fields=["instrument", "date"],
            update_fields=[*BAR_COLUMNS, "is_final"],
        )
        return len(bars)


def _rows(frame: pd.DataFrame) -> Iterable[tuple[float, ...]]:
    return frame[list(BAR_COLUMNS)].itertuples(index=False, name=None)


class PriceBar(models.Model):
    """One session's prices, adjusted for splits and not for dividends; `adj_close` adds dividends.

    All are in the instrument's currency and on the share basis of its current `data_revision`; volume is
    in shares of that basis.
    """

    pk = models.CompositePrimaryKey("instrument_id", "date")
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="bars", db_index=False)
    date = models.DateField()
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    adj_close = models.FloatField()
    volume = models.FloatField()
    is_final = models.BooleanField(default=True)

    objects = PriceBarQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(low__gt=0) & Q(adj_close__gt=0), name="pricebar_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.date} {self.close}"


class CorporateActionQuerySet(QuerySet["CorporateAction"]):
    def split_factor_since(self, instrument_id: int, day: Date) -> float:
        """Return new shares per old share by all splits after `day`: 2.0 after one 2:1 split."""
        factor = 1.0
        splits = self.filter(instrument_id=instrument_id, kind=CorporateAction.Kind.SPLIT, date__gt=day)
        for ratio in splits.values_list("value", flat=True):
            factor *= ratio
        return factor


class CorporateAction(models.Model):
    """A dividend (currency per share, on the basis of its day) or a split (new shares per old share)."""

    class Kind(models.TextChoices):
        DIVIDEND = "dividend", "dividend"
        SPLIT = "split", "split"

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="actions")
    date = models.DateField()
    kind = models.CharField(max_length=10, choices=Kind)
    value = models.FloatField()

    objects = CorporateActionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instrument", "date", "kind"], name="action_once_a_day"),
            models.CheckConstraint(condition=Q(value__gt=0), name="action_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.date} {self.kind} {self.value}"
