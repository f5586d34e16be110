"""Splits and dividends: told, told twice, told late, or only shown by the prices."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from forecasts import ingest
from forecasts.ingest import actions
from forecasts.market_data.base import Action
from forecasts.models import Instrument
from tests.forecasts.acme import NEW, OLD, SESSIONS, listing
from tests.yahoo_server import YahooServer

pytestmark = pytest.mark.django_db


def stored(instrument: Instrument) -> list[tuple[date, str, float]]:
    return list(instrument.actions.order_by("date").values_list("date", "kind", "value"))


def test_one_event_on_several_days_is_one_split() -> None:
    told = [
        Action(NEW[0], "split", 4.0),
        Action(NEW[2], "split", 4.0),
        Action(OLD[5], "split", 4.0),
        Action(OLD[40], "dividend", 3.2),
    ]

    kept = actions.without_repeats(told, known={})

    assert kept == [
        Action(OLD[5], "split", 4.0),
        Action(NEW[0], "split", 4.0),
        Action(OLD[40], "dividend", 0.8),
    ]


def test_of_several_days_that_which_is_stored_is_kept() -> None:
    told = [Action(NEW[0], "split", 4.0), Action(NEW[2], "split", 4.0)]

    assert actions.without_repeats(told, known={(NEW[2], "split"): 4.0}) == [told[1]]


def test_different_splits_in_a_row_are_both_kept() -> None:
    told = [Action(NEW[0], "split", 4.0), Action(NEW[2], "split", 2.0)]

    assert actions.without_repeats(told, known={}) == told


def test_a_corrected_dividend_restates(acme: Instrument, yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = replace(listing(SESSIONS), dividends={NEW[2]: 1.0})
    ingest.refresh(acme)
    yahoo.listings["ACME"] = replace(listing(SESSIONS), dividends={NEW[2]: 1.5})

    ingest.refresh(acme)

    assert stored(acme) == [(NEW[2], "dividend", 1.5)]


def test_splits_far_apart_are_different_events() -> None:
    known = {(NEW[0], "split"): 10.0}
    told = [Action(NEW[0] + timedelta(days=40), "split", 10.0)]

    assert actions.news(known, told, OLD[0]) == told
