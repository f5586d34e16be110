"""Rows of forecasts that were issued, entered and scored, from frames of tests.ml_engine.made_scores."""

from datetime import datetime

import pandas as pd
from django.db.models import Max
from django.utils import timezone

from forecasts.models import Forecast, Instrument, LedgerEntry, Score
from tests.factories import ForecastFactory

CHANCES = ["chance_0", "chance_1", "chance_2"]
PLAIN = ["series", "step", "actual", "crps", "pinball", "pit", "error", "usual"]
INSIDE = ["inside_50", "inside_80", "inside_90", "inside_95"]


def enter(kind: str = LedgerEntry.Kind.ISSUED, **fields: object) -> LedgerEntry:
    """Write the next line of a ledger whose hashes are made up."""
    number = (LedgerEntry.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    return LedgerEntry.objects.create(**_entry(number, kind), **fields)


def _entry(number: int, kind: str) -> dict[str, object]:
    return {
        "number": number,
        "kind": kind,
        "content": "{}",
        "content_hash": "c" * 64,
        "previous_hash": f"{number - 1:064x}",
        "hash": f"{number:064x}",
    }


def write_scores(
    instrument: Instrument, frame: pd.DataFrame, method: str = Forecast.Method.HOUSE
) -> list[Forecast]:
    """Write a forecast, its entry and its scores for each `entry` of a frame; entries are numbered on."""
    horizon = int(frame["step"].max())
    last = LedgerEntry.objects.aggregate(last=Max("number"))["last"] or 0
    firsts = frame.drop_duplicates("entry").sort_values("entry")
    LedgerEntry.objects.bulk_create(
        LedgerEntry(**_entry(last + place, "issued")) for place in range(1, len(firsts) + 1)
    )
    forecasts = Forecast.objects.bulk_create(
        ForecastFactory.build(
            instrument=instrument,
            method=method,
            horizon=horizon,
            status=Forecast.Status.SUCCEEDED,
            as_of=row.anchor.date(),
            data_as_of=row.anchor.date(),
            regime=row.regime,
            first_counted_step=1,
            entry_id=last + place,
        )
        for place, row in enumerate(firsts.itertuples(), start=1)
    )
    keys = dict(zip(firsts["entry"], forecasts, strict=True))
    moment = timezone.now()
    Score.objects.bulk_create(
        (_score(keys[row["entry"]], row, moment) for row in frame.to_dict("records")), batch_size=2000
    )
    return forecasts


def _score(forecast: Forecast, row: dict[str, object], moment: datetime) -> Score:
    told = row["direction_right"]
    return Score(
        forecast=forecast,
        date=row["date"].date(),  # type: ignore[attr-defined]  # a pandas timestamp
        direction_right=None if pd.isna(told) else bool(told),
        chances=[row[name] for name in CHANCES],
        scored_at=moment,
        **{name: row[name] for name in PLAIN},
        **{name: bool(row[name]) for name in INSIDE},
    )
