"""What the scheduler rings for, and how often. A message nobody took by the next one is dropped."""

from typing import Any


def _every(seconds: float, task: str, queue: str = "io") -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": seconds, "queue": queue}}


SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": _every(5.0, "forecasts.sweep"),
    "refresh": _every(60.0, "forecasts.refresh_due"),
}
