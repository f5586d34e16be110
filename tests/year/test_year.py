"""A year of three people's schedules, alerts and digests, with workers that die at random all the while."""

import random
from collections import Counter

import pytest
from django.test import Client

from accounts.models import User
from tests.year import expected, oracle
from tests.year.history import YEAR
from tests.year.site import Simulation
from tests.year.workers import Deaths

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_year_leaves_nothing_out_and_counts_nothing_twice(simulation: Simulation, client: Client) -> None:
    """Every wish, score, figure, alert and letter of the year, beside what each must be."""
    deaths = simulation.workers.deaths = Deaths(every=25, chance=random.Random(5))

    simulation.live(YEAR)
    simulation.settle()

    assert deaths.count > 50
    assert expected.forecasts(simulation) == Counter(expected.forecasts_made())
    scores = oracle.scored()
    expected.check_scores(scores)
    expected.check_records(scores)
    client.force_login(User.objects.get(email="ada@example.com"))
    expected.check_page(client, scores)
    expected.check_ledger()
    assert expected.outside_bands(simulation) == expected.told("outside_band")
    assert expected.ready() == expected.told("forecast_ready")
    expected.check_letters()
