"""What one transaction writes: only what differs, all of it or nothing, and why."""

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forecasts import ingest
from forecasts.calendars import sessions_between
from forecasts.ingest import storing
from forecasts.market_data.base import Action, History, ProviderError
from forecasts.models import Instrument, Restatement
from tests.factories import ForecastFactory, InstrumentFactory
from tests.forecasts.acme import CLOSES, NEW, OLD, SESSIONS, closes, listing, register
from tests.yahoo_server import YahooServer, bars_of

pytestmark = pytest.mark.django_db

DAYS = sessions_between("XNYS", date(2024, 4, 1), date(2024, 5, 31))


def history(
    factor: float = 1.0, days: list[date] = DAYS, actions: tuple[Action, ...] = (), **about: Any
) -> History:
    close = [100.0 + DAYS.index(day) for day in days]
    frame = pd.DataFrame(
        {name: [price * factor for price in close] for name in ("open", "high", "low", "close", "adj_close")},
        index=pd.DatetimeIndex(days, name="date"),
    )
    return History(frame.assign(volume=1e6), list(actions), about)


@pytest.fixture
def upload(db: None) -> Instrument:
    instrument: Instrument = InstrumentFactory(upload=True, calendar="XNYS")
    ingest.store(instrument, history())
    return instrument


def writes(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if not query["sql"].lstrip().upper().startswith(READS)]


READS = ("SELECT", "SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")


def test_a_refresh_that_finds_nothing_new_writes_nothing(acme: Instrument) -> None:
    before = Instrument.objects.values().get()

    with CaptureQueriesContext(connection) as queries:
        refreshed = ingest.refresh(acme)

    assert writes(queries) == []
    assert refreshed == ingest.Refreshed(written=0, restated=False)
    assert Instrument.objects.values().get() == before


