"""What is known of an instrument's stored prices beside the prices: gaps, repairs, restatements, actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from forecasts.models import CorporateAction, PriceBar, Restatement

if TYPE_CHECKING:
    from datetime import date

    from forecasts.models import Instrument

NEWEST = 20


@dataclass(frozen=True)
class Summary:
    """Counts of sessions; `last_state` is the state of the newest bar, empty where there is none."""

    bars: int
    missing: int
    repaired: int
    restatements: int
    last_state: str
    last_date: date | None

    @property
    def is_flawless(self) -> bool:
        settled = self.last_state in ("", *PriceBar.FINAL_STATES)
        return settled and not (self.missing or self.repaired)

    @property
    def last_is_provisional(self) -> bool:
        return self.last_state in (PriceBar.State.PROVISIONAL, PriceBar.State.UNFINISHED)


@dataclass(frozen=True)
class Quality:
    """The lists behind the counts, newest first; restatements and actions are the newest `NEWEST`."""

    summary: Summary
    missing: list[date]
    repaired: list[date]
    restatements: list[Restatement]
    actions: list[CorporateAction]


def summary_of(instrument: Instrument) -> Summary:
    """Count, in four queries however long the history is."""
    states = dict(instrument.bars.order_by().values_list("state").annotate(Count("date")))
    newest = instrument.bars.order_by("-date").values_list("state", "date").first()
    return Summary(
        bars=sum(states.values()),
        missing=instrument.missing_sessions.count(),
        repaired=states.get(PriceBar.State.REPAIRED, 0),
        restatements=instrument.restatements.count(),
        last_state=newest[0] if newest else "",
        last_date=newest[1] if newest else None,
    )


def quality_of(instrument: Instrument) -> Quality:
    repaired = instrument.bars.filter(state=PriceBar.State.REPAIRED)
    return Quality(
        summary=summary_of(instrument),
        missing=list(instrument.missing_sessions.order_by("-date").values_list("date", flat=True)),
        repaired=list(repaired.order_by("-date").values_list("date", flat=True)),
        restatements=list(instrument.restatements.defer("before").order_by("-revision")[:NEWEST]),
        actions=list(instrument.actions.order_by("-date", "kind")[:NEWEST]),
    )
