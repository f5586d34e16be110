"""A site that notices faults soon, with a broker of its own to stop, and a stock slow to train on."""

from collections.abc import Iterator

import pytest

from tests.site import Person, Site, given_services, newcomer, running_site

# A history so long that training on it takes many times longer than the tests need to step in.
SLOW = "SAMPLE:SLOW"
SLOW_SESSIONS = 30_000
MAKE_SLOW = """
WITH made AS (
    INSERT INTO forecasts_instrument (
        symbol, source, name, kind, currency, exchange, timezone, calendar, data_revision
    )
    VALUES (%s, 'sample', 'Slow Incorporated', 'equity', 'USD', 'NMS', '', 'XNYS', 1)
    RETURNING id
), prices AS (
    SELECT date '2013-03-01' - (%s - n) AS day, 100 * exp(0.4 * sin(n / 211.0) + 0.03 * sin(n * n)) AS price
    FROM generate_series(1, %s) AS n
)
INSERT INTO forecasts_pricebar (instrument_id, date, open, high, low, close, adj_close, volume)
SELECT id, day, price, price * 1.01, price * 0.99, price, price, 1e6 FROM made, prices
"""


@pytest.fixture(scope="session")
def frail_site() -> Iterator[Site]:
    settings = {"FORECAST_LEASE_SECONDS": "5", "FORECAST_RING_AGAIN_SECONDS": "3"}
    with running_site(given_services(), "faults", own_broker=True, **settings) as started:
        started.query(MAKE_SLOW, SLOW, SLOW_SESSIONS, SLOW_SESSIONS)
        yield started


@pytest.fixture(scope="session")
def ada(frail_site: Site) -> Person:
    return newcomer(frail_site, "ada@example.com")


@pytest.fixture(scope="session")
def bob(frail_site: Site) -> Person:
    return newcomer(frail_site, "bob@example.com")
