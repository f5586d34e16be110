"""Whose turn it is: by the session's close, its settling, the instrument's own delay and what was in vain."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forecasts.calendars import EVERY_DAY, closes_at
from forecasts.refreshing.due import SETTLE, SPREAD, Clock, Facts, choose, due_since, is_gone, pause, stagger

FRIDAY, MONDAY = date(2024, 7, 5), date(2024, 7, 8)
CLOSE = closes_at("XNYS", MONDAY)
MINUTE = timedelta(minutes=1)
ACME = Facts(pk=1, source="yahoo", calendar="XNYS", last_closed=FRIDAY)


def is_due(facts: Facts, now: datetime) -> bool:
    return due_since(facts, Clock(now)) is not None


def test_a_session_is_due_when_it_has_settled_and_the_instruments_delay_is_over() -> None:
    moment = CLOSE + SETTLE + stagger(1)

    assert [is_due(ACME, at) for at in (CLOSE, moment - MINUTE, moment)] == [False, False, True]


def test_nothing_is_due_during_a_session() -> None:
    assert not is_due(ACME, CLOSE - timedelta(hours=3))


def test_what_is_stored_is_not_due() -> None:
    assert not is_due(replace(ACME, last_closed=MONDAY), CLOSE + timedelta(hours=2))


def test_an_instrument_without_prices_is_due_at_once() -> None:
    assert is_due(replace(ACME, last_closed=None), CLOSE - timedelta(hours=3))


def test_a_session_missed_while_the_site_was_off_is_due_at_once() -> None:
    assert is_due(replace(ACME, last_closed=date(2024, 7, 3)), CLOSE - timedelta(hours=3))


def test_a_cryptocurrency_is_due_after_midnight_utc() -> None:
    coin = Facts(pk=1, source="yahoo", calendar=EVERY_DAY, last_closed=date(2024, 7, 5))
    midnight = datetime(2024, 7, 7, tzinfo=UTC)

    assert [is_due(coin, midnight + wait) for wait in (SETTLE - MINUTE, SETTLE + stagger(1))] == [False, True]


def test_delays_are_spread_evenly_and_neighbours_lie_apart() -> None:
    delays = [stagger(pk) for pk in range(1, 601)]

    minutes = [sum(1 for delay in delays if delay // MINUTE == minute) for minute in range(30)]
    assert min(minutes) >= 15
    assert max(minutes) <= 25
    assert max(delays) < SPREAD
    assert abs(stagger(1) - stagger(2)) > 5 * MINUTE


@pytest.mark.parametrize(
    ("vain", "minutes"), [(0, 0), (1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 360), (50, 360)]
)
def test_looks_in_vain_are_repeated_ever_more_seldom(vain: int, minutes: int) -> None:
    assert pause(replace(ACME, vain=vain)) == minutes * MINUTE


def test_a_look_in_vain_is_repeated_after_its_pause() -> None:
    tried_at = CLOSE + timedelta(hours=1)
    failing = replace(ACME, vain=2, tried_at=tried_at)

    assert [is_due(failing, tried_at + wait * MINUTE) for wait in (29, 30)] == [False, True]


def test_what_the_source_has_no_more_is_looked_for_once_a_week() -> None:
    tried_at = CLOSE + timedelta(hours=1)
    gone = replace(ACME, is_gone=True, tried_at=tried_at)

    assert [is_due(gone, tried_at + timedelta(days=days)) for days in (6, 7)] == [False, True]


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        ({}, False),
        ({"code": "source_unreachable", "missing_on": []}, False),
        ({"code": "unknown_symbol", "missing_on": ["2024-07-08"]}, False),
        ({"code": "unknown_symbol", "missing_on": ["2024-07-03", "2024-07-05", "2024-07-08"]}, True),
        ({"code": "delisted"}, True),
        ({"code": "renamed"}, True),
    ],
)
def test_an_instrument_is_gone_when_the_source_has_said_so_for_days(
    error: dict[str, object], gone: bool
) -> None:
    assert is_gone(error) == gone


def test_a_wish_does_not_wait_for_anything() -> None:
    wished = replace(ACME, last_closed=MONDAY, vain=9, tried_at=CLOSE, wished_at=CLOSE)

    assert due_since(wished, Clock(CLOSE + MINUTE)) == CLOSE


def test_who_has_waited_longest_is_chosen_first_and_each_source_has_its_own_number() -> None:
    now = CLOSE + timedelta(hours=2)
    known = [replace(ACME, pk=pk, source=source) for source in ("yahoo", "tiingo") for pk in (1, 2, 3)]

    chosen = list(choose(known, Clock(now), {"yahoo": 2, "tiingo": 0}))

    assert chosen == sorted((1, 2, 3), key=stagger)[:2]
