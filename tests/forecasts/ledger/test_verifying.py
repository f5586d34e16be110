"""Whatever is changed by hand is found, and named."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from forecasts import ledger
from forecasts.models import Forecast, ForecastPoint, Instrument, LedgerEntry
from tests.factories import ForecastFactory, InstrumentFactory

pytestmark = pytest.mark.django_db

GUARDED = {"ledger_guard": "forecasts_ledgerentry", "point_guard": "forecasts_forecastpoint"}


def by_hand(statement: str, *values: object) -> None:
    """Change rows as somebody at the database may who knows the guards: they are off and then on again."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for trigger, table in GUARDED.items():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        cursor.execute(statement, values)
        for trigger, table in GUARDED.items():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


def change(field: str, sql: str) -> Callable[[int], None]:
    return lambda number: by_hand(
        f"UPDATE forecasts_ledgerentry SET {field} = {sql} WHERE number = %s", number
    )


@pytest.fixture
def instrument() -> Instrument:
    made: Instrument = InstrumentFactory()
    return made


@pytest.fixture
def issued(instrument: Instrument) -> list[Forecast]:
    """Three forecasts, entered as 1, 2 and 3; a failed and a withdrawn one follow them as 4 and 5."""
    now = timezone.now()
    made = [
        ForecastFactory(instrument=instrument, succeeded=True, horizon=3, finished_at=now) for _ in range(3)
    ]
    for forecast in made:
        ledger.enter_issued(forecast)
    ForecastFactory(instrument=instrument, failed=True)
    ForecastFactory(instrument=instrument, cancelled=True)
    ledger.enter_endings()
    return made


def message() -> str:
    return str(ledger.verify())


def test_a_whole_ledger_has_no_break(issued: list[Forecast]) -> None:
    last = LedgerEntry.objects.get(number=5)

    assert ledger.examine() == ledger.Examination(5, last.hash, None)


def test_an_empty_ledger_is_whole() -> None:
    ForecastFactory(succeeded=True)

    assert ledger.verify() is None


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (change("content", "replace(content, 'SAMPLE', 'SIMPLE')"), "its content is not what it was"),
        (change("content", "content || ' '"), "its content is not what it was"),
        (change("content", "'not even JSON'"), "its content is not what it was"),
        (change("content", "''"), "its content is gone, which may happen to an upload's alone"),
        (change("content_hash", "repeat('0', 64)"), "its content is not what it was"),
        (change("hash", "repeat('0', 64)"), "its number, kind, moment or hashes are not"),
        (change("kind", "'pre-ledger'"), "its number, kind, moment or hashes are not"),
        (change("entered_at", "entered_at - interval '1 microsecond'"), "its number, kind, moment"),
        (change("previous_hash", "repeat('f', 64)"), "the hash before it is not that of the entry before"),
    ],
)
def test_a_changed_entry_is_named(issued: list[Forecast], tamper: Callable[[int], None], words: str) -> None:
    tamper(2)

    assert message().startswith(f"Entry 2: {words}")


def test_an_entry_that_is_no_erasure_erases_nothing(issued: list[Forecast]) -> None:
    change("erases_id", "1")(2)

    assert message() == "Entry 1: entry 2 says that it was erased, and it was not."


def test_a_renumbered_entry_is_named(issued: list[Forecast]) -> None:
    by_hand("UPDATE forecasts_forecast SET entry_id = NULL WHERE entry_id = 5")
    by_hand("UPDATE forecasts_ledgerentry SET number = 7 WHERE number = 5")

    assert message() == "Entry 7: the one before it is 4; those between are gone."


def test_a_changed_quantile_is_found(issued: list[Forecast]) -> None:
    point = ForecastPoint.objects.get(forecast=issued[1], series="model", step=2)
    by_hand(
        "UPDATE forecasts_forecastpoint SET quantiles[9] = quantiles[9] + 1e-15 "
        "WHERE (forecast_id, series, step) = (%s, 'model', 2)",
        issued[1].pk,
    )

    changed = ForecastPoint.objects.get(pk=point.pk)
    assert changed.quantiles != point.quantiles
    assert message() == f"Entry 2: of forecast {issued[1].pk} this is not what was entered: series."


def test_a_changed_day_of_a_baselines_point_is_found(issued: list[Forecast]) -> None:
    by_hand(
        "UPDATE forecasts_forecastpoint SET date = date + 1 WHERE (forecast_id, series, step) = (%s, %s, 2)",
        issued[1].pk,
        ForecastPoint.NAIVE,
    )

    assert message() == f"Entry 2: of forecast {issued[1].pk} this is not what was entered: days."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trust", "worse_than_naive"),
        ("verdict", "Better than all."),
        ("shown", "naive"),
        ("anchor_close", 101.0),
        ("data_as_of", "2013-02-28"),
        ("bars_hash", "c" * 64),
        ("model", {"name": "other"}),
        ("first_counted_step", 2),
        ("volatility", 0.5),
        ("finished_at", "2026-01-01T00:00:00Z"),
        ("horizon", 2),
    ],
)
def test_a_changed_forecast_is_found(issued: list[Forecast], field: str, value: object) -> None:
    Forecast.objects.filter(pk=issued[2].pk).update(**{field: value})

    assert message() == f"Entry 3: of forecast {issued[2].pk} this is not what was entered: {field}."


def test_a_forecast_that_is_no_longer_withdrawn_is_found(issued: list[Forecast]) -> None:
    Forecast.objects.filter(status="cancelled").update(status="succeeded")

    assert "this is not what was entered: status." in message()


