"""`instruments/`."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import Instrument
from tests.factories import InstrumentFactory, bars

LIST = "/api/v1/instruments/"


@pytest.fixture
def apple(db: None) -> Instrument:
    apple = InstrumentFactory(symbol="SAMPLE:AAPL", name="Apple Inc.")
    bars(apple, closes=[99.0, 101.0, 100.0])
    return apple


def symbols(api: APIClient, query: str = "") -> list[str]:
    return [row["symbol"] for row in api.get(LIST + query).json()["results"]]


def test_instrument_detail_describes_it(api: APIClient, apple: Instrument) -> None:
    body = api.get(f"{LIST}SAMPLE:AAPL/").json()

    assert body == {
        "symbol": "SAMPLE:AAPL",
        "name": "Apple Inc.",
        "source": "sample",
        "kind": "equity",
        "currency": "USD",
        "exchange": "NMS",
        "timezone": "",
        "calendar": "XNYS",
        "calendar_is_approximate": False,
        "data_revision": 1,
        "first_session": "2013-02-27",
        "last_session": "2013-03-01",
        "fetched_at": None,
        "error": None,
    }


@pytest.mark.parametrize("symbol", ["BRK-B", "7203.T", "^GSPC", "EURUSD=X", "SAMPLE:AAPL"])
def test_instrument_detail_takes_every_shape_of_symbol_in_any_case(api: APIClient, symbol: str) -> None:
    Instrument.objects.filter(symbol=symbol).delete()
    InstrumentFactory(symbol=symbol, source="yahoo")

    assert api.get(f"{LIST}{symbol.lower()}/").json()["symbol"] == symbol


@pytest.mark.parametrize("symbol", ["SAMPLE:NONE", "MSFT", "%00", "%F0%9F%92%A9", "a" * 300])
def test_instrument_detail_of_an_unknown_symbol_is_404_in_words(api: APIClient, symbol: str) -> None:
    response = api.get(f"{LIST}{symbol}/")

    assert response.status_code == 404
    (error,) = response.json()["errors"]
    assert error["code"] == "not_found"
    assert error["detail"].endswith(".")


def test_instrument_list_finds_by_symbol_and_by_name(api: APIClient, apple: Instrument) -> None:
    bars(InstrumentFactory(symbol="SAMPLE:IBM", name="International Business Machines"))

    assert symbols(api) == ["SAMPLE:AAPL", "SAMPLE:IBM"]
    assert symbols(api, "?q=aap") == ["SAMPLE:AAPL"]
    assert symbols(api, "?q=business") == ["SAMPLE:IBM"]
    assert symbols(api, "?q=nothing") == []


def test_instrument_list_drops_what_cannot_be_printed(api: APIClient, apple: Instrument) -> None:
    assert symbols(api, "?q=%00aa%07pl") == symbols(api, "?q=%00") == ["SAMPLE:AAPL"]


def test_instrument_list_leaves_out_what_has_no_prices(api: APIClient) -> None:
    InstrumentFactory(yahoo=True)

    assert symbols(api) == []


def test_instrument_list_takes_the_same_queries_at_one_row_and_at_three(
    apple: Instrument, count_queries: Callable[[str], int]
) -> None:
    at_one = count_queries(LIST)
    for _ in range(2):
        bars(InstrumentFactory())

    assert count_queries(LIST) == at_one


def test_uploads_are_their_owners_alone(api: APIClient, other_api: APIClient, user: User) -> None:
    bars(InstrumentFactory(upload=True, symbol="UPLOAD:MINE", owner=user))

    assert symbols(api) == ["UPLOAD:MINE"]
    assert symbols(other_api) == []
    for address in (f"{LIST}UPLOAD:MINE/", f"{LIST}UPLOAD:MINE/bars/"):
        assert api.get(address).status_code == 200
        assert other_api.get(address).status_code == 404


@pytest.mark.parametrize("address", ["", "SAMPLE:AAPL/", "SAMPLE:AAPL/bars/"])
def test_nobody_is_asked_to_sign_in(nobody: APIClient, apple: Instrument, address: str) -> None:
    response = nobody.get(LIST + address)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"


def test_bars_come_by_rising_date(api: APIClient, apple: Instrument) -> None:
    body = api.get(f"{LIST}SAMPLE:AAPL/bars/").json()

    assert [(row["date"], row["close"]) for row in body["results"]] == [
        ("2013-02-27", 99.0),
        ("2013-02-28", 101.0),
        ("2013-03-01", 100.0),
    ]
    assert (body["count"], body["next"]) == (3, None)
    assert body["results"][-1] == {
        "date": "2013-03-01",
        "open": 100.0,
        "high": 101.0,
        "low": 99.0,
        "close": 100.0,
        "adj_close": 100.0,
        "volume": 1_000_000.0,
        "is_final": True,
        "state": "final",
        "source": "",
        "fetched_at": body["results"][-1]["fetched_at"],
    }


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("?from=2013-02-28", ["2013-02-28", "2013-03-01"]),
        ("?to=2013-02-28", ["2013-02-27", "2013-02-28"]),
        ("?from=2013-02-28&to=2013-02-28", ["2013-02-28"]),
        ("?from=2020-01-01", []),
        ("?limit=1&offset=1", ["2013-02-28"]),
    ],
)
def test_bars_can_be_had_in_part(api: APIClient, apple: Instrument, query: str, days: list[str]) -> None:
    rows = api.get(f"{LIST}SAMPLE:AAPL/bars/{query}").json()["results"]

    assert [row["date"] for row in rows] == days


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?from=yesterday", "from"),
        ("?to=2013-02-30", "to"),
        ("?from=2013-03-01&to=2013-02-01", "from"),
    ],
)
def test_bars_of_bad_days_are_refused(api: APIClient, apple: Instrument, query: str, field: str) -> None:
    response = api.get(f"{LIST}SAMPLE:AAPL/bars/{query}")

    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [field]


def test_instruments_cannot_be_written(api: APIClient, apple: Instrument) -> None:
    for method in (api.post, api.put):
        assert method(f"{LIST}SAMPLE:AAPL/").status_code == 405
    assert api.delete(f"{LIST}SAMPLE:AAPL/").status_code == 404  # only an upload of one's own goes
    assert Instrument.objects.filter(pk=apple.pk).exists()
