"""`replays/`."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import Replay
from tests.factories import InstrumentFactory, bars
from tests.forecasts.api.conftest import client_for
from tests.forecasts.replayed import ReplayFactory

URL = "/api/v1/replays/"


@pytest.fixture
def done(db: None) -> Replay:
    replay: Replay = ReplayFactory(succeeded=True)
    bars(replay.instrument, closes=[100.0] * 30)
    return replay


def test_a_replay_is_asked_for(api: APIClient, user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument, 300)

    response = api.post(URL, {"symbol": instrument.symbol, "method": "house"})

    replay = Replay.objects.get()
    assert response.status_code == 202
    assert response.headers["Location"].endswith(f"{URL}{replay.pk}/")
    assert response.json() == {
        "id": str(replay.pk),
        "symbol": instrument.symbol,
        "method": "house",
        "as_of": "2013-03-01",
        "status": "queued",
        "error": None,
        "created_at": response.json()["created_at"],
        "finished_at": None,
        "first_origin": None,
        "last_origin": None,
        "origins": 0,
        "in_sample": None,
        "model": None,
        "coverage": [],
    }


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"method": "house"}, "symbol"),
        ({"symbol": "SAMPLE:NONE"}, "symbol"),
        ({"symbol": "SAMPLE:T", "method": "from-scratch"}, "method"),
        ({"symbol": "SAMPLE:T", "as_of": "soon"}, "as_of"),
        ({"symbol": "SAMPLE:T", "as_of": "1999-01-01"}, "as_of"),
        ({"symbol": "SAMPLE:T", "method": "fine-tuned"}, "method"),
        ({"symbol": "SAMPLE:T", "horizon": 5}, "horizon"),
    ],
)
def test_what_cannot_be_is_refused(api: APIClient, body: dict[str, str], attr: str) -> None:
    bars(InstrumentFactory(symbol="SAMPLE:T"), 300)

    response = api.post(URL, body)

    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [attr]


def test_a_replay_that_is_done_says_what_was_held(api: APIClient, done: Replay) -> None:
    said = api.get(f"{URL}{done.pk}/").json()

    assert (said["status"], said["origins"], said["in_sample"]) == ("succeeded", 10, False)
    assert said["coverage"][0] == {
        "step": 1,
        "known": 9,
        "model": {"coverage_50": 1.0, "coverage_80": 1.0, "coverage_90": 1.0, "coverage_95": 1.0},
        "naive": {"coverage_50": 1.0, "coverage_80": 1.0, "coverage_90": 1.0, "coverage_95": 1.0},
    }


def test_its_chart_is_of_a_step(api: APIClient, done: Replay) -> None:
    figure = api.get(f"{URL}{done.pk}/chart/?step=1").json()

    assert figure["data"][1]["name"] == "Model 80 %, 1 session before"
    assert api.get(f"{URL}{done.pk}/chart/").json()["data"][1]["name"] == "Model 80 %, 5 sessions before"
    assert api.get(f"{URL}{done.pk}/chart/?step=2").status_code == 400


def test_there_is_no_chart_before_it_is_done(api: APIClient) -> None:
    assert api.get(f"{URL}{ReplayFactory().pk}/chart/").status_code == 409


@pytest.mark.parametrize("tail", ["", "chart/"])
def test_replays_are_seen_by_who_sees_the_instrument(
    tail: str, api: APIClient, other_api: APIClient, nobody: APIClient, user: User, done: Replay
) -> None:
    private = ReplayFactory(succeeded=True, instrument=InstrumentFactory(upload=True, owner=user))

    assert other_api.get(f"{URL}{done.pk}/{tail}").status_code == 200
    assert nobody.get(f"{URL}{done.pk}/{tail}").status_code == 401
    assert api.get(f"{URL}{private.pk}/{tail}").status_code == 200
    assert other_api.get(f"{URL}{private.pk}/{tail}").status_code == 404


def test_asking_takes_the_scope(user: User) -> None:
    reader = client_for(user, "read")

    assert reader.post(URL, {"symbol": "SAMPLE:T"}).status_code == 403


def test_a_replay_takes_as_many_queries_however_long_it_is(
    done: Replay, count_queries: Callable[[str], int]
) -> None:
    short = ReplayFactory(succeeded=True, origins=2)
    bars(short.instrument)

    assert count_queries(f"{URL}{done.pk}/") == count_queries(f"{URL}{short.pk}/")
    assert count_queries(f"{URL}{done.pk}/chart/") == count_queries(f"{URL}{short.pk}/chart/")
