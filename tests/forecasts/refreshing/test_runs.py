"""A wish to look for many at once, and how far it is."""

from datetime import timedelta

import pytest

from forecasts import ingest, refreshing
from forecasts.models import Instrument
from forecasts.refreshing.runs import wished_at
from tests.factories import InstrumentFactory
from tests.forecasts.refreshing.conftest import EVENING, SetClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(clock: SetClock) -> list[Instrument]:
    made: list[Instrument] = InstrumentFactory.create_batch(3, yahoo=True)
    return made


def test_progress_counts_looks_since_the_wish_and_failures_among_them(
    three: list[Instrument], clock: SetClock
) -> None:
    ingest.note_look(three[0].pk)
    clock(EVENING + timedelta(minutes=1))
    run = refreshing.begin_run([row.pk for row in three], "root@example.com")
    clock(EVENING + timedelta(minutes=2))
    ingest.note_look(three[1].pk)
    ingest.note_look(three[2].pk)
    failed_at = (EVENING + timedelta(minutes=2)).isoformat()
    Instrument.objects.filter(pk=three[2].pk).update(fetch_error={"code": "source_failed", "at": failed_at})

    progress = refreshing.progress_of(run)

    assert (progress.done, progress.failed, progress.total, progress.is_over) == (2, 1, 3, False)


def test_a_run_is_over_when_all_have_been_looked_for(three: list[Instrument]) -> None:
    run = refreshing.begin_run([row.pk for row in three], "root@example.com")
    for row in three:
        ingest.note_look(row.pk)

    assert refreshing.progress_of(run).is_over


def test_a_run_is_found_again_by_other_processes(three: list[Instrument]) -> None:
    run = refreshing.begin_run([three[0].pk], "root@example.com")

    assert refreshing.current_run() == run


def test_who_has_been_looked_for_is_wished_for_no_more(three: list[Instrument]) -> None:
    pks = [row.pk for row in three]
    refreshing.begin_run(pks[:2], "root@example.com")
    ingest.note_look(pks[0])

    assert wished_at(pks) == {pks[1]: EVENING}


def test_without_a_run_nothing_is_wished_for(three: list[Instrument]) -> None:
    assert (refreshing.current_run(), wished_at([three[0].pk])) == (None, {})
