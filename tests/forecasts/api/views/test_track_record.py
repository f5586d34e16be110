"""`track-record/`: the stored figures, for whom they are."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import TrackRecord
from forecasts.pipeline import update_records
from tests.factories import InstrumentFactory
from tests.forecasts.api.conftest import client_for
from tests.ml_engine.made_scores import make_scores
from tests.track_scores import write_scores

ADDRESS = "/api/v1/track-record/"


@pytest.fixture
def _scored(db: None) -> None:
    write_scores(InstrumentFactory(yahoo=True, symbol="ACME"), make_scores(6))
    update_records()


def figures_of(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("spread", "groups", "skill", "ledger", "instruments")}


@pytest.mark.usefixtures("_scored")
def test_the_answer_is_what_is_stored(api: APIClient) -> None:
    response = api.get(ADDRESS)

    answer = json.loads(response.content, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    stored = TrackRecord.objects.get(instrument=None, method="")
    assert figures_of(answer) == stored.figures
    assert (answer["symbol"], answer["method"], answer["scored"]) == (None, "", 6)


@pytest.mark.usefixtures("_scored")
def test_one_instrument_and_method(api: APIClient) -> None:
    answer = api.get(ADDRESS, {"symbol": "acme", "method": "house"}).json()

    stored = TrackRecord.objects.get(instrument__symbol="ACME", method="house")
    assert figures_of(answer) == {**stored.figures, "instruments": None}
    assert (answer["symbol"], answer["method"]) == ("ACME", "house")
    assert api.get(ADDRESS, {"symbol": "ACME", "method": "from-scratch"}).json()["scored"] == 0


def test_without_scores_there_are_zeros(api: APIClient) -> None:
    answer = api.get(ADDRESS).json()

    assert (answer["computed_at"], answer["scored"], answer["groups"]) == (None, 0, [])
    assert answer["ledger"]["issued"] == answer["spread"]["points"] == 0


def test_what_is_unknown_or_anothers_is_404(api: APIClient, other: User) -> None:
    foreign = InstrumentFactory(upload=True, owner=other)

    unknown = api.get(ADDRESS, {"symbol": "NOSUCH"})

    assert unknown.status_code == 404
    assert "NOSUCH is not known here yet" in unknown.json()["errors"][0]["detail"]
    assert api.get(ADDRESS, {"symbol": foreign.symbol}).status_code == 404
    assert client_for(other).get(ADDRESS, {"symbol": foreign.symbol}).status_code == 200


def test_a_method_that_is_none_is_400(api: APIClient) -> None:
    response = api.get(ADDRESS, {"method": "magic"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "method"


def test_it_needs_a_token_that_reads(nobody: APIClient, user: User) -> None:
    assert nobody.get(ADDRESS).status_code == 401
    assert client_for(user, "account").get(ADDRESS).status_code == 403
    assert client_for(user, "read").get(ADDRESS).status_code == 200


@pytest.mark.usefixtures("_scored")
def test_queries_do_not_grow(count_queries: Callable[[str], int]) -> None:
    few = count_queries(ADDRESS)
    for _ in range(2):
        write_scores(InstrumentFactory(yahoo=True), make_scores(2, horizon=2))
    update_records()

    assert count_queries(ADDRESS) == few
