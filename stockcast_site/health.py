"""What machines ask of the site: is it alive, can it serve, and its figures for Prometheus."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from redis import Redis

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

# Set by a worker's heartbeat signal (see stockcast_site.celery); gone when all workers are.
WORKER_SEEN_KEY = "worker-seen"
WORKER_SEEN_SECONDS = 30


def alive(_request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process serves at all."""
    return HttpResponse("alive\n", content_type="text/plain")


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return None


def _broker() -> str | None:
    with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as client:
        client.ping()
    return None


def _worker() -> str | None:
    return None if cache.get(WORKER_SEEN_KEY) else "no worker has been heard of; start one with celery"


def _problem(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except Exception as error:  # whatever is wrong with a service, the answer is a sentence and 503
        return f"{type(error).__name__}: cannot be reached"


def ready(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, broker and a worker are there, else 503 naming what is missing."""
    problems = {
        name: problem
        for name, check in (("database", _database), ("broker", _broker), ("worker", _worker))
        if (problem := _problem(check))
    }
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)


def _may_see_metrics(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(
        given.encode(), settings.METRICS_TOKEN.encode()
    )


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with Prometheus text to who brings METRICS_TOKEN; to all others this page does not exist."""
    if not _may_see_metrics(request):
        return HttpResponse("Not found\n", status=404, content_type="text/plain")
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    _gather(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _gather(registry: CollectorRegistry) -> None:
    """Read the figures from the rows: they are of the whole site, whichever process answers."""
    from prometheus_client import Gauge

    from forecasts.models import Forecast

    forecasts = Gauge("stockcast_forecasts", "Forecasts by status.", ["status"], registry=registry)
    counts = dict(Forecast.objects.values_list("status").annotate(Count("pk")))
    for status in Forecast.Status.values:
        forecasts.labels(status).set(counts.get(status, 0))
    waiting = Gauge("stockcast_longest_wait_seconds", "Age of the oldest queued forecast.", registry=registry)
    oldest = Forecast.objects.filter(status="queued").aggregate(oldest=Min("created_at"))["oldest"]
    waiting.set((timezone.now() - oldest).total_seconds() if oldest else 0.0)
