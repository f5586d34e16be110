"""A database of a benchmark's own beside a site's, with the real tables, dropped at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from stockcast_site import devstack
from tests.site import forget_keys, own_database

PROJECT = Path(__file__).resolve().parents[1]
T = TypeVar("T")


@contextmanager
def scratch_site(kind: str) -> Iterator[str]:
    """Yield the URL of a migrated database; the environment names it, and a key prefix of its own."""
    name = f"benchmark_stockcast_{os.getpid()}_{kind}"
    with devstack.lease() as leased:
        services = leased or devstack.read_services()
        if services is None:
            raise SystemExit("There is no database or no broker; see docs/running.md.")
        with own_database(services.database_url, name) as url:
            os.environ.update(
                DATABASE_URL=url,
                REDIS_URL=services.redis_url,
                KEY_PREFIX=f"{name}:",
                SECRET_KEY="only for benchmarks",
                STOCKCAST_READ_DOTENV="0",
                DJANGO_SETTINGS_MODULE="stockcast_site.settings",
            )
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, cwd=PROJECT, check=True)
            try:
                yield url
            finally:
                forget_keys(services.redis_url, f"{name}:")


def in_fresh_process(work: Callable[..., T], *arguments: object) -> T:
    """Call a module's function in a new interpreter, so that nothing is loaded and no memory is used yet."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(work, *arguments).result()
