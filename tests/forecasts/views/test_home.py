"""The first page and the methodology."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from forecasts.models import Forecast, ForecastRequest
from tests.factories import ForecastFactory, ForecastRequestFactory, InstrumentFactory, WatchlistFactory, bars


@pytest.mark.django_db
def test_home_tells_a_stranger_what_it_is(client: Client) -> None:
    response = client.get("/")

    assert response.status_code == 200
    assert response.templates[0].name == "forecasts/landing.html"
    assert response.context["forecast"] is None


@pytest.fixture
def shown(db: None) -> ForecastRequest:
    instrument = InstrumentFactory(symbol="SAMPLE:AAPL")
    bars(instrument)
    return ForecastRequestFactory(owner=None, forecast__instrument=instrument, forecast__succeeded=True)


def test_home_draws_the_sites_own_sample_forecast(client: Client, shown: ForecastRequest) -> None:
    response = client.get("/")
    figure = client.get("/sample/chart.json").json()

    assert response.context["forecast"] == shown.forecast
    assert 'data-chart-url="/sample/chart.json"' in response.content.decode()
    assert "Model median" in [trace["name"] for trace in figure["data"]]


@pytest.mark.parametrize(
    "other",
    [
        {"horizon": 5, "succeeded": True},
        {"method": "fine-tuned", "succeeded": True},
        {"as_of": date(2010, 6, 1), "succeeded": True},
        {"failed": True},
        {"instrument__symbol": "SAMPLE:IBM", "succeeded": True},
    ],
    ids=str,
)
def test_home_keeps_its_forecast_whatever_else_is_asked_from_a_terminal(
    other: dict[str, Any], client: Client, shown: ForecastRequest
) -> None:
    given = {} if "instrument__symbol" in other else {"instrument": shown.forecast.instrument}
    traits = {f"forecast__{name}": value for name, value in {**given, **other}.items()}
    ForecastRequestFactory(owner=None, **traits)

    assert client.get("/").context["forecast"] == shown.forecast


def test_home_draws_the_forecast_from_the_latest_session(client: Client, shown: ForecastRequest) -> None:
    later = ForecastRequestFactory(
        owner=None,
        forecast__instrument=shown.forecast.instrument,
        forecast__as_of=date(2013, 3, 4),
        forecast__succeeded=True,
    )

    assert client.get("/").context["forecast"] == later.forecast


@pytest.mark.django_db
def test_home_shows_no_forecast_of_somebody_or_of_live_prices(client: Client) -> None:
    ForecastRequestFactory(forecast__succeeded=True)
    ForecastRequestFactory(
        owner=None, forecast__instrument=InstrumentFactory(yahoo=True), forecast__succeeded=True
    )

    assert client.get("/").context["forecast"] is None
    assert client.get("/sample/chart.json").status_code == 404


def test_home_lists_the_readers_watchlists_alone(signed_in: Client, user: User, other: User) -> None:
    mine = WatchlistFactory(owner=user, name="Mine", instruments=[InstrumentFactory()])
    WatchlistFactory(owner=other, name="Theirs")

    response = signed_in.get("/")

    assert [listed.watchlist for listed in response.context["lists"]] == [mine]
    assert "Theirs" not in response.content.decode()


def test_home_begins_with_a_watchlist(signed_in: Client) -> None:
    assert "Begin with a watchlist" in signed_in.get("/").content.decode()


def test_home_shows_ten_of_a_list_and_says_how_many_more(signed_in: Client, user: User) -> None:
    WatchlistFactory(owner=user, instruments=InstrumentFactory.create_batch(12))

    (listed,) = signed_in.get("/").context["lists"]

    assert (len(listed.rows), listed.more) == (10, 2)


def test_home_asks_as_often_for_three_rows_as_for_one(
    signed_in: Client, user: User, queries: Callable[[Client, str], int]
) -> None:
    _watched(user)
    one = queries(signed_in, "/")
    _watched(user)
    _watched(user)

    assert queries(signed_in, "/") == one


def _watched(user: User) -> Forecast:
    instrument = InstrumentFactory()
    bars(instrument)
    WatchlistFactory(owner=user, instruments=[instrument])
    ForecastRequestFactory(owner=user, forecast__instrument=instrument)
    return ForecastFactory(instrument=instrument, succeeded=True)


@pytest.mark.django_db
def test_methodology_is_for_everybody(client: Client) -> None:
    assert "What it cannot do" in client.get("/methodology/").content.decode()


@pytest.mark.django_db
def test_a_page_that_is_not_there_says_so(client: Client) -> None:
    response = client.get("/nothing/")

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
