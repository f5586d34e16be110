"""Who works on a forecast: claims by conditional UPDATE, each with a fence of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

if TYPE_CHECKING:
    from forecasts.models.forecasts import Forecast

FINISHED = ("succeeded", "failed", "cancelled")


def _lease_end() -> Any:
    return timezone.now() + timedelta(seconds=settings.FORECAST_LEASE_SECONDS)


class LeaseQuerySet(QuerySet["Forecast"]):
    """Every write of a worker names the fence of its claim; one that lost its claim changes nothing."""

    def claim(self, forecast_id: int) -> Forecast | None:
        """Take a queued forecast, or one whose worker fell silent; None means that somebody else has it."""
        now = timezone.now()
        free = Q(status="queued") | Q(status="running", lease_until__lt=now)
        taken = self.filter(free, pk=forecast_id, attempt__lt=settings.FORECAST_ATTEMPTS).update(
            status="running",
            attempt=F("attempt") + 1,
            fence=F("fence") + 1,
            lease_until=_lease_end(),
            started_at=now,
            error=None,
        )
        return self.select_related("instrument").get(pk=forecast_id) if taken else None

    def held(self, forecast: Forecast) -> LeaseQuerySet:
        """The forecast's row, if this claim still holds it."""
        return self.filter(pk=forecast.pk, status="running", fence=forecast.fence)

    def renew(self, forecast: Forecast) -> bool:
        """Prolong the lease; False means that it was lost or cancelled and the work must stop."""
        return bool(self.held(forecast).update(lease_until=_lease_end()))

    def advance(self, forecast: Forecast, **fields: Any) -> bool:
        """Write where the work stands (stage, progress, loss_history)."""
        return bool(self.held(forecast).update(**fields))

    def hand_over(self, forecast: Forecast) -> bool:
        """Give the row back for its next step; that was progress, so attempts are counted anew.

        Fetching may have raised the instrument's revision: the row then answers the question that is asked
        from now on, unless another row does so already.
        """
        next_step = {
            "status": "queued",
            "stage": "waiting",
            "prices_ready": True,
            "attempt": 0,
            "lease_until": None,
            "rung_at": None,
        }
        try:
            with transaction.atomic():
                revision = forecast.instrument.data_revision
                return bool(self.held(forecast).update(**next_step, data_revision=revision))
        except IntegrityError:
            return bool(self.held(forecast).update(**next_step))

    def give_back(self, forecast: Forecast, error: dict[str, Any]) -> bool:
        """Queue again after a fault that may pass; the sweeper rings for it later."""
        return bool(
            self.held(forecast).update(
                status="queued", stage="waiting", lease_until=None, rung_at=timezone.now(), error=error
            )
        )

    def fail(self, forecast: Forecast, error: dict[str, Any]) -> bool:
        return bool(
            self.held(forecast).update(
                status="failed", error=error, lease_until=None, finished_at=timezone.now()
            )
        )

    def cancel_unwanted(self) -> int:
        """End unfinished forecasts that no live request wants any more."""
        from forecasts.models.forecasts import ForecastRequest

        wanted = ForecastRequest.objects.live().filter(forecast=OuterRef("pk"))
        unwanted = self.exclude(Exists(wanted)).exclude(status__in=FINISHED)
        with transaction.atomic():
            # Somebody may ask just now: their lock keeps a row out, and a second look sees their request.
            locked = list(unwanted.select_for_update(skip_locked=True).values_list("pk", flat=True))
            return unwanted.filter(pk__in=locked).update(
                status="cancelled", lease_until=None, finished_at=timezone.now()
            )

    def silent(self) -> LeaseQuerySet:
        """Running rows whose worker has not renewed its lease: it was killed, or cut off."""
        return self.filter(status="running", lease_until__lt=timezone.now())

    def unanswered(self) -> LeaseQuerySet:
        """Queued rows whose bell nobody has answered for a while, or was never rung."""
        since = timezone.now() - timedelta(seconds=settings.FORECAST_RING_AGAIN_SECONDS)
        return self.filter(Q(rung_at=None) | Q(rung_at__lt=since), status="queued")
