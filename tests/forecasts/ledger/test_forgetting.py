"""What somebody may try at the database so that a forecast that turned out badly is forgotten."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from forecasts import ledger
from forecasts.ingest import actions
from forecasts.ledger import chain, entering
from forecasts.market_data.base import Action
from forecasts.models import CorporateAction, Forecast, Instrument, LedgerEntry
from tests.factories import ForecastFactory, InstrumentFactory
from tests.forecasts.ledger.test_verifying import by_hand

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued() -> list[Forecast]:
    """Two forecasts of everybody's instrument, entered as 1 and 2 today."""
    made: list[Forecast] = ForecastFactory.create_batch(
        2, instrument=InstrumentFactory(), succeeded=True, horizon=2, finished_at=timezone.now()
    )
    for forecast in made:
        ledger.enter_issued(forecast)
    return made


def message() -> str:
    return str(ledger.verify())


def test_a_public_forecast_cannot_be_erased_as_if_it_were_an_uploads(issued: list[Forecast]) -> None:
    by_hand("UPDATE forecasts_ledgerentry SET content = '' WHERE number = 1")
    issued[0].delete()
    ledger.append("erasure", {"erases": 1}, LedgerEntry.objects.get(number=1))

    assert message() == "Entry 1: its content is gone, which may happen to an upload's alone."


def test_an_entry_cannot_be_made_private_afterwards(issued: list[Forecast]) -> None:
    by_hand("UPDATE forecasts_ledgerentry SET is_private = true WHERE number = 1")

    assert message().startswith("Entry 1: its number, kind, moment or hashes are not what they were")


def test_an_instrument_that_changes_hands_is_found(issued: list[Forecast], user: User) -> None:
    Instrument.objects.filter(pk=issued[0].instrument_id).update(owner=user, source="upload")

    assert message() == (
        "Entry 1: it says of its instrument that it is an upload, or that it is not, which is not so."
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"finished_at": None},
        {"finished_at": datetime(2013, 3, 1, tzinfo=UTC), "started_at": timezone.now() + timedelta(days=2)},
        {"finished_at": datetime(2013, 3, 1, tzinfo=UTC), "first_counted_step": 1},
    ],
)
def test_a_forecast_cannot_be_passed_off_as_pre_ledger(
    issued: list[Forecast], fields: dict[str, object]
) -> None:
    late: Forecast = ForecastFactory(succeeded=True)
    Forecast.objects.filter(pk=late.pk).update(**fields)
    ledger.enter_endings()

    assert message() == (
        "Entry 3: it says that its forecast was issued before the ledger was kept, which is not so."
    )


@pytest.mark.parametrize("finished_at", [None, datetime(2013, 3, 1, tzinfo=UTC)])
def test_a_forecast_that_is_not_entered_cannot_hide_behind_its_moment(
    issued: list[Forecast], finished_at: datetime | None
) -> None:
    late: Forecast = ForecastFactory(succeeded=True, started_at=timezone.now())
    Forecast.objects.filter(pk=late.pk).update(finished_at=finished_at)

    assert message().startswith(f"Forecast {late.pk}, issued ")


def test_a_forecast_made_after_the_fact_cannot_be_dated_back(issued: list[Forecast]) -> None:
    late: Forecast = ForecastFactory(succeeded=True)
    draft = chain.Draft("issued", {"forecast": late.pk})

    entering.append_all([draft], timezone.now() - timedelta(days=1))

    assert message() == "Entry 3: it claims to be older than the one before it."


def test_machines_whose_clocks_differ_a_little_break_nothing(issued: list[Forecast]) -> None:
    failed: Forecast = ForecastFactory(failed=True)
    ledger.enter_endings()
    failed.refresh_from_db()
    content = ledger.parsed(LedgerEntry.objects.get(number=3))
    by_hand("UPDATE forecasts_forecast SET entry_id = NULL WHERE id = %s", failed.pk)
    by_hand("DELETE FROM forecasts_ledgerentry WHERE number = 3")
    draft = chain.Draft("failed", content)

    (entry,) = entering.append_all([draft], timezone.now() - timedelta(minutes=1))
    Forecast.objects.filter(pk=failed.pk).update(entry=entry)

    assert ledger.verify() is None


def test_an_entry_that_tells_less_than_it_should_is_found(issued: list[Forecast]) -> None:
    Forecast.objects.filter(pk=issued[1].pk).update(entry=None)
    by_hand("DELETE FROM forecasts_ledgerentry WHERE number = 2")
    entry = ledger.append("issued", {"forecast": issued[1].pk})
    Forecast.objects.filter(pk=issued[1].pk).update(entry=entry)

    assert message().startswith(f"Entry 2: of forecast {issued[1].pk} this is not what was entered: anchor")


NOTHING = (
    "CREATE OR REPLACE FUNCTION forecasts_{}_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$"
)
LEDGER = "ON forecasts_ledgerentry FOR EACH ROW {} EXECUTE FUNCTION forecasts_ledger_guard()"
DROPPED = "DROP TRIGGER ledger_guard ON forecasts_ledgerentry; CREATE TRIGGER ledger_guard "


@pytest.mark.parametrize(
    ("statement", "trigger"),
    [
        (NOTHING.format("ledger", "RETURN NEW;"), "ledger_guard"),
        (NOTHING.format("point", "RETURN NEW;"), "point_guard"),
        (DROPPED + "BEFORE DELETE " + LEDGER.format(""), "ledger_guard"),
        (DROPPED + "BEFORE UPDATE OR DELETE " + LEDGER.format("WHEN (false)"), "ledger_guard"),
        (DROPPED + "BEFORE UPDATE OF kind OR DELETE " + LEDGER.format(""), "ledger_guard"),
    ],
)
def test_a_guard_that_guards_nothing_is_missed(issued: list[Forecast], statement: str, trigger: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)

    assert message().startswith(f"The trigger {trigger} of ")


def move_told_split(instrument: Instrument) -> None:
    """A source tells a split, inferred before, by a day on the other side of the anchor."""
    day = datetime(2013, 2, 28, tzinfo=UTC).date()
    CorporateAction.objects.create(instrument=instrument, date=day, kind="split", value=2.0)
    actions.write(instrument, [Action(day + timedelta(days=4), "split", 2.0)], whole=True)


def double(instrument: Instrument) -> None:
    Forecast.objects.filter(instrument=instrument).update(split_factor=2.0)


@pytest.mark.parametrize("happens", [move_told_split, double])
def test_a_split_that_is_told_late_breaks_nothing(happens: Callable[[Instrument], None]) -> None:
    forecast: Forecast = ForecastFactory(succeeded=True, split_factor=1.0)
    ledger.enter_issued(forecast)

    happens(forecast.instrument)

    forecast.refresh_from_db()
    assert forecast.split_factor == 2.0
    assert ledger.verify() is None
