"""What machines ask of the site."""

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from stockcast_site.health import WORKER_SEEN_KEY
from tests.factories import ForecastFactory


def test_alive_needs_nothing(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_ready_with_database_broker_and_worker(client: Client) -> None:
    cache.set(WORKER_SEEN_KEY, "alive", 30)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "problems": {}})


@pytest.mark.django_db
def test_not_ready_names_what_is_missing(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert list(answer.json()["problems"]) == ["worker"]


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_metrics_do_not_exist_for_strangers(
    client: Client, settings: Settings, headers: dict[str, str]
) -> None:
    settings.METRICS_TOKEN = "right"

    assert client.get("/metrics", headers=headers).status_code == 404


def test_metrics_do_not_exist_without_a_token_set(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
def test_metrics_count_the_forecasts(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "right"
    ForecastFactory()
    ForecastFactory(failed=True)

    text = client.get("/metrics", headers={"Authorization": "Bearer right"}).content.decode()

    assert 'stockcast_forecasts{status="queued"} 1.0' in text
    assert 'stockcast_forecasts{status="failed"} 1.0' in text
    assert 'stockcast_forecasts{status="running"} 0.0' in text
