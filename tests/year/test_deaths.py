"""The same weeks twice: once with workers that die at random, once with none that does."""

import random

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command

from tests.year.deeds import everything
from tests.year.history import YEAR
from tests.year.site import start
from tests.year.workers import Deaths, Workers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

DAYS = YEAR[:25]


def test_workers_that_die_change_nothing_in_the_end(workers: Workers) -> None:
    undisturbed = _live(workers)
    _forget()
    workers.deaths = Deaths(every=6, chance=random.Random(11))

    disturbed = _live(workers)

    assert workers.deaths.count > 50
    for name, rows in undisturbed.items():
        assert rows, name
        assert disturbed[name] == rows, name


def _live(workers: Workers) -> dict[str, object]:
    with time_machine.travel(0, tick=False) as clock:
        simulation = start(workers, clock, DAYS[0])
        simulation.live(DAYS)
        simulation.settle()
        return everything()


def _forget() -> None:
    call_command("flush", interactive=False, verbosity=0)
    cache.delete("alerts:looked")
    mail.outbox.clear()
