"""One person in two windows at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from forecasts.errors import RequestRefused
from forecasts.services import create_watchlist
from forecasts.services import watchlists as service
from tests.factories import UserFactory


@pytest.mark.django_db(transaction=True)
def test_the_last_list_that_fits_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_WATCHLISTS", 3)
    owner, together = UserFactory(), Barrier(6, timeout=20)

    def make(number: int) -> bool:
        together.wait()
        try:
            create_watchlist(owner=owner, name=f"List {number}")
        except RequestRefused:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as windows:
        made = list(windows.map(make, range(6)))

    assert (sum(made), owner.watchlists.count()) == (3, 3)
