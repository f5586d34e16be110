"""`instruments/search/`."""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from forecasts import symbols
from forecasts.market_data.base import Match
from tests.factories import InstrumentFactory, bars
from tests.forecasts.api.conftest import client_for
from tests.forecasts.listed import Search

ADDRESS = "/api/v1/instruments/search/"


def test_a_search_is_complete_once_the_source_has_answered(api: APIClient, search: Search) -> None:
    search.listed = [Match("7203.T", "Toyota Motor Corporation", "equity", "Tokyo")]

    before = api.get(ADDRESS, {"q": "toyota"})
    symbols.search("toyota")
    after = api.get(ADDRESS, {"q": "toyota"})

    assert (before.status_code, after.status_code) == (200, 200)
    assert before.json() == {"results": [], "complete": False, "message": "Asking Yahoo Finance…"}
    assert after.json() == {
        "results": [
            {
                "symbol": "7203.T",
                "name": "Toyota Motor Corporation",
                "kind": "equity",
                "exchange": "Tokyo",
                "source": "yahoo",
                "stored": False,
            }
        ],
        "complete": True,
        "message": "",
    }


def test_a_search_finds_what_is_stored(
    api: APIClient, other_api: APIClient, search: Search, user: User
) -> None:
    bars(InstrumentFactory(upload=True, symbol="UPLOAD:TOYOTA", owner=user))

    mine, theirs = (client.get(ADDRESS, {"q": "toyota"}).json() for client in (api, other_api))

    assert [(row["symbol"], row["source"], row["stored"]) for row in mine["results"]] == [
        ("UPLOAD:TOYOTA", "upload", True)
    ]
    assert theirs["results"] == []


@pytest.mark.parametrize("query", [{}, {"q": "x" * 61}])
def test_a_search_for_nothing_or_too_much_is_refused(query: dict[str, str], api: APIClient) -> None:
    response = api.get(ADDRESS, query)

    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["attr"] == "q"
    assert error["detail"] == "Give a symbol, a name or part of them in “q”, of up to 60 characters."


@pytest.mark.parametrize("text", ["", "a", "%00"])
def test_a_search_for_next_to_nothing_finds_nothing(text: str, api: APIClient) -> None:
    assert api.get(f"{ADDRESS}?q={text}").json() == {"results": [], "complete": True, "message": ""}


def test_a_search_needs_a_token_that_may_read(nobody: APIClient, user: User) -> None:
    assert nobody.get(ADDRESS, {"q": "toyota"}).status_code == 401
    assert client_for(user, "account").get(ADDRESS, {"q": "toyota"}).status_code == 403
