"""A history as it is at one moment, for a forecast to start from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction

from forecasts.models import BAR_COLUMNS, CorporateAction, Instrument, PriceBar

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Snapshot:
    """A history at one moment: `bars` as stored, the revision they are of, and the splits they contain.

    All bars are final, except that the last may be provisional: `origin` is its state. `split_factor` is of
    the splits after the last bar's day.
    """

    bars: pd.DataFrame
    data_revision: int
    split_factor: float
    origin: str = PriceBar.State.FINAL.value

    @property
    def anchor(self) -> date:
        return date.fromisoformat(f"{self.bars.index[-1]:%Y-%m-%d}")

    @property
    def is_settled(self) -> bool:
        """Whether the last bar is final too."""
        return self.origin in PriceBar.FINAL_STATES


def snapshot(instrument: Instrument, day: date) -> Snapshot:
    """Read the closed bars up to `day`; the lock keeps a restatement from coming in between the reads."""
    with transaction.atomic():
        locked = Instrument.objects.select_for_update(no_key=True).get(pk=instrument.pk)
        bars = usable(locked.bars.closed().up_to(day).as_frame("state"))
        anchor = bars.index[-1].date()
        factor = CorporateAction.objects.split_factor_since(locked.pk, anchor)
    return Snapshot(bars[list(BAR_COLUMNS)], locked.data_revision, factor, str(bars["state"].iloc[-1]))


def usable(bars: pd.DataFrame) -> pd.DataFrame:
    """Leave out bars that are provisional still, except the last, which a forecast may start from."""
    settled = bars["state"].isin(PriceBar.FINAL_STATES)
    return bars[settled | (bars.index == bars.index[-1])] if len(bars) else bars
