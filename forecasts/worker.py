"""What a worker process does before its first task. Celery imports this (`CELERY_IMPORTS`)."""

import os
from typing import Any

from celery.signals import celeryd_after_setup, worker_process_init

COMPUTING_QUEUES = {"house", "training"}
# What nobody waits for yields to what somebody does, and has no threads but one.
PATIENT_QUEUES, PATIENCE = {"evidence"}, 15


@celeryd_after_setup.connect
def remember_queues(instance: Any, **_: Any) -> None:
    """Note, before any child is forked, whether this worker computes forecasts."""
    consumed = set(instance.app.amqp.queues.consume_from)
    instance.app.conf.stockcast_computes = bool(consumed & COMPUTING_QUEUES)
    instance.app.conf.stockcast_yields = consumed == PATIENT_QUEUES


@worker_process_init.connect
def warm_up(**_: Any) -> None:
    """Load the engine in the child: a torch operation in the parent, before the fork, would hang it."""
    from stockcast_site.celery import app

    if app.conf.get("stockcast_computes"):
        from forecasts import pipeline

        pipeline.warm()
    if app.conf.get("stockcast_yields"):
        os.nice(PATIENCE)
        os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported, by the first task
