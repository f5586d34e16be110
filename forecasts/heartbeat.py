"""A worker's heartbeat: it renews the lease of the forecast at hand, and notices when nobody wants it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import DatabaseError, connection

from forecasts.models import Forecast

if TYPE_CHECKING:
    from types import TracebackType

# How often it is asked whether the work is still wanted: cancelling must be felt within two seconds.
LOOK_SECONDS = 0.5
# How often progress is written at most.
WRITE_SECONDS = 0.25


class Heartbeat:
    """Used with `with`, around the work on a claimed forecast; the look-outs run in a thread of their own."""

    def __init__(self, forecast: Forecast) -> None:
        self.forecast = forecast
        self._lost = threading.Event()
        self._done = threading.Event()
        self._written_at = 0.0
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{forecast.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def should_stop(self) -> bool:
        """Whether the claim was lost: cancelled by all, or taken over after a silence."""
        return self._lost.is_set()

    def report(self, **fields: Any) -> None:
        """Write where the work stands; a change of stage at once, mere progress a few times a second."""
        now = time.monotonic()
        if "stage" not in fields and now - self._written_at < WRITE_SECONDS:
            return
        self._written_at = now
        if not Forecast.objects.advance(self.forecast, **fields):
            self._lost.set()

    def _run(self) -> None:
        renew_every = settings.FORECAST_LEASE_SECONDS / 3
        renewed_at = time.monotonic()
        try:
            while not self._done.wait(LOOK_SECONDS) and not self._lost.is_set():
                due = time.monotonic() - renewed_at >= renew_every
                if self._still_ours(renew=due) and due:
                    renewed_at = time.monotonic()
        finally:
            connection.close()

    def _still_ours(self, *, renew: bool) -> bool:
        """Look, or renew; while the database does not answer, only the lease's end can lose the claim."""
        rows = Forecast.objects
        try:
            held = rows.renew(self.forecast) if renew else rows.held(self.forecast).exists()
        except DatabaseError:
            connection.close()
            return False
        if not held:
            self._lost.set()
        return held
