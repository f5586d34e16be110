"""What is asked for and what comes of it, by the real client and a server that answers as Yahoo does."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone

from forecasts import ingest
from forecasts.market_data.base import ProviderError, UnknownSymbol
from forecasts.market_data.lane import lane_of
from forecasts.models import BAR_COLUMNS, Instrument
from tests.forecasts.acme import CLOSES, NEW, OLD, SESSIONS, closes, listing, register, written_by
from tests.yahoo_server import Listing, YahooServer, bars_of
from tests.yahoo_server.answers import TROUBLES
from tests.yahoo_server.server import SILENCE

pytestmark = pytest.mark.django_db


def contents(instrument: Instrument) -> list[Any]:
    """Return all that failures must leave alone."""
    fresh = Instrument.objects.get(pk=instrument.pk)
    rows = fresh.bars.order_by("date").values_list("date", *BAR_COLUMNS, "state")
    actions = fresh.actions.order_by("date").values_list("date", "kind", "value")
    told = [*fresh.missing_sessions.values_list("date", flat=True), *fresh.restatements.values_list("pk")]
    return [fresh.data_revision, fresh.calendar, fresh.fetched_at, *rows, *actions, *told]


# Fetching -----------------------------------------------------------------------------------------------


def test_the_first_time_everything_is_stored(yahoo: YahooServer) -> None:
    tokyo = {"currency": "JPY", "exchange": "JPX", "zone": "Asia/Tokyo"}
    yahoo.listings["7203.T"] = replace(listing(), **tokyo)  # type: ignore[arg-type]  # mypy cannot see the keys
    toyota = register("7203.T")

    ingest.refresh(toyota)

    assert list(closes(toyota).values()) == CLOSES[:50]
    assert toyota.bars.final().count() == 50
    assert (toyota.name, toyota.kind, toyota.currency) == ("7203.T Incorporated", "equity", "JPY")
    assert (toyota.calendar, toyota.data_revision, toyota.fetch_error) == ("XTKS", 1, None)


def test_a_refresh_that_finds_nothing_new_writes_no_price(acme: Instrument, yahoo: YahooServer) -> None:
    before = written_by(acme)

    ingest.refresh(acme)

    asked_from = datetime.fromtimestamp(int(yahoo.asked[-1][1]["period1"]), UTC).date()
    assert written_by(acme) == before
    assert OLD[-11] <= asked_from < OLD[-10]
    assert acme.data_revision == 1


def test_new_sessions_are_added_and_the_others_left_alone(acme: Instrument, yahoo: YahooServer) -> None:
    before = written_by(acme)
    yahoo.listings["ACME"] = listing(SESSIONS)

    ingest.refresh(acme)

    after = written_by(acme)
    assert {day: after[day] for day in OLD} == before
    assert closes(acme) == dict(zip(SESSIONS, CLOSES, strict=True))
    assert acme.data_revision == 1


def test_volume_that_is_counted_up_is_corrected_in_place(acme: Instrument, yahoo: YahooServer) -> None:
    last = yahoo.listings["ACME"].bars
    last[-1] = replace(last[-1], volume=1_500_000)

    ingest.refresh(acme)

    assert acme.bars.get(date=OLD[-1]).volume == 1_500_000
    assert acme.data_revision == 1


def test_a_session_that_the_source_forgets_stays(acme: Instrument, yahoo: YahooServer) -> None:
    del yahoo.listings["ACME"].bars[-3]

    ingest.refresh(acme)

    assert list(closes(acme)) == OLD
    assert acme.data_revision == 1


# Restatements -------------------------------------------------------------------------------------------


def test_when_a_stored_price_disagrees_everything_is_fetched_again(
    acme: Instrument, yahoo: YahooServer
) -> None:
    yahoo.listings["ACME"] = listing(SESSIONS, factor=1.01)

    ingest.refresh(acme)

    assert list(closes(acme).values()) == [close * 1.01 for close in CLOSES]
    assert acme.data_revision == 2
    assert len(yahoo.asked) == 3


def test_a_new_dividend_restates_every_adjusted_price(acme: Instrument, yahoo: YahooServer) -> None:
    adjusted = [close * 0.99 for close in CLOSES[:50]] + CLOSES[50:]
    yahoo.listings["ACME"] = Listing(bars_of(SESSIONS, CLOSES, adjusted), dividends={NEW[0]: 1.5})

    ingest.refresh(acme)

    assert list(acme.bars.order_by("date").values_list("adj_close", flat=True)) == adjusted
    assert list(closes(acme).values()) == CLOSES
    assert list(acme.actions.values_list("date", "kind", "value")) == [(NEW[0], "dividend", 1.5)]
    assert acme.data_revision == 2


@pytest.mark.parametrize(("new", "old"), [(10, 1), (1, 8)])
def test_a_split_puts_all_prices_on_the_new_basis_once(
    acme: Instrument, yahoo: YahooServer, new: int, old: int
) -> None:
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=old / new), splits={NEW[0]: (new, old)})

    ingest.refresh(acme)
    ingest.refresh(acme)

    assert list(closes(acme).values()) == [close * (old / new) for close in CLOSES]
    assert acme.actions.split_factor_since(acme.pk, OLD[-1]) == new / old
    assert acme.actions.split_factor_since(acme.pk, NEW[0]) == 1.0
    assert acme.data_revision == 2


@pytest.mark.parametrize("kept", [OLD[1:], [*OLD[:4], *OLD[10:]]], ids=["starts later", "has holes"])
def test_a_good_history_does_not_give_way_to_a_poorer_one(
    acme: Instrument, yahoo: YahooServer, kept: list[date]
) -> None:
    before = contents(acme)
    yahoo.listings["ACME"] = listing(kept, factor=2.0)

    with pytest.raises(ProviderError) as caught:
        ingest.refresh(acme)

    assert caught.value.message == "Yahoo Finance answered with only a part of the history of ACME."
    assert contents(acme) == before


# Failures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("too many requests", "rate_limited"),
        ("server error", "source_failed"),
        ("server error in words", "source_failed"),
        ("web page", "source_failed"),
        ("maintenance", "source_failed"),
        ("empty chart", "source_failed"),
        ("silence", "source_unreachable"),
    ],
)
def test_a_failure_leaves_the_history_and_a_note(
    acme: Instrument, yahoo: YahooServer, trouble: str, code: str
) -> None:
    before = contents(acme)
    yahoo.trouble = trouble

    with pytest.raises(ProviderError) as caught:
        ingest.refresh(acme)

    note = Instrument.objects.get().fetch_error or {}
    assert contents(acme) == before
    assert (note["code"], note["message"], note["remedy"]) == (
        code,
        caught.value.message,
        caught.value.remedy,
    )


@pytest.mark.parametrize("trouble", [*TROUBLES, SILENCE])
@pytest.mark.parametrize("answered", [0, 1])
def test_no_trouble_of_the_first_or_second_fetch_touches_the_history(
    acme: Instrument, yahoo: YahooServer, trouble: str, answered: int
) -> None:
    before = contents(acme)
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=0.5), splits={NEW[0]: (2, 1)})
    yahoo.trouble, yahoo.patience = trouble, answered

    with pytest.raises(ProviderError):
        ingest.refresh(acme)

    assert contents(acme) == before


def test_the_note_goes_when_the_source_answers_again(acme: Instrument, yahoo: YahooServer) -> None:
    yahoo.trouble = "too many requests"
    with pytest.raises(ProviderError):
        ingest.refresh(acme)
    yahoo.trouble = None
    lane_of("yahoo").reopen()

    ingest.refresh(acme)

    assert Instrument.objects.get().fetch_error is None


def test_only_three_separate_days_of_absence_look_like_a_delisting(
    acme: Instrument, yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    yahoo.listings.clear()
    codes = []
    for day in (1, 1, 2, 3):
        monkeypatch.setattr(timezone, "now", lambda day=day: datetime(2024, 7, day, 12, tzinfo=UTC))
        with pytest.raises(UnknownSymbol):
            ingest.refresh(acme)
        codes.append(acme.fetch_error["code"])  # type: ignore[index]  # the failure has just left it

    assert codes == ["unknown_symbol", "unknown_symbol", "unknown_symbol", "delisted"]
    assert "has had no prices for ACME since 2024-07-01" in str(acme.fetch_error)
