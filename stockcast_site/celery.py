"""The Celery application. Queues: `house` and `training` compute, `io` fetches and sweeps.

`evidence` and `prices` are for what nobody waits for: slow baselines, and prices of what people watch.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcast_site.settings")

app = Celery("stockcast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["forecasts"])


@heartbeat_sent.connect
@worker_ready.connect
def _say_alive(**_: Any) -> None:
    """Tell `/readyz` that a worker lives; a broker that is down is found out there by itself."""
    from django.core.cache import cache

    from stockcast_site.health import WORKER_SEEN_KEY, WORKER_SEEN_SECONDS

    cache.set(WORKER_SEEN_KEY, "alive", WORKER_SEEN_SECONDS)
