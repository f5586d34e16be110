"""A pytest plugin, loaded before any settings: a test run's own services, database and key prefix.

With DATABASE_URL and REDIS_URL set those servers are used, else the embedded ones are leased for the run. A
site on the same servers goes on undisturbed: nothing is flushed, and every name holds the process's id.
"""

import atexit
import contextlib
import os
import tempfile

from stockcast_site import devstack

_leases = contextlib.ExitStack()


def _prepare() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # the controller holds the lease, and its environment came along
    services = _leases.enter_context(devstack.lease())
    atexit.register(_leases.close)
    if services is not None:
        os.environ["DATABASE_URL"] = services.database_url
        os.environ["REDIS_URL"] = services.redis_url
    # One thread for torch: two are far slower on a machine that is busy with other tests.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    run = f"test_stockcast_{os.getpid()}"
    os.environ.update(
        KEY_PREFIX=f"{run}:",
        SECRET_KEY="only for tests",
        STOCKCAST_READ_DOTENV="0",
        STATIC_ROOT=_leases.enter_context(tempfile.TemporaryDirectory(prefix=run)),
    )


_prepare()
