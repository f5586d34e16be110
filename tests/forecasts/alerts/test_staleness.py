"""Prices that stopped coming."""

from datetime import UTC, datetime

import pytest
from time_machine import Traveller

from accounts.models import User
from forecasts.alerts.raising import raise_alerts
from forecasts.models import Alert
from tests.factories import InstrumentFactory, WatchlistFactory, bars
from tests.forecasts.alerts.made import NEXT, close, rule, stock

pytestmark = pytest.mark.usefixtures("evening")
# Prices are expected at latest fifty minutes after a close, which in January is at 21:00.
TUESDAY, WEDNESDAY, THURSDAY = (datetime(2026, 1, day, 22, tzinfo=UTC) for day in (6, 7, 8))


@pytest.mark.parametrize(("now", "told"), [(TUESDAY, 0), (WEDNESDAY, 0), (THURSDAY, 1)])
def test_it_is_told_after_more_than_two_sessions(
    user: User, evening: Traveller, now: datetime, told: int
) -> None:
    """The last price is of Monday the 5th."""
    acme = stock()
    rule(user, "stale_data", acme)
    evening.move_to(now)

    assert raise_alerts() == told


def test_a_weekend_and_a_holiday_are_no_sessions(user: User, evening: Traveller) -> None:
    """Monday the 19th is Martin Luther King's day: after Thursday only Friday and Tuesday lack."""
    acme = InstrumentFactory(yahoo=True)
    bars(acme, last=datetime(2026, 1, 15, tzinfo=UTC).date())
    rule(user, "stale_data", acme)
    evening.move_to(datetime(2026, 1, 20, 23, tzinfo=UTC))

    assert raise_alerts() == 0


def test_an_outage_is_told_once_and_the_next_one_anew(user: User, evening: Traveller) -> None:
    acme = stock()
    rule(user, "stale_data", acme)
    evening.move_to(THURSDAY)
    first = raise_alerts()
    evening.move_to(datetime(2026, 1, 9, 22, tzinfo=UTC))
    still = raise_alerts()

    friday = datetime(2026, 1, 9, 22, tzinfo=UTC)
    close(acme, 100.0, day=friday.date(), at=friday)
    over = raise_alerts()
    evening.move_to(datetime(2026, 1, 15, 22, tzinfo=UTC))

    assert (first, still, over, raise_alerts()) == (1, 0, 0, 1)


def test_a_source_that_stays_behind_is_told_once(user: User, evening: Traveller) -> None:
    """Each day another price comes, three sessions late, until one comes in time; then it stops again."""
    acme = stock()
    rule(user, "stale_data", acme)
    raised = []
    for day, late in ((8, 5), (9, 6), (12, 7), (13, 8), (14, 14), (21, 14), (22, 15), (23, 16)):
        now = datetime(2026, 1, day, 22, tzinfo=UTC)
        evening.move_to(now)
        if not acme.bars.filter(date=now.replace(day=late).date()).exists():
            close(acme, 100.0, day=now.replace(day=late).date(), at=now)
        raised.append(raise_alerts())

    assert raised == [1, 0, 0, 0, 0, 1, 0, 0]


def test_who_comes_later_is_told_of_the_same_outage(user: User, other: User, evening: Traveller) -> None:
    acme = stock()
    rule(user, "stale_data", acme)
    evening.move_to(THURSDAY)
    raise_alerts()
    rule(other, "stale_data", acme)

    assert [raise_alerts(), raise_alerts()] == [1, 0]


def test_what_the_source_no_longer_has_is_told_at_once(user: User) -> None:
    acme = stock(fetch_error={"code": "delisted", "message": "Yahoo Finance knows no ACME."})
    rule(user, "stale_data", acme)

    raise_alerts()

    alert = Alert.objects.get()
    assert alert.text == (
        "The last price of ACME is of 5 January 2026. Yahoo Finance no longer has it. "
        "Yahoo Finance knows no ACME."
    )
    assert alert.facts == {"last_session": "2026-01-05", "is_gone": True}


def test_a_passing_fault_is_no_outage(user: User) -> None:
    acme = stock(fetch_error={"code": "no_network", "message": "Yahoo did not answer."})
    rule(user, "stale_data", acme)

    assert raise_alerts() == 0


def test_samples_and_uploads_of_a_watchlist_are_left_out(user: User, evening: Traveller) -> None:
    sample, upload = InstrumentFactory(), InstrumentFactory(upload=True, owner=user)
    bars(sample)
    bars(upload)
    never = InstrumentFactory(yahoo=True)
    rule(user, "stale_data", WatchlistFactory(owner=user, instruments=[sample, upload, never]))

    assert raise_alerts() == 0


def test_a_new_rule_tells_of_an_outage_that_is_older(user: User, evening: Traveller) -> None:
    acme = stock()
    evening.move_to(THURSDAY)
    rule(user, "stale_data", acme, active_since=THURSDAY)

    assert raise_alerts() == 1
    assert Alert.objects.get().event == f"stale_data:{acme.pk}:{NEXT.replace(day=5)}"
