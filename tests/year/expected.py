"""What a simulated year must have left behind, told from wishes, prices and quantiles alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from django.core import mail
from django.db import connection

from forecasts import ledger
from forecasts.charts import EVENT_NAMES
from forecasts.models import (
    Alert,
    Digest,
    Forecast,
    ForecastRequest,
    LedgerEntry,
    Score,
    TrackRecord,
)
from tests.year import oracle, pages
from tests.year.history import YEAR

if TYPE_CHECKING:
    from datetime import date

    from django.test import Client

    from tests.year.site import Simulation

Wish = tuple[str, str, "date", int]
NEAR = {"rel": 1e-9, "abs": 1e-12}
BAND = {80: (0.1, 0.9), 95: (0.025, 0.975)}


def forecasts(simulation: Simulation) -> Counter[Wish]:
    """Return who should have which forecast: owner, symbol, session and horizon."""
    return Counter(
        (wish.owner.email, symbol, day, wish.horizon)
        for wish in simulation.wishes
        for symbol in wish.symbols
        for day in wish.sessions
    )


def forecasts_made() -> Counter[Wish]:
    made = ForecastRequest.objects.filter(forecast__status="succeeded", forecast__first_counted_step=1)
    names = ("instrument__symbol", "data_as_of", "horizon")
    return Counter(made.values_list("owner__email", *(f"forecast__{name}" for name in names)))


def check_scores(scores: pd.DataFrame) -> None:
    """Each point that counts, and no other, has one current score, and it is the oracle's."""
    columns = ["forecast_id", "series", "step", "crps", "pinball", "pit", "actual", "inside_80"]
    stored = pd.DataFrame(Score.objects.current().values(*columns)).set_index(columns[:3]).sort_index()
    wanted = scores.set_index(columns[:3]).sort_index()
    # Scores of a later horizon's repeats are stored too; the oracle counts each origin and step once.
    assert wanted.index.isin(stored.index).all()
    same = stored.loc[wanted.index]
    for column in ("crps", "pinball", "pit", "actual"):
        np.testing.assert_allclose(same[column], wanted[column], rtol=1e-9, atol=1e-12)
    assert (same["inside_80"] == wanted["held_80"]).all()


def check_records(scores: pd.DataFrame) -> None:
    """The records of all, and of each instrument, hold the oracle's figures, and the tests it makes."""
    _check_record(TrackRecord.objects.get(instrument=None, method=""), scores)
    singles = TrackRecord.objects.filter(instrument__isnull=False, method="house")
    of_each = {row.instrument_id: row for row in singles}
    assert set(of_each) == set(scores["instrument_id"])
    for key, mine in scores.groupby("instrument_id"):
        _check_record(of_each[key], mine)


def _check_record(record: TrackRecord, scores: pd.DataFrame) -> None:
    groups = {group.pop("group"): group for group in record.figures["groups"]}
    assert_near(groups, oracle.groups(scores))
    skill = {(row.pop("reference"), row.pop("step")): row for row in record.figures["skill"]}
    assert_near(skill, oracle.skill(scores))


def assert_near(found: Any, wanted: Any) -> None:
    """Compare nested figures: numbers nearly, all else exactly."""
    mine, other = flat(found), flat(wanted)
    assert mine.keys() == other.keys()
    for where, value in other.items():
        assert mine[where] == (pytest.approx(value, **NEAR) if isinstance(value, float) else value), where


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Lay nested figures out, so that they can be compared nearly."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return {path: value}
    return {where: one for name, part in parts for where, one in flat(part, f"{path}/{name}").items()}


def check_page(client: Client, scores: pd.DataFrame) -> None:
    """Every cell of the page's tables is the oracle's figure, written as pages write it."""
    page = pages.read(client.get("/track-record/").content.decode())
    group, skill = oracle.groups(scores)["all"], oracle.skill(scores)
    tables = page.tables
    assert tables["Coverage: table"] == [
        [
            f"{band} %",
            pages.percent(group["coverage"][f"held_{band}"]),
            pages.percent(group["coverage"][f"naive_held_{band}"]),
        ]
        for band in oracle.BANDS
    ]
    for label, rows in (("Coverage by volatility: table", "regimes"), ("Coverage by month: table", "months")):
        shown = [row[1:] for row in tables[label]]
        assert shown == [[f"{row['points']:,}", *_held(row)] for row in group[rows]]
    shares = [pages.percent(count / group["points"]) for count in group["pit"]]
    assert [row[1] for row in tables["Where the outcomes fell: table"]] == shares
    _check_events(page, group)
    _check_skill(page, skill)
    _check_facts(page, group)
    _check_instruments(page, scores)
    _check_counts(page, scores)


def _held(row: dict[str, Any]) -> list[str]:
    return [pages.percent(row[f"held_{band}"]) for band in oracle.BANDS]


def _check_events(page: pages.Page, group: dict[str, Any]) -> None:
    """Each event has a table with a row for each tenth of the chance that was ever stated."""
    for name, event in zip(EVENT_NAMES, group["events"], strict=True):
        stated = [one for one in event["bins"] if one["points"]]
        assert [row[1:] for row in page.tables[f"{name}: table"]] == [
            [f"{one['points']:,}", pages.percent(one["stated"]), pages.percent(one["happened"])]
            for one in stated
        ]
        scores = f"Brier score {event['brier']:.3f}, naive cone’s {event['naive_brier']:.3f}"
        assert f"{name}: came in {pages.percent(event['happened'])}; {scores}" in page.text