def test_every_look_is_remembered_whatever_came_of_it(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    for hour, trouble in [(1, None), (2, "server error")]:
        now = datetime(2026, 1, 5, hour, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        yahoo.trouble = trouble
        with suppress(ProviderError):
            ingest.refresh(acme)
        looks.append(ingest.looked_at_many([acme.pk, 0]) == {acme.pk: now})

    assert looks == [True, True]


def test_fetched_at_is_when_a_bar_was_asked_for_and_not_when_it_was_looked_at(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    yahoo.listings["ACME"] = listing(SESSIONS[:51])

    ingest.refresh(acme)

    assert list(acme.bars.filter(fetched_at=later).values_list("date", "source")) == [(NEW[0], "yahoo")]
    assert acme.fetched_at == later


def test_a_bar_on_a_day_without_trading_is_kept_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    upload, holiday = InstrumentFactory(upload=True, calendar="XNYS"), date(2024, 5, 27)
    given = history()
    given.bars.loc[pd.Timestamp(holiday)] = given.bars.iloc[-1]
    given = replace(given, bars=given.bars.sort_index())

    with caplog.at_level(logging.WARNING):
        ingest.store(upload, given)

    assert upload.bars.filter(date=holiday).exists()
    assert caplog.messages == [f"{upload.symbol}: 1 bars on days that XNYS does not trade (2024-05-27)."]


# Replacing ----------------------------------------------------------------------------------------------


def test_an_owner_replaces_the_history_and_its_prices_stand_in_the_log(upload: Instrument) -> None:
    new_days = [*DAYS[:3], *DAYS[5:]]

    done = ingest.store(upload, history(factor=1.5, days=new_days), reason="replaced")

    row = Restatement.objects.get()
    assert list(closes(upload)) == new_days
    assert (done.restated, upload.data_revision) == (True, 2)
    assert (row.reason, row.price_factor, row.sessions) == ("replaced", pytest.approx(1.5), len(DAYS))
    assert [day for day, *_ in row.before] == [f"{day}" for day in DAYS[3:5]]


def test_replacing_a_history_by_itself_changes_nothing(upload: Instrument) -> None:
    done = ingest.store(upload, history(), reason="replaced")

    assert (done, upload.data_revision) == (ingest.Refreshed(0, restated=False), 1)


def test_a_replacement_that_the_table_refuses_leaves_everything(upload: Instrument) -> None:
    bad = history(factor=2.0, actions=(Action(DAYS[3], "dividend", -1.0),))

    with pytest.raises(Exception, match="action_positive"):
        ingest.store(upload, bad, reason="replaced")

    assert list(closes(upload).values()) == list(history().bars["close"])
    assert (Instrument.objects.get(pk=upload.pk).data_revision, Restatement.objects.count()) == (1, 0)


def test_appending_adds_newer_days_without_a_restatement(upload: Instrument) -> None:
    later = sessions_between("XNYS", date(2024, 6, 3), date(2024, 6, 5))
    more = history().bars[-3:].set_axis(pd.DatetimeIndex(later, name="date"))

    done = ingest.store(upload, History(more))

    assert (done, upload.data_revision) == (ingest.Refreshed(3, restated=False), 1)
    assert list(closes(upload)) == [*DAYS, *later]


def test_a_correction_of_final_prices_is_a_restatement(upload: Instrument) -> None:
    ingest.store(upload, history(factor=1.01, days=DAYS[10:12]))

    row = Restatement.objects.get()
    assert (row.reason, row.first_session, row.sessions) == ("disagreement", DAYS[10], 2)
    assert upload.data_revision == 2


# Sessions that come late --------------------------------------------------------------------------------


def test_a_session_that_fills_a_gap_makes_forecasts_anew(upload: Instrument) -> None:
    ingest.store(upload, history(days=[*DAYS[:7], *DAYS[8:]]), reason="replaced")

    ingest.store(upload, history(days=DAYS[6:9]))

    row = Restatement.objects.order_by("revision").last()
    assert row is not None
    assert (upload.data_revision, row.first_session, row.sessions, row.before) == (3, DAYS[7], 0, [])
    assert list(upload.missing_sessions.all()) == []


@pytest.mark.parametrize(("missed", "revision"), [(True, 2), (False, 1)])
def test_a_session_that_a_forecast_missed_makes_it_anew(
    acme: Instrument, yahoo: YahooServer, missed: bool, revision: int
) -> None:
    as_of = NEW[0] if missed else OLD[-1]
    ForecastFactory(instrument=acme, succeeded=True, as_of=as_of, data_as_of=OLD[-1])
    yahoo.listings["ACME"] = listing(SESSIONS[:51])

    ingest.refresh(acme)

    assert acme.data_revision == revision


# The source's whole history ------------------------------------------------------------------------------


def test_sessions_that_the_source_forgot_are_kept_on_the_new_basis(
    acme: Instrument, yahoo: YahooServer
) -> None:
    new = listing(SESSIONS, factor=0.5)
    del new.bars[20]
    yahoo.listings["ACME"] = replace(new, splits={NEW[0]: (2, 1)})

    ingest.refresh(acme)

    kept = acme.bars.get(date=OLD[20])
    assert (kept.state, kept.close, kept.adj_close) == ("repaired", CLOSES[20] / 2, CLOSES[20] / 2)
    assert list(closes(acme).values()) == [close / 2 for close in CLOSES]


def test_days_on_which_the_exchange_does_not_trade_are_not_kept(acme: Instrument, yahoo: YahooServer) -> None:
    good_friday = date(2024, 3, 29)
    new = listing(factor=2.0)
    new.bars = [bar for bar in new.bars if bar.date != good_friday]
    yahoo.listings["ACME"] = new

    ingest.refresh(acme)

    assert not acme.bars.filter(date=good_friday).exists()
    assert [row[0] for row in Restatement.objects.get().before] == ["2024-03-29"]


def test_a_whole_history_that_is_as_stored_is_no_restatement(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ingest.fetching.mended("ACME", History(acme.bars.as_frame()))

    done = storing.store(acme, whole, reason=Restatement.Reason.DISAGREEMENT)

    assert (done, acme.data_revision) == (ingest.Refreshed(0, restated=False), 1)


def test_names_and_calendars_follow_what_the_source_says(upload: Instrument) -> None:
    ingest.store(upload, history(name="Mine", currency="EUR", calendar="XETR"))

    fresh = Instrument.objects.get(pk=upload.pk)
    assert (fresh.name, fresh.currency, fresh.calendar) == ("Mine", "EUR", "XETR")


@pytest.mark.parametrize("broken", ["_write_bars", "_save"])
def test_a_fault_in_the_middle_of_storing_leaves_everything(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    before = list(acme.bars.order_by("date").values())
    good = getattr(storing, broken)

    def then_break(*args: Any, **options: Any) -> None:
        good(*args, **options)
        raise RuntimeError("power cut")

    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=0.1), splits={NEW[0]: (10, 1)})
    monkeypatch.setattr(storing, broken, then_break)
    with pytest.raises(RuntimeError):
        ingest.refresh(acme)

    assert list(acme.bars.order_by("date").values()) == before
    assert (acme.actions.count(), Restatement.objects.count()) == (0, 0)
    assert Instrument.objects.get().data_revision == 1


def test_a_thousand_bars_are_written_in_few_statements(django_assert_max_num_queries: Any) -> None:
    days = sessions_between("XNYS", date(2020, 1, 2), date(2023, 12, 29))
    frame = pd.DataFrame(
        dict.fromkeys(("open", "high", "low", "close", "adj_close", "volume"), 1.0),
        index=pd.DatetimeIndex(days, name="date"),
    )

    with django_assert_max_num_queries(20):
        ingest.store(InstrumentFactory(yahoo=True), History(frame))


def test_bars_by_the_client_carry_a_register(yahoo: YahooServer) -> None:
    yahoo.listings["7203.T"] = replace(listing(), bars=bars_of(OLD, CLOSES[:50]), exchange="JPX")
    toyota = register("7203.T")

    refreshed = ingest.refresh(toyota)

    assert refreshed == ingest.Refreshed(written=50, restated=False)
