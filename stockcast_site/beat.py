"""What the scheduler rings for, and how often. A message nobody took by the next one is dropped."""

from typing import Any

from celery.schedules import crontab


def _every(seconds: float, task: str, queue: str = "io") -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": seconds, "queue": queue}}


def _nightly(hour: int, task: str) -> dict[str, Any]:
    """Once a day (UTC), at low priority: what is to be done then, if anything, is found from rows."""
    options = {"expires": 12 * 3600, "queue": "evidence"}
    return {"task": task, "schedule": crontab(hour=hour, minute=0), "options": options}


SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": _every(5.0, "forecasts.sweep"),
    "refresh": _every(60.0, "forecasts.refresh_due"),
    "schedules": _every(60.0, "forecasts.schedule_due"),
    "deliver": _every(15.0, "forecasts.deliver_due"),
    "score": _every(60.0, "forecasts.score_due", "evidence"),
    "records": _every(60.0, "forecasts.update_records", "evidence"),
    "judge": _nightly(2, "forecasts.judge_challenger"),
    "retrain": _nightly(3, "forecasts.retrain_monthly"),
    "alerts": _every(60.0, "forecasts.raise_alerts"),
    "digests": _every(60.0, "forecasts.send_digests"),
}
