"""What a refusal, a failure and an answer do to a lane, and what its status says of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from forecasts.market_data.base import RateLimited, Unreachable
from forecasts.market_data.lane import TURN_SECONDS, Lane, lane_of
from tests.forecasts.market_data.lanes import Clock, Worker, ask, clock, lane

__all__ = ["clock", "lane"]  # fixtures


def pause_after(lane: Lane, clock: Clock, retry_after: float | None = None) -> float:
    """Return the seconds that the lane is closed after a refusal."""
    lane.take_turn()
    lane.refused(retry_after)
    until = lane.status().paused_until
    assert until is not None
    return until.timestamp() - clock.seconds


def test_each_refusal_in_a_row_doubles_the_pause_up_to_a_quarter_of_an_hour(lane: Lane, clock: Clock) -> None:
    pauses = []
    for _ in range(7):
        pauses.append(pause_after(lane, clock))
        clock.seconds += pauses[-1]

    assert pauses == [30, 60, 120, 240, 480, 900, 900]


def test_an_answer_begins_the_pauses_anew(lane: Lane, clock: Clock) -> None:
    clock.seconds += pause_after(lane, clock)

    ask(lane)

    assert lane.status().streak == 0
    assert pause_after(lane, clock) == 30


@pytest.mark.parametrize(("asked_for", "paused"), [(5, 30), (90, 90), (86_400, 3600), (-7, 30)])
def test_a_longer_pause_that_the_source_asks_for_is_kept_within_reason(
    lane: Lane, clock: Clock, asked_for: float, paused: float
) -> None:
    assert pause_after(lane, clock, asked_for) == paused


def test_while_it_is_paused_nobody_asks_and_all_are_told_until_when(lane: Lane, clock: Clock) -> None:
    clock.seconds = datetime(2024, 6, 3, 14, 5, tzinfo=UTC).timestamp()
    pause_after(lane, clock)

    with pytest.raises(RateLimited) as caught:
        lane.take_turn()

    assert caught.value.message == (
        "The Exchange received too many requests and asks for a pause. It is asked again after 14:05:30 UTC."
    )
    assert clock.slept == []


def test_those_who_wait_when_the_pause_begins_do_not_ask(lane: Lane, clock: Clock) -> None:
    waiter = Worker(lane)
    lane.take_turn()
    waiter.ask()

    lane.refused(None)
    clock.seconds += 1

    assert waiter.ask() == ("paused", clock.seconds + 29)
    assert lane.status().waiting == 0


def test_after_the_pause_one_finds_out_and_the_others_wait(lane: Lane, clock: Clock) -> None:
    clock.seconds += pause_after(lane, clock)
    probe, others = Worker(lane), [Worker(lane) for _ in range(3)]

    first = probe.ask()
    clock.seconds += 10

    assert first == ("go", 0)
    assert {other.ask()[0] for other in others} == {"wait"}
    probe.answered()
    assert others[0].ask() == ("go", 0)


def test_a_refusal_from_before_the_pause_makes_it_no_longer_unless_it_says_so(
    lane: Lane, clock: Clock
) -> None:
    pause_after(lane, clock)

    lane.refused(10)
    meanwhile = lane.status()
    lane.refused(45)

    assert (meanwhile.streak, meanwhile.paused_until) == (1, datetime.fromtimestamp(clock.seconds + 30, UTC))
    assert lane.status().paused_until == datetime.fromtimestamp(clock.seconds + 45, UTC)


def test_an_answer_to_a_turn_that_ran_out_does_not_end_the_pause(lane: Lane, clock: Clock) -> None:
    late = Worker(lane)
    late.ask()
    clock.seconds += TURN_SECONDS
    pause_after(lane, clock)

    late.answered()

    assert lane.status().reason == "refused"


def test_five_failures_in_a_row_pause_too_and_each_further_one_at_once(lane: Lane, clock: Clock) -> None:
    for _ in range(5):
        assert lane.status().reason == ""
        lane.take_turn()
        lane.failed()
    with pytest.raises(Unreachable, match=r"^The Exchange failed several times in a row\. It is asked again"):
        lane.take_turn()
    clock.seconds += 30

    lane.take_turn()
    lane.failed()

    assert (lane.status().reason, lane.status().streak) == ("failing", 2)


def test_a_turn_given_back_says_nothing_of_the_source(lane: Lane, clock: Clock) -> None:
    clock.seconds += pause_after(lane, clock)

    lane.take_turn()
    lane.give_back()

    assert lane.status().streak == 1
    assert Worker(lane).ask() == ("wait", 1)


def test_staff_can_open_a_paused_lane(lane: Lane, clock: Clock) -> None:
    pause_after(lane, clock)

    lane.reopen()

    status = lane.status()
    assert (status.paused_until, status.reason, status.streak) == (None, "", 0)
    clock.seconds += 1
    ask(lane)


def test_the_status_counts_an_hour_of_requests_and_a_day_of_refusals(lane: Lane, clock: Clock) -> None:
    pause_after(lane, clock)
    clock.seconds += 3601
    pause_after(lane, clock)
    clock.seconds += 61
    lane.take_turn()

    Worker(lane).ask()

    status = lane.status()
    assert (status.source, status.rate) == ("trial", 1.0)
    assert (status.requests_last_hour, status.refusals_last_day, status.waiting) == (2, 2, 1)


def test_lanes_of_two_sources_know_nothing_of_each_other(lane: Lane, clock: Clock) -> None:
    pause_after(lane, clock)

    assert lane_of("yahoo").status().paused_until is None
