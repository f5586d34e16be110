"""Which scheduled forecasts are due, and asking for them as their owners would.

`planning` writes down what is due after each close, `releasing` asks for what has become due. Rows are the
truth: a round that is missed, doubled or killed does no harm.
"""

from __future__ import annotations

from django.utils import timezone

from forecasts.models import DueForecast
from forecasts.scheduling.planning import plan
from forecasts.scheduling.releasing import release

__all__ = ["plan", "release", "schedule_due"]


def schedule_due() -> None:
    """Do one round, and delete what was settled long ago; the scheduler rings for one each minute."""
    now = timezone.now()
    plan(now)
    release(now)
    DueForecast.objects.prune()
