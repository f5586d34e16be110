"""A person's forecasts: the list, one in every state, and ending them."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from forecasts.models import Evaluation, Forecast, ForecastRequest, Trust
from tests.factories import ForecastRequestFactory, bars
from tests.forecasts.scored import record

PAGES = ["forecast_detail", "forecast_progress", "calibration_chart", "loss_chart"]


def url(name: str, wish: ForecastRequest) -> str:
    return reverse(f"forecasts:{name}", args=[wish.pk])


@pytest.fixture
def done(user: User) -> ForecastRequest:
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast__succeeded=True)
    bars(wish.forecast.instrument)
    return wish


@pytest.fixture
def running(user: User) -> ForecastRequest:
    wish: ForecastRequest = ForecastRequestFactory(owner=user, forecast__running=True)
    return wish


@pytest.mark.parametrize("name", PAGES)
def test_forecast_pages_are_the_owners_alone(
    name: str, done: ForecastRequest, signed_in: Client, as_other: Client
) -> None:
    assert signed_in.get(url(name, done)).status_code == 200
    assert as_other.get(url(name, done)).status_code == 404


@pytest.mark.parametrize("name", ["calibration_chart", "loss_chart"])
def test_forecast_charts_are_of_a_result(
    name: str, signed_in: Client, done: ForecastRequest, running: ForecastRequest
) -> None:
    assert signed_in.get(url(name, done)).status_code == 200
    assert signed_in.get(url(name, running)).status_code == 404

    ForecastRequest.objects.filter(pk=done.pk).update(cancelled_at=timezone.now())

    assert signed_in.get(url(name, done)).status_code == 404


@pytest.mark.parametrize("name", ["forecast_detail", "calibration_chart", "loss_chart"])
def test_forecast_pages_send_a_stranger_to_sign_in(name: str, done: ForecastRequest) -> None:
    assert Client().get(url(name, done)).url == f"/accounts/login/?next={url(name, done)}"


@pytest.mark.parametrize("name", ["forecast_cancel", "forecast_delete"])
def test_forecasts_are_ended_by_their_owner_alone(
    name: str, running: ForecastRequest, as_other: Client
) -> None:
    assert as_other.post(url(name, running)).status_code == 404
    assert Client().post(url(name, running)).url == f"/accounts/login/?next={url(name, running)}"
    assert ForecastRequest.objects.get() == running
    assert ForecastRequest.objects.live().count() == 1


def test_forecast_list_shows_ones_own_in_as_many_queries(
    signed_in: Client, user: User, done: ForecastRequest, queries: Callable[[Client, str], int]
) -> None:
    ForecastRequestFactory(forecast__succeeded=True)
    one = queries(signed_in, "/forecasts/")
    ForecastRequestFactory(owner=user, forecast__failed=True)
    ForecastRequestFactory(owner=user, forecast__succeeded=True)

    assert queries(signed_in, "/forecasts/") == one
    assert len(signed_in.get("/forecasts/").context["page"]) == 3


def test_forecast_list_turns_pages(signed_in: Client, user: User) -> None:
    ForecastRequestFactory.create_batch(26, owner=user)

    first, second = signed_in.get("/forecasts/"), signed_in.get("/forecasts/?page=2")

    assert 'href="?page=2"' in first.content.decode()
    assert (len(first.context["page"]), len(second.context["page"])) == (25, 1)


def test_forecast_list_sends_a_stranger_to_sign_in(client: Client) -> None:
    assert client.get("/forecasts/").url == "/accounts/login/?next=/forecasts/"


def test_forecast_detail_says_range_verdict_evidence_and_provenance(
    signed_in: Client, done: ForecastRequest
) -> None:
    response = signed_in.get(url("forecast_detail", done))
    content = response.content.decode()

    assert "Sharper than naive" in content
    assert done.forecast.verdict in content
    assert f'data-chart-url="/api/v1/forecasts/{done.pk}/chart/"' in content
    assert [row.step for row in response.context["rows"]] == list(range(1, 21))
    assert done.forecast.bars_hash in content


def test_forecast_detail_compares_with_the_naive_cone_by_step(
    signed_in: Client, done: ForecastRequest
) -> None:
    evidence = signed_in.get(url("forecast_detail", done)).context["evidence"]

    assert [row.step for row in evidence] == [1, 5, 10, 20]
    assert (evidence[0].skill, evidence[0].p_value, evidence[0].rmse_ratio) == (0.02, 0.03, 1.0)
    assert evidence[0].coverages == [0.51, 0.81, 0.9, 0.95]


def test_forecast_detail_says_where_outcomes_fell(signed_in: Client, done: ForecastRequest) -> None:
    page = signed_in.get(url("forecast_detail", done))

    row = page.context["calibration"][0]
    assert row.tenths == [0.08, 0.1, 0.1, 0.12, 0.1, 0.1, 0.1, 0.1, 0.08, 0.12]
    assert (row.step, row.width_ratio, row.brier_ratio) == (1, pytest.approx(0.9), pytest.approx(0.95))
    assert "Where the outcomes fell" in page.content.decode()


def test_forecast_detail_of_one_judged_before_outcomes_were_counted(
    signed_in: Client, done: ForecastRequest
) -> None:
    evaluation = done.forecast.evaluation
    for row in evaluation.metrics:
        del row["pit"], row["brier"], row["width_80"]
    evaluation.save()

    page = signed_in.get(url("forecast_detail", done))

    assert page.context["calibration"] == []
    assert "Where the outcomes fell" not in page.content.decode()


def test_forecast_detail_draws_the_naive_cone_first_where_it_is_better(
    signed_in: Client, done: ForecastRequest
) -> None:
    usual = signed_in.get(url("forecast_detail", done)).context
    Evaluation.objects.update(trust=Trust.WORSE_THAN_NAIVE)

    naive = signed_in.get(url("forecast_detail", done))

    assert naive.context["rows"] == usual["other_rows"]
    assert naive.context["summary"].high > usual["summary"].high
    assert "is what you see first" in naive.content.decode()


def test_forecast_detail_says_what_the_ledger_has_changed_since(
    signed_in: Client, done: ForecastRequest
) -> None:
    assert "When it was issued" not in signed_in.get(url("forecast_detail", done)).content.decode()
    record(done.forecast.instrument, crps_skill=-0.04, p_value=0.01)

    content = signed_in.get(url("forecast_detail", done)).content.decode()

    assert "Worse than naive" in content
    assert "over 150 issued forecasts the error (CRPS) was 4.0 % higher" in content
    assert f"When it was issued: sharper than a volatility cone. {done.forecast.verdict}" in content
    assert "is what you see first" in content


def test_forecast_detail_says_what_the_ledger_did_to_the_bands(
    signed_in: Client, done: ForecastRequest
) -> None:
    Forecast.objects.update(calibration={"log_widths": [0.1] * 20, "scored": 43, "entry": 60})

    content = signed_in.get(url("forecast_detail", done)).content.decode()

    assert "43 earlier forecasts by this method has widened the model’s 5-session band by 11 %" in content


def test_forecast_list_shows_the_trust_of_now(signed_in: Client, done: ForecastRequest) -> None:
    record(done.forecast.instrument, crps_skill=-0.04, p_value=0.01)

    assert "Worse than naive" in signed_in.get("/forecasts/").content.decode()


def test_forecast_detail_warns_when_the_evidence_is_in_sample(
    signed_in: Client, done: ForecastRequest
) -> None:
    Forecast.objects.update(in_sample=True)

    assert "none is claimed" in signed_in.get(url("forecast_detail", done)).content.decode()


def test_forecast_detail_says_where_the_model_is_not_at_home(
    signed_in: Client, done: ForecastRequest
) -> None:
    assert b"this lies outside" not in signed_in.get(done.get_absolute_url()).content

    Forecast.objects.update(in_domain=False)

    assert b"this lies outside" in signed_in.get(done.get_absolute_url()).content


def test_forecast_detail_does_without_an_evaluation(signed_in: Client, done: ForecastRequest) -> None:
    Forecast.objects.update(evaluation=None, trust="no_demonstrated_skill")

    response = signed_in.get(url("forecast_detail", done))

    assert "too short to judge" in response.content.decode()
    assert signed_in.get(url("calibration_chart", done)).status_code == 404


def test_forecast_detail_of_a_failure_says_why_and_offers_to_ask_again(signed_in: Client, user: User) -> None:
    failed = ForecastRequestFactory(owner=user, forecast__failed=True)

    content = signed_in.get(url("forecast_detail", failed)).content.decode()

    assert "Yahoo did not answer." in content
    assert "Try SAMPLE:AAPL." in content
    assert (
        f'action="{reverse("forecasts:forecast_create", args=[failed.forecast.instrument.symbol])}"'
        in content
    )


def test_forecast_detail_of_one_that_its_owner_cancelled_says_so(signed_in: Client, user: User) -> None:
    wish = ForecastRequestFactory(owner=user, cancelled_at=timezone.now(), forecast__succeeded=True)

    assert "You cancelled this forecast" in signed_in.get(url("forecast_detail", wish)).content.decode()


def test_forecast_progress_says_stage_share_and_loss(signed_in: Client, running: ForecastRequest) -> None:
    Forecast.objects.update(loss_history=[{"epoch": 3, "train": 0.31, "validation": 0.29}])

    content = signed_in.get(url("forecast_progress", running)).content.decode()

    assert 'value="0.400"' in content
    assert "Training the model · epoch 3: training loss 0.3100, validation 0.2900" in content
    assert "every 2s" in content


def test_forecast_progress_slows_down_and_explains_a_long_wait(signed_in: Client, user: User) -> None:
    waiting = ForecastRequestFactory(owner=user)
    Forecast.objects.update(created_at=timezone.now() - timedelta(minutes=2))

    content = signed_in.get(url("forecast_progress", waiting)).content.decode()

    assert "every 5s" in content
    assert "No worker has taken it up for a while." in content


def test_forecast_progress_says_that_a_failed_attempt_is_tried_again(signed_in: Client, user: User) -> None:
    error = {"code": "crashed", "message": "A worker stopped.", "remedy": ""}
    waiting = ForecastRequestFactory(owner=user, forecast__error=error)

    content = signed_in.get(url("forecast_progress", waiting)).content.decode()

    assert "An attempt failed: A worker stopped. It is being tried again." in content


def test_forecast_progress_reloads_the_page_at_the_end_or_after_signing_out(
    signed_in: Client, done: ForecastRequest
) -> None:
    for client in (signed_in, Client()):
        assert client.get(url("forecast_progress", done)).headers["HX-Refresh"] == "true"


def test_forecast_cancel_ends_the_work(signed_in: Client, running: ForecastRequest) -> None:
    response = signed_in.post(url("forecast_cancel", running), follow=True)

    assert Forecast.objects.get().status == Forecast.Status.CANCELLED
    assert "The forecast is cancelled." in response.content.decode()


def test_forecast_cancel_of_a_finished_one_says_so(signed_in: Client, done: ForecastRequest) -> None:
    response = signed_in.post(url("forecast_cancel", done), follow=True)

    assert "there is nothing to cancel" in response.content.decode()
    assert Forecast.objects.get().status == Forecast.Status.SUCCEEDED


def test_forecast_delete_forgets_the_request(signed_in: Client, done: ForecastRequest) -> None:
    response = signed_in.post(url("forecast_delete", done))

    assert (ForecastRequest.objects.count(), response.url) == (0, "/forecasts/")


@pytest.mark.parametrize("name", ["forecast_cancel", "forecast_delete"])
def test_forecasts_are_not_ended_by_a_link(name: str, signed_in: Client, running: ForecastRequest) -> None:
    assert signed_in.get(url(name, running)).url == running.get_absolute_url()
    assert ForecastRequest.objects.live().get() == running


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"market": {"symbol": "^GSPC", "as_of": "2013-03-01", "sha256": "c" * 64}}, "^GSPC, closes until"),
        ({"market": None, "market_missing": "^GSPC"}, "none: ^GSPC could not be had up to date"),
        ({}, "<dd>none</dd>"),
    ],
)
def test_forecast_detail_says_which_index_was_used(
    done: ForecastRequest, signed_in: Client, about: dict[str, object], said: str
) -> None:
    done.forecast.model = {**(done.forecast.model or {}), **about}
    done.forecast.save()

    page = signed_in.get(url("forecast_detail", done)).content.decode()

    assert said in page
    assert ("c" * 64 in page) == bool(about.get("market"))


def test_forecast_detail_says_when_the_last_session_was_missing(
    signed_in: Client, done: ForecastRequest
) -> None:
    done.forecast.as_of = date(2013, 3, 4)
    done.forecast.save()

    content = signed_in.get(done.get_absolute_url()).content.decode()

    assert "The session of 4 March 2013 was missing at" in content
    assert "this forecast starts from 1 March 2013." in content


@pytest.mark.parametrize(("state", "told"), [("pending", True), ("done", False), ("left_out", False)])
def test_forecast_detail_says_that_slow_baselines_are_to_come(
    done: ForecastRequest, signed_in: Client, state: str, told: bool
) -> None:
    Evaluation.objects.update(slow_baselines=state)

    page = signed_in.get(url("forecast_detail", done)).content.decode()

    assert ("Slower baselines are still being computed" in page) is told
