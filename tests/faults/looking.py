"""What the tests of faults look at behind the API."""

import os
import signal
from dataclasses import dataclass
from datetime import datetime

import psutil
import redis

from tests.site import Site, wait_for

ROW = """
SELECT status, stage, attempt, fence, started_at, finished_at,
       (SELECT count(*) FROM forecasts_forecastpoint point WHERE point.forecast_id = forecast.id)
FROM forecasts_forecast forecast
WHERE id = (SELECT forecast_id FROM forecasts_forecastrequest WHERE id = %s)
"""
SAME_QUESTION = """
SELECT forecast.status
FROM forecasts_forecast forecast JOIN forecasts_instrument instrument ON instrument.id = instrument_id
WHERE symbol = %s AND method = %s AND horizon = %s
ORDER BY forecast.id
"""
SERIES = 5  # the model and four fast baselines


@dataclass(frozen=True)
class Row:
    """The stored work behind a request; `fence` counts how often a worker has claimed it."""

    status: str
    stage: str
    attempt: int
    fence: int
    started_at: datetime | None
    finished_at: datetime | None
    points: int


def row_of(site: Site, request: str) -> Row:
    (found,) = site.query(ROW, request)
    return Row(*found)


def statuses(site: Site, symbol: str, method: str, horizon: int) -> list[str]:
    """Return the status of each stored work on a question, oldest first; of cancelled and failed ones too."""
    return [status for (status,) in site.query(SAME_QUESTION, symbol, method, horizon)]


def wait_until_training(site: Site, request: str, attempt: int = 1) -> None:
    def look() -> bool:
        row = row_of(site, request)
        return (row.attempt, row.stage) == (attempt, "training")

    wait_for(look, f"training, attempt {attempt}", pause=0.02)


def kill_child(site: Site, worker: str) -> None:
    """End by kill -9 the one process that computes for a worker."""
    (child,) = psutil.Process(site.pids[worker]).children()
    os.kill(child.pid, signal.SIGKILL)


def broker(site: Site) -> redis.Redis:
    return redis.Redis.from_url(site.env["REDIS_URL"])


def lose_messages(site: Site, queue: str) -> int:
    """Delete what lies in a queue and return how many messages that were."""
    key = f"{site.env['KEY_PREFIX']}{queue}"
    with broker(site) as client:
        count = int(client.llen(key))
        client.delete(key)
    return count


def repeat_messages(site: Site, queue: str) -> None:
    """Put what lies in a queue there a second time."""
    key = f"{site.env['KEY_PREFIX']}{queue}"
    with broker(site) as client:
        client.rpush(key, *client.lrange(key, 0, -1))


def wait_until_empty(site: Site, queue: str) -> None:
    """Wait until no message of a queue is left, neither in it nor in a worker's hands."""
    prefix = site.env["KEY_PREFIX"]
    with broker(site) as client:
        wait_for(lambda: not client.llen(f"{prefix}{queue}") and not client.hlen(f"{prefix}unacked"), queue)