def _check_skill(page: pages.Page, skill: dict[Any, dict[str, Any]]) -> None:
    shown = sorted(row for row in page.tables["Skill: table"] if len(row) > 1)
    assert shown == sorted(
        [
            str(step or "1, 5, 10, 20 pooled"),
            f"{row['origins']:,}",
            f"{row['days']:,}",
            pages.signed(row["crps_skill"]),
            pages.p_value(row["p_value"]),
        ]
        for (_, step), row in skill.items()
    )


def _check_facts(page: pages.Page, group: dict[str, Any]) -> None:
    median, scores = group["median"], group["scores"]
    assert list(page.facts.values()) == [
        f"{median['rmse_ratio']:.3f}",
        f"{pages.percent(median['direction_accuracy'])} of {median['told']:,}",
        pages.percent(median["up_rate"]),
        f"{1000 * scores['crps']:.2f}, {1000 * scores['naive_crps']:.2f}",
    ]


def _check_instruments(page: pages.Page, scores: pd.DataFrame) -> None:
    shown = {row[0]: row[1:5] for row in page.tables["Skill by instrument: table"]}
    symbols = dict(Forecast.objects.values_list("instrument_id", "instrument__symbol"))
    assert set(shown) == {symbols[key] for key in scores["instrument_id"]}
    for key, mine in scores.groupby("instrument_id"):
        pooled = oracle.skill(mine).get(("random-walk", None))
        origins = mine[mine["series"] == "model"].groupby("anchor").ngroups
        told = (
            [pages.signed(pooled["crps_skill"]), pages.p_value(pooled["p_value"])] if pooled else ["–", "–"]
        )
        assert shown[symbols[key]] == [f"{origins:,}", f"{pooled['origins'] if pooled else 0:,}", *told]


def _check_counts(page: pages.Page, scores: pd.DataFrame) -> None:
    mine = scores[scores["series"] == "model"]
    origins = mine.groupby(["instrument_id", "anchor"]).ngroups
    issued = Forecast.objects.filter(status="succeeded").count()
    for words in (
        f"{origins:,} forecasts, made after the close on {mine['anchor'].nunique():,} different days",
        f"gave {len(mine):,} ranges that could be checked, of {mine['date'].nunique():,} sessions",
        f"{issued:,} issued",
        "0 failed, 0 withdrawn",
        f"{mine['instrument_id'].nunique():,} instruments",
    ):
        assert words in page.text


def check_ledger() -> None:
    """The chain is whole and has every forecast; one byte changed by hand is found, and named."""
    assert ledger.verify() is None
    assert LedgerEntry.objects.count() == Forecast.objects.count()
    victim = LedgerEntry.objects.order_by("number")[LedgerEntry.objects.count() // 2]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE forecasts_ledgerentry DISABLE TRIGGER ledger_guard")
        cursor.execute(
            "UPDATE forecasts_ledgerentry SET content = overlay(content placing %s from 40)"
            " WHERE number = %s",
            ["x" if victim.content[39] != "x" else "y", victim.number],
        )
        cursor.execute("ALTER TABLE forecasts_ledgerentry ENABLE TRIGGER ledger_guard")
    found = ledger.verify()
    assert found is not None
    assert str(victim.number) in str(found)


def told(kind: str) -> Counter[tuple[str, str]]:
    """Return the alerts of a kind: owner and event, each of which is there once."""
    return Counter(Alert.objects.filter(kind=kind).values_list("owner__email", "event"))


def ready() -> Counter[tuple[str, str]]:
    """Everyone is told of each of their own forecasts."""
    wishes = ForecastRequest.objects.filter(forecast__status="succeeded")
    pairs = wishes.values_list("owner__email", "forecast_id")
    return Counter((email, f"forecast_ready:{key}") for email, key in pairs)


def outside_bands(simulation: Simulation) -> Counter[tuple[str, str]]:
    """Every close outside the band of the newest forecast that was there before it, for whoever watches."""
    said = oracle.said_before()
    newest = said.sort_values(["anchor", "number"]).groupby(["instrument_id", "date"]).last().reset_index()
    found: Counter[tuple[str, str]] = Counter()
    for row in newest.itertuples():
        for band, (low, high) in BAND.items():
            quantiles = dict(zip(oracle.LEVELS, row.quantiles, strict=True))
            if not quantiles[low] <= row.actual <= quantiles[high]:
                event = f"outside_band:{band}:{row.instrument_id}:{row.date}"
                found.update((email, event) for email in simulation.watchers[row.instrument_id])
    return found


def check_letters() -> None:
    """A digest a day at most, none missing on days after forecasts; nothing but what was told was written."""
    digests = Counter(Digest.objects.exclude(sent_at=None).values_list("owner__email", "day"))
    assert digests == Counter(
        (email, day) for email in ("ada@example.com", "bob@example.com") for day in YEAR
    )
    letters = {letter.extra_headers["Message-ID"]: letter for letter in mail.outbox}
    alerts = Alert.objects.filter(kind="outside_band", event__startswith="outside_band:95:")
    alert_letters = [letter for letter in letters.values() if "Your day" not in letter.subject]
    assert Counter(letter.to[0] for letter in alert_letters) == Counter(
        alerts.values_list("owner__email", flat=True)
    )