def test_the_evidence_of_that_time_cannot_be_changed(issued: list[Forecast]) -> None:
    evaluation = issued[0].evaluation
    assert evaluation is not None
    evaluation.metrics[0]["crps"] = 0.001
    evaluation.save()

    assert message() == f"Entry 1: of forecast {issued[0].pk} this is not what was entered: evaluation."


def test_slow_baselines_may_join_the_evidence(issued: list[Forecast]) -> None:
    evaluation = issued[0].evaluation
    assert evaluation is not None
    evaluation.metrics.append({"method": "theta", "step": 1, "crps": 0.01})
    evaluation.skill.append({"method": "model", "step": 1, "reference": "theta", "crps_skill": 0.1})
    evaluation.save()

    assert ledger.verify() is None


def test_a_deleted_entry_in_the_middle_is_found(issued: list[Forecast]) -> None:
    by_hand("UPDATE forecasts_forecast SET entry_id = NULL WHERE entry_id = 2")
    by_hand("DELETE FROM forecasts_ledgerentry WHERE number = 2")

    assert message() == "Entry 3: the one before it is 1; those between are gone."


def test_a_deleted_first_entry_is_found(issued: list[Forecast]) -> None:
    by_hand("UPDATE forecasts_forecast SET entry_id = NULL WHERE entry_id = 1")
    by_hand("DELETE FROM forecasts_ledgerentry WHERE number = 1")

    assert message() == "Entry 2: the first is gone."


def test_a_deleted_last_entry_is_found_by_its_forecast(instrument: Instrument) -> None:
    made = [ForecastFactory(instrument=instrument, succeeded=True) for _ in range(2)]
    ledger.enter_issued(made[0])
    Forecast.objects.filter(pk=made[1].pk).update(finished_at=timezone.now() + timedelta(seconds=1))
    ledger.enter_issued(made[1])
    by_hand("UPDATE forecasts_forecast SET entry_id = NULL WHERE entry_id = 2")
    by_hand("DELETE FROM forecasts_ledgerentry WHERE number = 2")

    found = ledger.verify()

    assert found is not None
    assert (found.number, found.message.split(",")[0]) == (None, f"Forecast {made[1].pk}")
    assert found.message.endswith("has no entry.")


def test_a_forecast_of_today_cannot_be_passed_off_as_older_than_the_ledger(issued: list[Forecast]) -> None:
    late: Forecast = ForecastFactory(succeeded=True, finished_at=timezone.now() + timedelta(days=2))

    ledger.enter_endings()

    late.refresh_from_db()
    assert late.entry is not None
    assert message() == (
        f"Entry {late.entry.number}: it says that its forecast was issued before the ledger was kept, "
        "which is not so."
    )


def test_an_entry_added_by_hand_is_found(issued: list[Forecast]) -> None:
    ledger.append(LedgerEntry.Kind.ISSUED, {"forecast": issued[0].pk})

    assert message() == "Entry 6: the forecast that it tells of is gone, or belongs to another entry."


def test_an_erasure_of_what_was_not_erased_is_found(issued: list[Forecast]) -> None:
    ledger.append("erasure", {"erases": 2}, LedgerEntry.objects.get(number=2))

    assert message() == "Entry 2: entry 6 says that it was erased, and it was not."


def test_swapped_entries_are_found(issued: list[Forecast]) -> None:
    one, other = issued[:2]
    for pk, number in ((one.pk, None), (other.pk, 1), (one.pk, 2)):
        Forecast.objects.filter(pk=pk).update(entry=number)

    assert message().startswith(f"Entry 1: of forecast {other.pk} this is not what was entered: ")
    assert "forecast" in message().rpartition(": ")[2].rstrip(".").split(", ")


def test_swapped_contents_are_found(issued: list[Forecast]) -> None:
    by_hand(
        "UPDATE forecasts_ledgerentry AS mine SET content = its.content FROM forecasts_ledgerentry AS its "
        "WHERE (mine.number, its.number) IN ((2, 3), (3, 2))"
    )

    assert message().startswith("Entry 2: its content is not what it was")


def test_a_forecast_that_lost_its_entry_is_found(issued: list[Forecast]) -> None:
    Forecast.objects.filter(pk=issued[0].pk).update(entry=None)

    assert message() == "Entry 1: the forecast that it tells of is gone, or belongs to another entry."


@pytest.mark.parametrize("trigger", GUARDED)
def test_a_guard_that_was_taken_away_is_missed(trigger: str, issued: list[Forecast]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {GUARDED[trigger]} DISABLE TRIGGER {trigger}")

    assert message().startswith(f"The trigger {trigger} of {GUARDED[trigger]} is gone or changed")


def test_a_head_noted_outside_tells_of_a_chain_written_anew(issued: list[Forecast]) -> None:
    noted = LedgerEntry.objects.get(number=3).hash

    assert ledger.examine(noted).found is None
    assert str(ledger.examine("e" * 64).found).startswith("No entry has the hash eeee")


def test_a_long_ledger_is_read_in_parts(monkeypatch: pytest.MonkeyPatch, issued: list[Forecast]) -> None:
    monkeypatch.setattr("forecasts.ledger.verifying.CHUNK", 2)

    assert ledger.examine().entries == 5
    Forecast.objects.filter(entry=5).update(stage="training")
    assert message().startswith("Entry 5: ")
