"""The shape of a forecast, in every state."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from math import exp
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import LEVELS, CorporateAction, Evaluation, Forecast, ForecastRequest
from tests.factories import (
    DAILY_VOLATILITY,
    ForecastRequestFactory,
    bars,
    metric_row,
    normal_quantiles,
    skill_row,
)
from tests.forecasts.scored import record

FIELDS = [
    "id", "symbol", "name", "currency", "method", "horizon", "as_of", "data_as_of", "origin", "status",
    "stage",
    "progress", "error", "created_at", "started_at", "finished_at", "last_close", "levels", "points",
    "naive_points", "shown", "trust", "verdict", "issued_trust", "in_sample", "in_domain",
    "ledger_entry", "calibration", "evaluation", "model",
]  # fmt: skip


QUEUED = {
    "symbol": "SAMPLE:AAPL",
    "name": "AAPL Incorporated",
    "currency": "USD",
    "method": "house",
    "horizon": 20,
    "as_of": "2013-03-01",
    "data_as_of": None,
    "origin": "asked",
    "status": "queued",
    "stage": "waiting",
    "progress": 0.0,
    "error": None,
    "started_at": None,
    "finished_at": None,
    "last_close": None,
    "levels": list(LEVELS),
    "points": [],
    "naive_points": [],
    "shown": None,
    "trust": None,
    "verdict": None,
    "issued_trust": None,
    "in_sample": None,
    "in_domain": None,
    "ledger_entry": None,
    "calibration": None,
    "evaluation": None,
    "model": None,
}


def body_of(api: APIClient, request: ForecastRequest) -> dict[str, Any]:
    return api.get(f"/api/v1/forecasts/{request.pk}/").json()


def prices(step: int, volatility: float = DAILY_VOLATILITY) -> Any:
    return pytest.approx([100 * exp(quantile) for quantile in normal_quantiles(step, volatility)])


@pytest.fixture
def done(user: User) -> ForecastRequest:
    return ForecastRequestFactory(
        owner=user, forecast__succeeded=True, forecast__instrument__symbol="SAMPLE:AAPL"
    )


@pytest.mark.parametrize("trait", ["running", "failed", "cancelled", "succeeded"])
def test_every_state_has_exactly_the_fields(api: APIClient, user: User, trait: str) -> None:
    request = ForecastRequestFactory(owner=user, **{f"forecast__{trait}": True})

    assert list(body_of(api, request)) == FIELDS


def test_a_queued_forecast_has_nothing_to_show_yet(api: APIClient, user: User) -> None:
    request = ForecastRequestFactory(owner=user, forecast__instrument__symbol="SAMPLE:AAPL")

    body = body_of(api, request)

    assert body.pop("created_at").endswith("Z")
    assert body == {"id": str(request.pk), **QUEUED}


def test_a_running_forecast_shows_how_its_training_goes(api: APIClient, user: User) -> None:
    losses = [{"epoch": 1, "train": 0.31, "validation": None}]
    request = ForecastRequestFactory(owner=user, forecast__running=True, forecast__loss_history=losses)

    body = body_of(api, request)

    assert (body["status"], body["stage"], body["progress"]) == ("running", "training", 0.4)
    assert body["model"] == {
        "name": None,
        "version": None,
        "sha256": None,
        "trained_until": None,
        "market": None,
        "origin": None,
        "origin_note": "",
        "loss_history": losses,
    }


def test_a_failed_forecast_says_why_and_what_to_do(api: APIClient, user: User) -> None:
    body = body_of(api, ForecastRequestFactory(owner=user, forecast__failed=True))

    assert body["status"] == "failed"
    assert body["error"] == {
        "code": "no_network",
        "message": "Yahoo did not answer.",
        "remedy": "Try SAMPLE:AAPL.",
    }


def test_points_are_prices_on_trading_days(api: APIClient, done: ForecastRequest) -> None:
    body = body_of(api, done)

    assert body["last_close"] == 100.0
    first, last = body["points"][0], body["points"][-1]
    assert (first["step"], first["date"], first["quantiles"]) == (1, "2013-03-04", prices(1))
    # Good Friday, 29 March 2013, is left out.
    assert (last["step"], last["date"], last["quantiles"]) == (20, "2013-04-01", prices(20))
    assert first["median"] == pytest.approx(100.0)
    assert first["actual"] is None
    assert body["naive_points"][0]["quantiles"] == prices(1, 1.1 * DAILY_VOLATILITY)


def test_points_say_what_happened_once_it_is_known(api: APIClient, done: ForecastRequest) -> None:
    bars(done.forecast.instrument, closes=[50.0, 51.0], last=date(2013, 3, 4))

    actual = [point["actual"] for point in body_of(api, done)["points"][:2]]

    assert actual == [pytest.approx(102.0), None]


def test_prices_are_on_todays_share_basis(api: APIClient, done: ForecastRequest) -> None:
    CorporateAction.objects.create(
        instrument=done.forecast.instrument, date=date(2013, 6, 3), kind="split", value=2.0
    )

    body = body_of(api, done)

    assert body["last_close"] == 50.0
    assert body["points"][0]["median"] == pytest.approx(50.0)


def test_evidence_is_the_models_own_skill_beside_everybodys_metrics(
    api: APIClient, done: ForecastRequest
) -> None:
    evaluation = done.forecast.evaluation
    assert evaluation is not None
    evaluation.metrics = [metric_row("model", 1), metric_row("drift", 1)]
    evaluation.skill = [skill_row(1), skill_row(None), {**skill_row(1), "method": "drift"}]
    evaluation.save()

    body = body_of(api, done)

    own = [{key: value for key, value in skill_row(step).items() if key != "method"} for step in (1, None)]
    assert body["evaluation"] == {
        "from": "2012-02-01",
        "to": "2013-01-31",
        "origins": 250,
        "metrics": evaluation.metrics,
        "skill": own,
        "slow_baselines": "pending",
    }
    assert (body["trust"], body["in_sample"], body["shown"]) == ("sharper", False, "model")
    assert body["verdict"] == evaluation.verdict


def test_trust_is_of_now_and_beside_it_what_was_issued(api: APIClient, done: ForecastRequest) -> None:
    record(done.forecast.instrument, crps_skill=-0.04, p_value=0.01)

    body = body_of(api, done)

    assert (body["trust"], body["shown"], body["issued_trust"]) == ("worse_than_naive", "naive", "sharper")
    assert body["verdict"].startswith("Worse than a simple volatility cone on the ledger")


def test_what_the_ledger_did_before_is_told(api: APIClient, done: ForecastRequest) -> None:
    calibration = {"log_widths": [0.1] * 20, "scored": 43, "entry": 60}
    Forecast.objects.update(calibration=calibration, in_domain=False)

    body = body_of(api, done)

    assert (body["calibration"], body["in_domain"]) == (calibration, False)


def test_scores_that_were_not_stored_are_null(api: APIClient, done: ForecastRequest) -> None:
    evaluation = done.forecast.evaluation
    assert evaluation is not None
    later = ["width_50", "width_80", "width_90", "width_95", "pit", "brier"]
    row = {name: value for name, value in metric_row("model", 1).items() if name not in later}
    evaluation.metrics = [row]
    evaluation.save()

    assert body_of(api, done)["evaluation"]["metrics"] == [row | dict.fromkeys(later)]


def test_an_evaluation_without_origins_has_no_span(api: APIClient, done: ForecastRequest) -> None:
    evaluation = done.forecast.evaluation
    assert evaluation is not None
    evaluation.first_origin = evaluation.last_origin = None
    evaluation.origins, evaluation.metrics, evaluation.skill = 0, [], []
    evaluation.save()

    assert body_of(api, done)["evaluation"] == {
        "from": None,
        "to": None,
        "origins": 0,
        "metrics": [],
        "skill": [],
        "slow_baselines": "pending",
    }


def test_the_model_says_where_it_comes_from(api: APIClient, done: ForecastRequest) -> None:
    assert body_of(api, done)["model"] == {
        "name": "house",
        "version": "2012",
        "sha256": "a" * 64,
        "trained_until": "2012-12-31",
        "market": None,
        "origin": None,
        "origin_note": "",
        "loss_history": [],
    }


def test_a_forecast_says_which_index_it_was_told(api: APIClient, done: ForecastRequest) -> None:
    market = {"symbol": "^GSPC", "as_of": "2013-03-01", "sha256": "c" * 64}
    done.forecast.model = {**(done.forecast.model or {}), "market": market}
    done.forecast.save()

    assert body_of(api, done)["model"]["market"] == market


def test_a_forecast_says_what_is_particular_about_the_bar_it_starts_from(
    api: APIClient, done: ForecastRequest
) -> None:
    done.forecast.model = {**(done.forecast.model or {}), "origin": "provisional"}
    done.forecast.save()

    model = body_of(api, done)["model"]

    assert model["origin"] == "provisional"
    assert model["origin_note"] == "The close of 1 March 2013 was provisional when this was made."


@pytest.mark.parametrize(
    ("stored", "computed_here", "told"),
    [("pending", True, "pending"), ("pending", False, "left_out"), ("done", False, "done")],
)
def test_an_evaluation_says_whether_slow_baselines_will_come(
    api: APIClient, done: ForecastRequest, settings: Settings, stored: str, computed_here: bool, told: str
) -> None:
    settings.SLOW_BASELINES = computed_here
    Evaluation.objects.update(slow_baselines=stored)

    assert body_of(api, done)["evaluation"]["slow_baselines"] == told


def test_who_has_withdrawn_sees_no_result(api: APIClient, done: ForecastRequest) -> None:
    done.cancelled_at = done.created_at
    done.save()

    body = body_of(api, done)

    assert (body["status"], body["points"], body["trust"]) == ("cancelled", [], None)
    assert (body["data_as_of"], body["last_close"], body["model"]) == (None, None, None)
    assert body["finished_at"] == body["created_at"]


@pytest.mark.parametrize("trait", ["running", "succeeded"])
def test_who_has_withdrawn_sees_no_losses_of_the_shared_work(api: APIClient, user: User, trait: str) -> None:
    losses = [{"epoch": 1, "train": 0.31, "validation": None}]
    request = ForecastRequestFactory(
        owner=user,
        cancelled_at=datetime(2026, 1, 5, tzinfo=UTC),
        forecast__loss_history=losses,
        **{f"forecast__{trait}": True},
    )

    assert body_of(api, request)["model"] is None


def test_the_answer_is_strict_json(api: APIClient, done: ForecastRequest) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    answer = api.get(f"/api/v1/forecasts/{done.pk}/").content

    assert json.loads(answer, parse_constant=refuse)["status"] == "succeeded"


def test_a_forecast_takes_the_same_queries_at_one_step_and_at_sixty(
    user: User, count_queries: Callable[[str], int]
) -> None:
    short, long = (
        ForecastRequestFactory(owner=user, forecast__succeeded=True, forecast__horizon=horizon)
        for horizon in (1, 60)
    )

    counts = [count_queries(f"/api/v1/forecasts/{request.pk}/") for request in (short, long)]

    assert counts[0] == counts[1] <= 7
