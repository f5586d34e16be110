from datetime import date

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from forecasts import services
from forecasts.models import Forecast, ForecastRequest


@pytest.mark.django_db
def test_loading_the_sample_again_costs_two_look_ups(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    call_command("load_sample", verbosity=0)

    with django_assert_num_queries(2) as captured:
        call_command("load_sample", verbosity=0)

    assert all(query["sql"].startswith("SELECT") for query in captured.captured_queries)


def wishes() -> list[tuple[str, str, int]]:
    rows = ForecastRequest.objects.order_by("created_at").values_list(
        "forecast__status", "forecast__method", "forecast__horizon"
    )
    return [(status, method, horizon) for status, method, horizon in rows]


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_loading_the_sample_asks_again_when_the_forecast_came_to_nothing(status: str) -> None:
    call_command("load_sample", verbosity=0)
    Forecast.objects.update(status=status)

    call_command("load_sample", verbosity=0)

    assert wishes() == [(status, "house", 20), ("queued", "house", 20)]


@pytest.mark.django_db
def test_loading_the_sample_asks_again_when_the_request_was_withdrawn() -> None:
    call_command("load_sample", verbosity=0)
    services.cancel_forecast(request=ForecastRequest.objects.get())

    call_command("load_sample", verbosity=0)

    assert wishes() == [("cancelled", "house", 20), ("queued", "house", 20)]


@pytest.mark.django_db
def test_a_replay_does_not_stand_for_the_landing_pages_forecast() -> None:
    call_command("load_sample", verbosity=0)
    ForecastRequest.objects.all().delete()
    services.request_forecast(
        owner=None, question=services.Question("SAMPLE:AAPL", method="house", as_of=date(2010, 6, 1))
    )

    call_command("load_sample", verbosity=0)

    assert ForecastRequest.objects.filter(forecast__as_of=date(2013, 3, 1)).count() == 1
