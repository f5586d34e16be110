"""Finding instruments, an instrument's page, and asking for a forecast of it."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from forecasts.models import ForecastRequest, Instrument
from tests.factories import ForecastRequestFactory, InstrumentFactory, bars

ASK = "/instruments/SAMPLE:AAPL/forecasts/"


@pytest.fixture
def apple(db: None) -> Instrument:
    instrument = InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.")
    bars(instrument, 600)
    return instrument


def test_instrument_detail_shows_a_stranger_prices_and_the_way_in(client: Client, apple: Instrument) -> None:
    response = client.get("/instruments/SAMPLE:AAPL/")
    content = response.content.decode()

    assert response.context["bar"].date == date(2013, 3, 1)
    assert "Sample data, ends 2013-03-01" in content
    assert 'href="/accounts/login/?next=/instruments/SAMPLE%3AAAPL/"' in content


def test_instrument_detail_leads_to_the_symbol_as_it_is_stored(client: Client, apple: Instrument) -> None:
    assert client.get("/instruments/sample:aapl/").url == "/instruments/SAMPLE:AAPL/"


@pytest.mark.parametrize("symbol", ["BRK-B", "7203.T", "^GSPC", "EURUSD=X"])
def test_instrument_detail_takes_every_kind_of_symbol(symbol: str, signed_in: Client) -> None:
    InstrumentFactory(yahoo=True, symbol=symbol)

    assert signed_in.get(f"/instruments/{symbol}/").context["instrument"].symbol == symbol


def test_instrument_detail_says_what_is_wrong_with_live_prices(signed_in: Client) -> None:
    error = {"code": "no_network", "message": "Yahoo did not answer.", "remedy": "Try again later."}
    InstrumentFactory(
        yahoo=True, symbol="TST", calendar="weekdays", fetch_error=error, fetched_at=timezone.now()
    )

    content = signed_in.get("/instruments/TST/").content.decode()

    assert "Yahoo did not answer." in content
    assert "Approximate calendar" in content


@pytest.mark.parametrize("symbol", ["TST", "NOSUCH", "UPLOAD:X"])
def test_instrument_pages_lead_a_stranger_to_sign_in_unless_it_is_a_sample(
    symbol: str, client: Client, db: None
) -> None:
    bars(InstrumentFactory(yahoo=True, symbol="TST"))
    path = f"/instruments/{symbol}/".replace(":", "%3A")

    assert client.get(path).url == f"/accounts/login/?next={path}"
    assert client.get(f"{path}chart.json").status_code == 302


def test_instrument_pages_of_an_unknown_sample_name_the_samples(client: Client, apple: Instrument) -> None:
    response = client.get("/instruments/SAMPLE:NOPE/")

    assert response.status_code == 404
    assert "The samples are: SAMPLE:AAPL." in response.content.decode()
    assert client.get("/instruments/SAMPLE:NOPE/chart.json").status_code == 404


def test_instrument_detail_of_an_unknown_symbol_offers_to_fetch_it(signed_in: Client) -> None:
    response = signed_in.get("/instruments/NVDA/")

    assert response.status_code == 404
    assert 'action="/instruments/NVDA/forecasts/"' in response.content.decode()


def test_instrument_pages_of_an_upload_are_its_owners_alone(
    signed_in: Client, as_other: Client, user: User
) -> None:
    bars(InstrumentFactory(upload=True, symbol="UPLOAD:MINE", owner=user))

    for address in ("/instruments/UPLOAD:MINE/", "/instruments/UPLOAD:MINE/chart.json"):
        statuses = [client.get(address).status_code for client in (signed_in, as_other, Client())]
        assert statuses == [200, 404, 302]


def test_instrument_detail_lists_the_readers_forecasts_in_as_many_queries(
    signed_in: Client, user: User, apple: Instrument, queries: Callable[[Client, str], int]
) -> None:
    ForecastRequestFactory(owner=user, forecast__instrument=apple, forecast__succeeded=True)
    ForecastRequestFactory(forecast__instrument=apple)
    one = queries(signed_in, "/instruments/SAMPLE:AAPL/")
    ForecastRequestFactory.create_batch(2, owner=user, forecast__instrument=apple)

    assert queries(signed_in, "/instruments/SAMPLE:AAPL/") == one
    assert len(signed_in.get("/instruments/SAMPLE:AAPL/").context["requests"]) == 3


@pytest.mark.parametrize(
    ("name", "first"),
    [("3m", "2012-11-29"), ("1y", "2012-02-29"), ("all", "2010-11-15"), ("bad", "2012-02-29")],
)
def test_instrument_chart_begins_where_its_range_does(
    name: str, first: str, client: Client, apple: Instrument
) -> None:
    figure = client.get("/instruments/SAMPLE:AAPL/chart.json", {"range": name}).json()

    assert (figure["data"][0]["x"][0], figure["data"][0]["x"][-1]) == (first, "2013-03-01")


def test_forecast_create_asks_and_leads_to_the_forecast(
    signed_in: Client, user: User, apple: Instrument
) -> None:
    sent = {"horizon": "10", "method": "house", "as_of": "2013-01-05"}

    response = signed_in.post(ASK, sent)

    wish = ForecastRequest.objects.for_user(user).get()
    assert response.url == wish.get_absolute_url()
    assert (wish.forecast.horizon, wish.forecast.method, wish.forecast.as_of) == (
        10,
        "house",
        date(2013, 1, 4),
    )


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"horizon": "0", "method": "house"}, "horizon"),
        ({"horizon": "61", "method": "house"}, "horizon"),
        ({"horizon": "", "method": "house"}, "horizon"),
        ({"horizon": "5", "method": "magic"}, "method"),
        ({"horizon": "5", "method": "from-scratch"}, "method"),
        ({"horizon": "5", "method": "house", "as_of": "2013-03-02"}, "as_of"),
        ({"horizon": "5", "method": "house", "as_of": "soon"}, "as_of"),
        ({}, "horizon"),
    ],
)
def test_forecast_create_refuses_beside_the_field(
    sent: dict[str, str], field: str, signed_in: Client, apple: Instrument
) -> None:
    response = signed_in.post(ASK, sent)

    assert response.status_code == 400
    assert field in response.context["form"].errors
    assert ForecastRequest.objects.count() == 0


def test_forecast_create_keeps_nothing_of_a_malformed_symbol(signed_in: Client) -> None:
    response = signed_in.post("/instruments/not a symbol/forecasts/", {"horizon": "5", "method": "house"})

    assert response.status_code == 400
    assert "is not a symbol" in response.content.decode()
    assert Instrument.objects.count() == 0


def test_forecast_create_takes_up_a_symbol_that_is_new(signed_in: Client) -> None:
    response = signed_in.post("/instruments/nvda/forecasts/", {"horizon": "5", "method": "house"})

    assert response.status_code == 302
    assert Instrument.objects.get().symbol == "NVDA"


def test_forecast_create_is_for_those_who_signed_in(client: Client, apple: Instrument) -> None:
    assert client.post(ASK, {"horizon": "5"}).url.startswith("/accounts/login/?next=/instruments/")
    assert ForecastRequest.objects.count() == 0


def test_forecast_create_asked_for_by_a_link_leads_to_the_instrument(
    signed_in: Client, apple: Instrument
) -> None:
    assert signed_in.get(ASK).url == "/instruments/SAMPLE:AAPL/"
