"""The evening of the session that tests judge."""

from collections.abc import Iterator

import pytest
import time_machine
from time_machine import Traveller

from tests.forecasts.alerts.made import EVENING


@pytest.fixture
def evening(db: None) -> Iterator[Traveller]:
    """Time stands still until it is moved."""
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller
