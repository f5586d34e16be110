"""An import that is killed at any moment, and run again, ends as one that was not."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.forecasts.importing.panel_files import history, write_parquet
from tests.site import PROJECT, given_services, own_database, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SYMBOLS, SESSIONS = 60, 4000
CONTENT = """
SELECT count(*), md5(string_agg(concat_ws(
    ',', symbol, date, open, high, low, close, adj_close, volume, state, bar.source, data_revision
), ';' ORDER BY symbol, date))
FROM forecasts_pricebar AS bar JOIN forecasts_instrument AS instrument ON instrument.id = instrument_id
"""
INSTRUMENT = """
INSERT INTO forecasts_instrument
    (symbol, source, name, kind, currency, exchange, timezone, calendar, data_revision)
VALUES (%s, 'yahoo', '', 'equity', '', '', '', 'XNYS', 1)
"""
STORED = "SELECT count(*) FROM forecasts_pricebar"
CONNECTED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%import_row%'"
)
# Both of an import's connections have come to an instrument that somebody else holds.
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'
"""


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with own_database(given_services().database_url, f"test_stockcast_{os.getpid()}_imports") as url:
        manage(url, "migrate", "--verbosity", "0").communicate()
        yield url


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [line for n in range(SYMBOLS) for line in history(f"S{n}", SESSIONS, scale=1 + n / 7)]
    return write_parquet(tmp_path_factory.mktemp("panel") / "panel.parquet", rows, row_group_size=50_000)


def manage(url: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "manage.py", *arguments]
    environment = os.environ | {"DATABASE_URL": url}
    return subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)


def ask(url: str, statement: str) -> tuple[int, ...]:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement).fetchone()
    assert found
    return found


def imported(url: str, panel: Path) -> tuple[int, ...]:
    """Import to the end, and return count and hash of what is stored."""
    process = manage(url, "import_prices", str(panel))
    process.communicate()
    assert process.returncode == 0
    return ask(url, CONTENT)


@pytest.fixture(scope="module")
def expected(database: str, panel: Path) -> tuple[int, ...]:
    return imported(database, panel)


@contextmanager
def barred(url: str, symbols: Sequence[str]) -> Iterator[None]:
    """Hold instruments, so that an import cannot get beyond them."""
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE forecasts_instrument CASCADE")
        for symbol in symbols:
            connection.execute(INSTRUMENT, (symbol,))
        connection.commit()
        connection.execute("SELECT FROM forecasts_instrument FOR UPDATE")
        yield


def barriers(place: int) -> list[str]:
    """Return the symbols that each of the import's two connections comes to after `place` others."""
    return [sorted(f"S{n}" for n in range(share, SYMBOLS, 2))[place] for share in range(2)]


@pytest.mark.parametrize(
    ("statement", "count", "place", "stored"),
    [
        (CONNECTED, 1, 0, 0),
        (WAITING, 2, 0, 0),
        (WAITING, 2, 15, SYMBOLS * SESSIONS // 4),
        (WAITING, 2, SYMBOLS // 2 - 1, SYMBOLS * SESSIONS // 2),
    ],
)
def test_a_killed_import_is_completed_by_the_next(
    database: str, panel: Path, expected: tuple[int, ...], statement: str, count: int, place: int, stored: int
) -> None:
    with barred(database, barriers(place)):
        process = manage(database, "import_prices", str(panel))
        wait_for(lambda: ask(database, statement)[0] >= count or None, "the import is so far", pause=0.01)

        process.kill()
        process.communicate()
        half = ask(database, STORED)[0]

    assert stored <= half < SYMBOLS * SESSIONS
    assert imported(database, panel) == expected == (SYMBOLS * SESSIONS, expected[1])
