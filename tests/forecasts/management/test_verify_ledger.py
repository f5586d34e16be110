"""manage.py verify_ledger: what it says, and how it ends."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from forecasts import ledger
from forecasts.models import Forecast, LedgerEntry
from tests.factories import ForecastFactory

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_ledger", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def issued() -> list[Forecast]:
    made: list[Forecast] = ForecastFactory.create_batch(2, succeeded=True, horizon=1)
    for forecast in made:
        ledger.enter_issued(forecast)
    return made


def test_a_whole_ledger_is_said_to_be_whole(issued: list[Forecast]) -> None:
    head = LedgerEntry.objects.get(number=2).hash

    said = run("--expect", LedgerEntry.objects.get(number=1).hash.upper())

    assert said.splitlines()[0] == f"2 entries fit, the last with the hash {head}."
    assert "The ledger is whole." in said


def test_an_empty_ledger_is_whole() -> None:
    assert run().startswith(f"0 entries fit, the last with the hash {'0' * 64}.")


def test_a_break_is_named_and_is_an_error(issued: list[Forecast]) -> None:
    Forecast.objects.filter(pk=issued[1].pk).update(trust="worse_than_naive")

    with pytest.raises(CommandError, match=r"The ledger is broken\. Entry 2: of forecast .*: trust\."):
        run()


def test_a_chain_that_was_written_anew_lacks_the_noted_hash(issued: list[Forecast]) -> None:
    with pytest.raises(CommandError, match="No entry has the hash dead"):
        run("--expect", "dead" * 16)


@pytest.mark.django_db(transaction=True)
def test_it_reads_one_moment_and_writes_nothing(issued: list[Forecast]) -> None:
    assert run().endswith("next time.\n")
    Forecast.objects.filter(pk=issued[0].pk).update(shown="naive")

    with pytest.raises(CommandError, match="Entry 1: "):
        run()
