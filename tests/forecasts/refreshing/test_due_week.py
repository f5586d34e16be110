"""A week of several exchanges by a simulated clock, with Good Friday and Easter Monday in it."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from forecasts import calendars
from forecasts.calendars import EVERY_DAY, WEEKDAYS
from forecasts.refreshing.due import SETTLE, SPREAD, Clock, Facts, choose

CALENDARS = ("XNYS", "XLON", "XTKS", EVERY_DAY, WEEKDAYS)
FIRST, LAST = date(2024, 3, 27), date(2024, 4, 3)
START = datetime(2024, 3, 27, tzinfo=UTC)
PER_MINUTE = 40
Fetch = tuple[int, date, datetime]


def market(count: int) -> dict[int, Facts]:
    """Return instruments that have everything up to the day before the week."""
    return {
        pk: Facts(pk, "yahoo", calendar, calendars.last_closed_session(calendar, START))
        for pk, calendar in ((pk, CALENDARS[pk % len(CALENDARS)]) for pk in range(1, count + 1))
    }


def live(known: dict[int, Facts], tick: timedelta, failing: float = 0.0) -> list[Fetch]:
    """Let the week pass; a look stores the newest closed session, unless the source fails just then."""
    fetched, chance, now = [], Random(7), START
    while now < START + timedelta(days=7):
        allowed = {"yahoo": int(PER_MINUTE * tick / timedelta(minutes=1))}
        for pk in choose(known.values(), Clock(now), allowed):
            facts = known[pk]
            if chance.random() < failing:
                known[pk] = replace(facts, vain=facts.vain + 1, tried_at=now)
                continue
            session = calendars.last_closed_session(facts.calendar, now)
            known[pk] = replace(facts, last_closed=session, vain=0, tried_at=now)
            fetched.append((pk, session, now))
        now += tick
    return fetched


def expected(known: dict[int, Facts]) -> set[tuple[int, date]]:
    """Return the sessions of the week whose last instrument was due before its end."""
    end = START + timedelta(days=7) - SETTLE - SPREAD
    return {
        (pk, day)
        for pk, facts in known.items()
        for day in calendars.sessions_between(facts.calendar, FIRST, LAST)
        if calendars.closes_at(facts.calendar, day) <= end
    }


def is_trading(calendar: str, now: datetime) -> bool:
    day = calendars.session_at_or_before(calendar, now.date())
    return calendars.opens_at(calendar, day) <= now < calendars.closes_at(calendar, day)


def check(known: dict[int, Facts], fetched: list[Fetch]) -> None:
    times = Counter((pk, session) for pk, session, _ in fetched)
    assert set(times) == expected(known)
    assert set(times.values()) == {1}
    for pk, session, now in fetched:
        calendar = known[pk].calendar
        assert now >= calendars.closes_at(calendar, session) + SETTLE
        assert calendar in (EVERY_DAY, WEEKDAYS) or not is_trading(calendar, now)


def test_in_a_week_each_session_is_fetched_once_after_its_close() -> None:
    known = market(25)

    fetched = live(known, timedelta(minutes=5))

    check(known, fetched)


def test_a_week_with_failures_ends_with_everything_stored() -> None:
    known = market(25)

    live(known, timedelta(minutes=5), failing=0.3)

    latest = START + timedelta(days=7) - timedelta(hours=12)
    assert all(
        facts.last_closed is not None
        and facts.last_closed >= calendars.last_closed_session(facts.calendar, latest)
        for facts in known.values()
    )


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_in_a_week_five_hundred_are_fetched_once_a_session_and_one_after_the_other() -> None:
    known = market(500)

    fetched = live(known, timedelta(minutes=1))

    check(known, fetched)
    # A hundred follow each exchange, and are spread over half an hour.
    assert max(Counter(now for _, _, now in fetched).values()) <= 12
    late = [now - calendars.closes_at(known[pk].calendar, day) for pk, day, now in fetched]
    assert max(late) <= SETTLE + SPREAD + timedelta(minutes=1)
