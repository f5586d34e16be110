"""Whatever the real client asks goes through the lane, and the first refusal stops everybody."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from forecasts.market_data.base import ProviderError, RateLimited, Unreachable
from forecasts.market_data.lane import lane_of
from forecasts.market_data.yahoo import YahooProvider, client
from tests.forecasts.market_data.test_yahoo import CLOSES, DAYS
from tests.site import PROJECT
from tests.yahoo_server import Listing, YahooServer, bars_of


@pytest.fixture
def acme(yahoo: YahooServer) -> Listing:
    yahoo.listings["ACME"] = listing = Listing(bars_of(DAYS, CLOSES))
    return listing


def ask(symbol: str = "ACME") -> str:
    """Return what came of it: "" or the code of the failure."""
    try:
        YahooProvider().fetch(symbol)
    except ProviderError as error:
        return error.code
    return ""


def test_charts_searches_cookies_and_crumbs_all_take_turns(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.wants_crumb = True

    YahooProvider().fetch("ACME")
    YahooProvider().search("acme")

    assert {"/v1/test/getcrumb", "/v1/finance/search", "/v8/finance/chart/ACME"} <= set(yahoo.seen)
    assert lane_of("yahoo").status().requests_last_hour == yahoo.requests


def test_while_the_lane_is_paused_the_client_asks_nothing(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.refusals = 1
    ask()
    before = yahoo.requests

    assert [ask(), ask("OTHER")] == ["rate_limited"] * 2
    assert yahoo.requests == before


def test_staff_can_let_it_ask_again(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.refusals = 1
    ask()

    lane_of("yahoo").reopen()

    assert ask() == ""
    assert lane_of("yahoo").status().streak == 0


@pytest.mark.parametrize("as_a_date", [False, True])
def test_a_retry_after_makes_the_pause_longer(yahoo: YahooServer, acme: Listing, as_a_date: bool) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=20)
    yahoo.retry_after = f"{moment:%a, %d %b %Y %H:%M:%S GMT}" if as_a_date else "1200"
    yahoo.refusals = 1

    ask()

    until = lane_of("yahoo").status().paused_until
    assert until is not None
    assert abs(until - moment) < timedelta(seconds=30)


@pytest.mark.parametrize("retry_after", ["soon", "", "-5", "1e400", "Mon, 99 Nov 2026 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_is_passed_over(
    yahoo: YahooServer, acme: Listing, retry_after: str
) -> None:
    yahoo.refusals, yahoo.retry_after = 1, retry_after

    ask()

    until = lane_of("yahoo").status().paused_until
    assert until is not None
    assert until - datetime.now(UTC) < timedelta(seconds=31)


@pytest.mark.parametrize("trouble", ["server error", "silence"])
def test_five_failures_in_a_row_pause_the_lane(yahoo: YahooServer, acme: Listing, trouble: str) -> None:
    yahoo.trouble = trouble
    for _ in range(5):
        ask()

    with pytest.raises(Unreachable, match="Yahoo Finance failed several times in a row"):
        YahooProvider().fetch("ACME")

    assert yahoo.requests == 5


def test_an_unknown_symbol_is_no_failure_of_yahoos(yahoo: YahooServer) -> None:
    assert [ask("NOSUCH") for _ in range(6)] == ["unknown_symbol"] * 6


def test_a_time_limit_during_a_request_ends_the_turn_and_goes_on_up(
    yahoo: YahooServer, acme: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_session: object, **_request: object) -> None:
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patched:
        patched.setattr("curl_cffi.requests.Session.request", run_out)
        patched.setattr("yfinance.data.SingletonMeta._instances", {})
        with pytest.raises(SoftTimeLimitExceeded):
            YahooProvider().fetch("ACME")

    assert ask() == ""


def test_only_network_faults_are_tried_again_and_each_try_takes_a_turn(
    yahoo: YahooServer, acme: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client.client().config.options["network"], "retries", 2)
    monkeypatch.setattr("yfinance.data._time.sleep", lambda _seconds: None)
    yahoo.trouble = "silence"

    assert ask() == "source_unreachable"
    assert lane_of("yahoo").status().requests_last_hour == 3


def test_a_refusal_stops_every_thread_within_one_request(yahoo: YahooServer, acme: Listing) -> None:
    """Twelve answers are given; the thirteenth request is refused, and there is no fourteenth."""
    yahoo.trouble, yahoo.patience, yahoo.retry_after = "too many requests", 12, "3600"
    outcomes: list[str] = []

    def work() -> None:
        while (outcome := ask()) == "":
            outcomes.append(outcome)
        outcomes.append(outcome)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert yahoo.requests == 13
    assert sorted(outcomes) == [""] * 12 + ["rate_limited"] * 6


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cold_refusal_stops_every_process_within_one_request(yahoo: YahooServer, acme: Listing) -> None:
    yahoo.trouble, yahoo.retry_after = "too many requests", "3600"
    environment = {**os.environ, "KEY_PREFIX": settings.KEY_PREFIX, "YAHOO_RATE": "1000"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.yahoo_server.visitor", yahoo.url, "ACME", "5"],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]

    outcomes = [json.loads(process.communicate()[0]) for process in processes]

    assert outcomes == [["rate_limited"] * 5] * 4
    assert yahoo.requests == 1
    assert lane_of("yahoo").status().refusals_last_day == 1
    with pytest.raises(RateLimited):
        YahooProvider().fetch("ACME")
