"""Slow baselines come by themselves, from a worker that yields to all others."""

from collections.abc import Iterator

import psutil
import pytest

from ml_engine.baselines import slow_baselines
from tests.site import Person, Site, given_services, newcomer, running_site, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def thorough_site() -> Iterator[Site]:
    with running_site(given_services(), "evidence", SLOW_BASELINES="1") as started:
        yield started


@pytest.fixture
def eve(thorough_site: Site) -> Person:
    return newcomer(thorough_site, "eve@example.com")


def test_slow_baselines_join_after_the_forecast(thorough_site: Site, eve: Person) -> None:
    request = eve.ask("SAMPLE:IBM", "house")
    issued = eve.wait_for(request)
    (child,) = psutil.Process(thorough_site.pids["evidence"]).children()

    def is_complete() -> bool:
        return bool(eve.forecast(request)["evaluation"]["slow_baselines"] == "done")

    wait_for(is_complete, "the slow baselines", seconds=400, pause=1)

    after = eve.forecast(request)
    named = {row["method"] for row in after["evaluation"]["metrics"]}
    assert set(slow_baselines()) <= named
    assert set(slow_baselines()) <= {row["reference"] for row in after["evaluation"]["skill"]}
    assert {key: after[key] for key in ("points", "trust", "verdict", "shown")} == {
        key: issued[key] for key in ("points", "trust", "verdict", "shown")
    }
    assert child.nice() >= 15
