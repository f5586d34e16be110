"""What staff are told of prices."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from forecasts import ingest
from forecasts.market_data.lane import lane_of
from forecasts.models import Instrument, MissingSession, Restatement
from forecasts.services import market_overview as overview
from tests.factories import InstrumentFactory, bars

pytestmark = pytest.mark.django_db

FRIDAY = date(2024, 7, 5)
EVENING = datetime(2024, 7, 5, 22, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: EVENING)


def live(symbol: str, last: date | None = FRIDAY, **fields: Any) -> Instrument:
    made: Instrument = InstrumentFactory(yahoo=True, symbol=symbol, **fields)
    if last:
        bars(made, 5, last=last)
    return made


@pytest.fixture
def market() -> None:
    """One instrument of each kind, and two that nothing is fetched for."""
    live("FRESH")
    live("BEHIND", date(2024, 7, 2))
    live("EMPTY", None)
    live("FAILING", fetch_error={"code": "source_failed", "message": "No."})
    MissingSession.objects.create(instrument=live("HOLED"), date=date(2024, 7, 2))
    bars(InstrumentFactory(), 5)
    MissingSession.objects.create(instrument=InstrumentFactory(upload=True), date=FRIDAY)


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("all", ["BEHIND", "EMPTY", "FAILING", "FRESH", "HOLED"]),
        ("behind", ["BEHIND", "EMPTY"]),
        ("failing", ["FAILING"]),
        ("gaps", ["HOLED"]),
    ],
)
def test_the_table_is_narrowed_to_what_needs_a_look(name: str, symbols: list[str], market: None) -> None:
    assert [row.symbol for row in overview.live_instruments(name)] == symbols
    assert overview.counts()[name] == len(symbols)


def test_a_session_just_closed_is_not_behind_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    live("ACME", date(2024, 7, 3))
    close = datetime(2024, 7, 5, 20, tzinfo=UTC)
    behind = []

    for moment in [close.replace(minute=minute) for minute in (1, 49, 51)]:
        monkeypatch.setattr("django.utils.timezone.now", lambda now=moment: now)
        behind.append(overview.counts()["behind"])

    assert behind == [0, 0, 1]


def test_a_row_tells_how_its_prices_stand() -> None:
    acme = live("ACME", date(2024, 7, 2))
    ingest.note_look(acme.pk)
    MissingSession.objects.create(instrument=acme, date=date(2024, 7, 1))

    (row,) = overview.rows(overview.live_instruments())

    assert (row.instrument, row.last_closed, row.last_state) == (acme, date(2024, 7, 2), "final")
    assert (row.missed, row.gaps, row.looked_at) == (2, 1, EVENING)


def test_gaps_are_counted_by_instrument_the_newest_found_first() -> None:
    first, second = live("FIRST"), live("SECOND")
    for instrument, day, found in ((first, 1, 3), (first, 2, 4), (second, 3, 5)):
        at = datetime(2024, 7, found, tzinfo=UTC)
        MissingSession.objects.create(instrument=instrument, date=date(2024, 7, day), found_at=at)

    gaps = overview.newest_gaps()

    assert [(gap.symbol, gap.count, gap.newest) for gap in gaps] == [
        ("SECOND", 1, date(2024, 7, 3)),
        ("FIRST", 2, date(2024, 7, 2)),
    ]


def test_what_people_uploaded_is_none_of_staffs_business() -> None:
    upload = InstrumentFactory(upload=True)
    MissingSession.objects.create(instrument=upload, date=FRIDAY)
    Restatement.objects.create(
        instrument=upload,
        revision=2,
        reason="replaced",
        first_session=FRIDAY,
        last_session=FRIDAY,
        sessions=1,
    )

    assert (overview.newest_gaps(), overview.newest_restatements()) == ([], [])


def test_lanes_tell_their_state_and_what_is_not_set_up(settings: Settings) -> None:
    settings.TIINGO_API_KEY = ""
    lane = lane_of("yahoo")
    lane.take_turn()
    lane.refused(600)

    lanes = {lane.key: lane for lane in overview.lanes()}

    assert lanes["yahoo"].status is not None
    assert lanes["yahoo"].status.reason == "refused"
    assert lanes["tiingo"].status is None
    assert lanes["tiingo"].trouble.startswith("Not set up.")


def test_without_redis_a_lane_says_so(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    lane = next(lane for lane in overview.lanes() if lane.key == "yahoo")

    assert lane.status is None
    assert "Redis cannot be reached" in lane.trouble
