"""One lane: who may ask when, and in which order."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from pytest_django.fixtures import Settings

from forecasts.market_data.base import ProviderError, RateLimited
from forecasts.market_data.lane import GRACE_SECONDS, NAP_SECONDS, TURN_SECONDS, Lane, lane_of, waiting
from tests.forecasts.market_data.lanes import Clock, Worker, ask, clock, lane, redis_client

__all__ = ["clock", "lane"]  # fixtures


# The rate -------------------------------------------------------------------------------------------------


def test_turns_begin_as_far_apart_as_the_rate_says(lane: Lane, clock: Clock) -> None:
    began = []
    for _ in range(4):
        lane.take_turn()
        began.append(clock.seconds)
        lane.answered()

    assert [later - began[0] for later in began] == [0, 1, 2, 3]


def test_a_lane_left_alone_saves_up_nothing(lane: Lane, clock: Clock) -> None:
    ask(lane)
    clock.seconds += 3600

    ask(lane)
    ask(lane)

    assert sum(clock.slept) == 1


def test_the_rate_comes_from_the_sources_setting(settings: Settings) -> None:
    settings.YAHOO_RATE = 0.25

    assert (lane_of("yahoo").rate, lane_of("yahoo").name) == (0.25, "Yahoo Finance")


def test_the_next_turn_waits_for_the_end_of_this_one(lane: Lane, clock: Clock) -> None:
    first, second = Worker(lane), Worker(lane)
    first.ask()
    clock.seconds += 5

    while_it_lasts = second.ask()
    first.answered()

    assert while_it_lasts == ("wait", 0.05)
    assert second.ask() == ("go", 0)


def test_the_turn_of_a_dead_worker_runs_out(lane: Lane, clock: Clock) -> None:
    dead, living = Worker(lane), Worker(lane)
    dead.ask()
    clock.seconds += TURN_SECONDS - 0.1
    too_early, _ = living.ask()
    clock.seconds += 0.1

    assert (too_early, living.ask()) == ("wait", ("go", 0))


def test_who_takes_a_turn_without_ending_the_last_one_holds_nobody_up(lane: Lane, clock: Clock) -> None:
    lane.take_turn()

    lane.take_turn()

    assert sum(clock.slept) == 1


# The order ------------------------------------------------------------------------------------------------


def test_who_came_first_goes_first(lane: Lane, clock: Clock) -> None:
    holder, first, second = Worker(lane), Worker(lane), Worker(lane)
    holder.ask()
    waits = [first.ask(), second.ask()]
    holder.answered()
    clock.seconds += 1

    assert waits == [("wait", 1), ("wait", 1)]
    assert [second.ask(), first.ask()] == [("wait", 1), ("go", 0)]


def test_who_looks_again_late_keeps_its_place(lane: Lane, clock: Clock) -> None:
    holder, late = Worker(lane), Worker(lane)
    holder.ask()
    late.ask()
    holder.answered()

    clock.seconds += 60

    assert late.ask() == ("go", 0)


def test_background_work_goes_when_nobody_else_waits(lane: Lane, clock: Clock) -> None:
    holder, background, page = Worker(lane), Worker(lane), Worker(lane)
    holder.ask()
    background.ask(background=True)
    page.ask()
    holder.answered()
    clock.seconds += 1

    first = [background.ask(background=True)[0], page.ask()[0]]
    page.answered()
    clock.seconds += 1

    assert first == ["wait", "go"]
    assert background.ask(background=True) == ("go", 0)


def test_all_turns_inside_a_manner_are_taken_so(lane: Lane) -> None:
    Worker(lane).ask()

    with waiting(patience=0.5, background=True), pytest.raises(RateLimited) as caught:
        lane.take_turn()

    assert caught.value.message == "Too many requests wait for The Exchange: the next turn is 1 s away."


def test_one_who_died_waiting_is_passed_over(lane: Lane, clock: Clock) -> None:
    holder, dead, living = Worker(lane), Worker(lane), Worker(lane)
    holder.ask()
    dead.ask()
    living.ask()
    holder.answered()
    clock.seconds += NAP_SECONDS + 0.5
    too_early, _ = living.ask()
    clock.seconds += GRACE_SECONDS

    assert (too_early, living.ask()) == ("wait", ("go", 0))


def test_who_would_wait_too_long_takes_no_place(lane: Lane) -> None:
    for _ in range(4):
        Worker(lane).ask()

    assert Worker(lane).ask(patience=3.9) == ("busy", 4)
    assert lane.status().waiting == 3


def test_patience_that_runs_out_ends_the_waiting(lane: Lane, clock: Clock) -> None:
    Worker(lane).ask()

    with pytest.raises(RateLimited):
        lane.take_turn(patience=3)

    assert 3 <= sum(clock.slept) < 3.1
    assert lane.status().waiting == 0


def test_an_interrupted_wait_leaves_the_queue(lane: Lane, clock: Clock) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    Worker(lane).ask()
    lane._sleep = interrupt

    with pytest.raises(KeyboardInterrupt):
        lane.take_turn()

    assert lane.status().waiting == 0


# Redis ----------------------------------------------------------------------------------------------------


def test_without_redis_nobody_asks(lane: Lane, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(ProviderError) as caught:
        lane.take_turn()

    assert caught.value.message == (
        "The Exchange was not asked, because Redis cannot be reached: it keeps the queue of requests."
    )
    assert caught.value.remedy == "Start Redis, or tell the people who run this site."
    with pytest.raises(ProviderError):
        lane.status()
    with pytest.raises(ProviderError):
        lane.reopen()


def test_what_came_of_a_turn_may_be_lost_with_redis(lane: Lane, settings: Settings) -> None:
    lane.take_turn()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    lane.answered()

    with pytest.raises(ProviderError):
        lane.take_turn()


def test_threads_that_ask_at_once_get_their_turns_apart_by_redis_clock() -> None:
    lane = Lane("threads", "The Exchange", 200.0)

    def work() -> None:
        for _ in range(5):
            ask(lane)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    began = [moment for _, moment in redis_client().zrange(lane.keys[3], 0, -1, withscores=True)]
    assert len(began) == 20
    assert min(later - earlier for earlier, later in pairwise(began)) >= 5_000
    redis_client().delete(*lane.keys)
