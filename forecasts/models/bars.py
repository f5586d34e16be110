"""Daily bars with their provenance, what was restated, which sessions lack, and corporate actions."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from typing import TYPE_CHECKING

from django.db import connections, models
from django.db.models import ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from forecasts.models.instruments import Instrument

if TYPE_CHECKING:
    import pandas as pd

BAR_COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")

# Columns travel as arrays: ten thousand bars through the ORM's rows take ten times as long.
UPSERT = """
INSERT INTO forecasts_pricebar
    (instrument_id, source, fetched_at, date, open, high, low, close, adj_close, volume, state)
SELECT %s, %s, %s, bar.* FROM unnest(
    %s::date[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::text[]
) AS bar
ON CONFLICT (instrument_id, date) DO UPDATE SET
    open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low, close = EXCLUDED.close,
    adj_close = EXCLUDED.adj_close, volume = EXCLUDED.volume, state = EXCLUDED.state,
    source = EXCLUDED.source, fetched_at = EXCLUDED.fetched_at
"""


class PriceBarQuerySet(QuerySet["PriceBar"]):
    def final(self) -> PriceBarQuerySet:
        """Bars that will not change any more, repaired ones among them: models learn from no others."""
        return self.filter(state__in=PriceBar.FINAL_STATES)

    def closed(self) -> PriceBarQuerySet:
        """Bars of sessions that were over when they were fetched: the last may be provisional still."""
        return self.exclude(state=PriceBar.State.UNFINISHED)

    def with_finality(self) -> PriceBarQuerySet:
        """Add `is_final`: whether the bar will not change any more."""
        final = Q(state__in=PriceBar.FINAL_STATES)
        return self.annotate(is_final=ExpressionWrapper(final, output_field=models.BooleanField()))

    def up_to(self, day: Date | None) -> PriceBarQuerySet:
        return self.filter(date__lte=day) if day else self

    def as_frame(self, *also: str) -> pd.DataFrame:
        """Return the bars by rising date: index `date`, columns open, high, low, close, adj_close, volume.

        Fields named in `also` become further columns.
        """
        import pandas as pd

        columns = ["date", *BAR_COLUMNS, *also]
        rows = list(self.order_by("date").values_list(*columns))
        frame = pd.DataFrame.from_records(rows, columns=columns).astype(dict.fromkeys(BAR_COLUMNS, "float64"))
        frame["date"] = pd.to_datetime(frame["date"])
        return frame.set_index("date")

    def upsert(self, instrument: Instrument, frame: pd.DataFrame, fetched_at: DateTime | None = None) -> int:
        """Write a frame shaped as `as_frame` returns it, with an optional `state`; return the count.

        The bars are of the instrument's source, fetched now if it isn't said when.
        """
        states = frame["state"].tolist() if "state" in frame else [PriceBar.State.FINAL.value] * len(frame)
        if len(frame):
            days = [f"{day:%Y-%m-%d}" for day in frame.index]
            columns = [map(repr, frame[name].to_numpy(dtype="float64").tolist()) for name in BAR_COLUMNS]
            arrays = [f"{{{','.join(column)}}}" for column in (days, *columns, states)]
            at = fetched_at or timezone.now()
            with connections[self.db].cursor() as cursor:
                cursor.execute(UPSERT, [instrument.pk, instrument.source, at, *arrays])
        return len(frame)


class PriceBar(models.Model):
    """One session's prices, adjusted for splits and not for dividends; `adj_close` adds dividends.

    All are in the instrument's currency and on the share basis of its current `data_revision`; volume is
    in shares of that basis. An expected session without a bar is a MissingSession.
    """

    class State(models.TextChoices):
        FINAL = "final", "final"
        REPAIRED = "repaired", "repaired: final, after an error of the source was mended"
        PROVISIONAL = "provisional", "provisional: the next session has not opened, so it may be corrected"
        UNFINISHED = "unfinished", "provisional: the session is not over"

    FINAL_STATES = (State.FINAL, State.REPAIRED)

    pk = models.CompositePrimaryKey("instrument_id", "date")
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="bars", db_index=False)
    date = models.DateField()
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    adj_close = models.FloatField()
    volume = models.FloatField()
    state = models.CharField(max_length=12, choices=State, default=State.FINAL, db_default=State.FINAL)
    source = models.CharField(
        max_length=10, blank=True, db_default="", help_text="Where it is from: a source's key, or `import`."
    )
    fetched_at = models.DateTimeField(default=timezone.now, db_default=Now())

    objects = PriceBarQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(low__gt=0) & Q(adj_close__gt=0), name="pricebar_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.date} {self.close}"


class MissingSession(models.Model):
    """A session of the instrument's calendar, between its first bar and its last, that the source lacks."""

    pk = models.CompositePrimaryKey("instrument_id", "date")
    instrument = models.ForeignKey(
        Instrument, on_delete=models.CASCADE, related_name="missing_sessions", db_index=False
    )
    date = models.DateField()
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["instrument_id", "date"]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.date} missing"


class Restatement(models.Model):
    """A change of prices that were stored as closed, with what is needed to tell what they had been.

    The old close of a day up to `last_session` is this revision's divided by `price_factor`, the old
    adj_close likewise by `adjusted_factor`. Days off these factors stand in `before` as they were.
    """

    class Reason(models.TextChoices):
        SPLIT = "split", "split"
        DIVIDEND = "dividend", "dividend"
        DISAGREEMENT = "disagreement", "the source corrected prices"
        SETTLED = "settled", "a provisional bar settled at another price"
        IMPORTED = "imported", "an import brought other prices"
        REPLACED = "replaced", "its owner replaced the history"

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="restatements")
    noticed_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(help_text="The instrument's data_revision since.")
    reason = models.CharField(max_length=12, choices=Reason)
    first_session = models.DateField(help_text="Of the sessions whose prices changed.")
    last_session = models.DateField()
    sessions = models.PositiveIntegerField(help_text="How many sessions' prices changed.")
    price_factor = models.FloatField(default=1.0)
    adjusted_factor = models.FloatField(default=1.0)
    before = models.JSONField(
        default=list, help_text="[date, open, high, low, close, adj_close, volume] of days off the factors."
    )

    class Meta:
        ordering = ["-noticed_at"]
        constraints = [
            models.UniqueConstraint(fields=["instrument", "revision"], name="restatement_of_revision")
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} revision {self.revision}: {self.reason}"


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
