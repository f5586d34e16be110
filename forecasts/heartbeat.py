"""A worker's heartbeat: it renews the lease of the work at hand, and notices when nobody wants it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import DatabaseError, connection

from forecasts.models import Forecast

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

# How often it is asked whether the work is still wanted: cancelling must be felt within two seconds.
LOOK_SECONDS = 0.5
# How often progress is written at most.
WRITE_SECONDS = 0.25


class Pulse:
    """Used with `with`, around work under a claim: renews it, in a thread of its own, until it is lost."""

    def __init__(
        self, name: str, lease_seconds: float, held: Callable[[], bool], renew: Callable[[], bool]
    ) -> None:
        self._renew_every = lease_seconds / 3
        self._held, self._renew = held, renew
        self._lost = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def should_stop(self) -> bool:
        """Whether the claim was lost: nobody wants the work, or another took over after a silence."""
        return self._lost.is_set()

    def _run(self) -> None:
        renewed_at = time.monotonic()
        try:
            while not self._done.wait(LOOK_SECONDS) and not self._lost.is_set():
                due = time.monotonic() - renewed_at >= self._renew_every
                if self._still_ours(renew=due) and due:
                    renewed_at = time.monotonic()
        finally:
            connection.close()

    def _still_ours(self, *, renew: bool) -> bool:
        """Look, or renew; while the database does not answer, only the lease's end can lose the claim."""
        try:
            held = self._renew() if renew else self._held()
        except DatabaseError:
            connection.close()
            return False
        if not held:
            self._lost.set()
        return held


class Heartbeat(Pulse):
    """The pulse of work on a claimed forecast, which also writes where the work stands."""

    def __init__(self, forecast: Forecast) -> None:
        rows = Forecast.objects
        super().__init__(
            f"heartbeat-{forecast.pk}",
            settings.FORECAST_LEASE_SECONDS,
            held=lambda: rows.held(forecast).exists(),
            renew=lambda: rows.renew(forecast),
        )
        self.forecast = forecast
        self._written_at = 0.0

    def report(self, **fields: Any) -> None:
        """Write where the work stands; a change of stage at once, mere progress a few times a second."""
        now = time.monotonic()
        if "stage" not in fields and now - self._written_at < WRITE_SECONDS:
            return
        self._written_at = now
        if not Forecast.objects.advance(self.forecast, **fields):
            self._lost.set()
