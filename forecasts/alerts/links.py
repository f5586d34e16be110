"""Where alerts lead: to the owner's own page of the forecast, or to the instrument's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from forecasts.models import ForecastRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from forecasts.models import Alert


def paths_of(alerts: Sequence[Alert]) -> dict[UUID, str]:
    """Return the paths of the pages that alerts are about, by alert: one query however many there are."""
    mine = ForecastRequest.objects.live().filter(
        owner__in={alert.owner_id for alert in alerts},
        forecast__in={alert.forecast_id for alert in alerts if alert.forecast_id},
    )
    requests = {
        (owner, forecast): pk for owner, forecast, pk in mine.values_list("owner_id", "forecast_id", "pk")
    }
    paths = {}
    for alert in alerts:
        request = requests.get((alert.owner_id, alert.forecast_id or 0))
        paths[alert.pk] = (
            reverse("forecasts:forecast_detail", args=[request])
            if request
            else reverse("forecasts:instrument_detail", args=[alert.instrument.symbol])
        )
    return paths


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
