"""The chance that a price is touched."""

from datetime import date, timedelta

import pytest
from time_machine import Traveller

from accounts.models import User
from forecasts.alerts.raising import raise_alerts
from forecasts.chances import chance_of_price
from forecasts.models import Alert, Forecast
from forecasts.services import RuleWish, make_rule
from tests.forecasts.alerts.made import EVENING, counted, redraw, rule, stock

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (5, 6, 7))
pytestmark = pytest.mark.usefixtures("evening")


def test_a_chance_at_the_threshold_or_above_is_told(user: User) -> None:
    """A cone of 2 % a day touches 5 % above within 20 sessions more often than not."""
    acme = stock()
    forecast = counted(acme)
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)

    raise_alerts()

    alert = Alert.objects.get()
    expected = chance_of_price(forecast, price=105.0, step=20).touch_at_any_moment
    assert 0.5 < expected < 0.6
    assert alert.facts == {
        "price": 105.0,
        "threshold": 0.5,
        "chance": pytest.approx(expected),
        "chance_before": None,
        "sessions": 20,
    }
    assert alert.text == (
        "By the forecast of 5 January 2026 (house model) ACME touches 105.00 USD within 20 sessions with a "
        f"chance of {100 * expected:.0f} %. You wanted to be told from 50 % on."
    )


@pytest.mark.parametrize(("price", "threshold"), [(105.0, 0.6), (150.0, 0.01)])
def test_a_chance_below_the_threshold_is_not(user: User, price: float, threshold: float) -> None:
    acme = stock()
    counted(acme)
    rule(user, "price_chance", acme, price=price, threshold=threshold)

    assert raise_alerts() == 0


def test_a_fall_is_touched_from_above(user: User) -> None:
    acme = stock()
    counted(acme)
    rule(user, "price_chance", acme, price=95.0, threshold=0.5)

    assert raise_alerts() == 1


def test_it_is_told_once_while_it_stays_above(user: User, evening: Traveller) -> None:
    acme = stock()
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)
    raised = []
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        forecast = counted(acme, anchor=day)
        evening.move_to(forecast.finished_at + timedelta(minutes=1))
        raised.append(raise_alerts())

    assert raised == [1, 0, 0]


def test_it_is_told_again_after_it_was_below(user: User, evening: Traveller) -> None:
    acme = stock()
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)
    raised = []
    for day, volatility in ((MONDAY, 0.02), (TUESDAY, 0.005), (WEDNESDAY, 0.02)):
        forecast = redraw(counted(acme, anchor=day), volatility)
        evening.move_to(forecast.finished_at + timedelta(minutes=1))
        raised.append(raise_alerts())

    assert raised == [1, 0, 1]


def test_each_method_is_compared_with_itself(user: User, evening: Traveller) -> None:
    """The house model stays above and the fine-tuned one below: that is no crossing, day after day."""
    acme = stock()
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)
    raised = []
    for day in (MONDAY, TUESDAY):
        counted(acme, anchor=day)
        narrow = redraw(counted(acme, anchor=day, method=Forecast.Method.FINE_TUNED), 0.005)
        evening.move_to(narrow.finished_at + timedelta(minutes=1))
        raised.append(raise_alerts())

    assert raised == [1, 0]


def test_a_new_rule_hears_what_the_newest_forecast_says_already(user: User) -> None:
    acme = stock()
    counted(acme, anchor=MONDAY - timedelta(days=3))
    counted(acme)
    rule(user, "price_chance", acme, price=105.0, threshold=0.5, active_since=EVENING)

    assert [raise_alerts(), raise_alerts()] == [1, 0]


def test_a_forecast_whose_sessions_are_over_is_no_news(user: User, evening: Traveller) -> None:
    acme = stock()
    counted(acme)
    evening.shift(timedelta(days=60))
    rule(user, "price_chance", acme, price=105.0, threshold=0.5, active_since=EVENING + timedelta(days=60))

    assert raise_alerts() == 0


def test_a_replay_says_nothing(user: User) -> None:
    acme = stock()
    counted(acme, first_counted_step=None)
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)

    assert raise_alerts() == 0


def test_a_split_since_the_rule_moves_its_price(user: User) -> None:
    acme = stock()
    made = make_rule(owner=user, wish=RuleWish("price_chance", "ACME", price=210.0, threshold=0.5))
    acme.actions.create(kind="split", date=EVENING.date(), value=2.0)
    counted(acme, anchor=TUESDAY)

    raise_alerts()

    assert made.price_splits == 1.0
    assert Alert.objects.get().facts["price"] == 105.0


def test_a_split_that_was_known_when_the_price_was_set_does_not(user: User) -> None:
    """On the day of the split, with prices on the new basis already."""
    acme = stock()
    acme.actions.create(kind="split", date=EVENING.date() + timedelta(days=1), value=2.0)
    make_rule(owner=user, wish=RuleWish("price_chance", "ACME", price=105.0, threshold=0.5))
    counted(acme, anchor=TUESDAY, split_factor=2.0)

    raise_alerts()

    assert Alert.objects.get().facts["price"] == 105.0


def test_a_crossing_that_nobody_looked_at_is_told_after_all(user: User, evening: Traveller) -> None:
    """Two forecasts later, as after an outage of workers."""
    acme = stock()
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)
    crossing = counted(acme)
    newest = redraw(counted(acme, anchor=TUESDAY), 0.005)
    evening.move_to(newest.finished_at + timedelta(minutes=1))

    assert raise_alerts() == 1
    assert Alert.objects.get().forecast == crossing


@pytest.mark.parametrize("horizon", [19, 60])
def test_asking_again_from_the_same_origin_tells_nothing_new(
    user: User, evening: Traveller, horizon: int
) -> None:
    acme = stock()
    redraw(counted(acme, anchor=MONDAY - timedelta(days=3)), 0.005)
    counted(acme)
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)
    first = raise_alerts()

    counted(acme, horizon=horizon, finished_at=EVENING)

    assert (first, raise_alerts()) == (1, 0)


def test_a_short_forecast_in_between_does_not_make_it_news_again(user: User, evening: Traveller) -> None:
    """One session ahead 105 is far, whatever it is in twenty."""
    acme = stock()
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)
    raised = []
    for day, horizon in ((MONDAY, 20), (TUESDAY, 1), (WEDNESDAY, 20)):
        forecast = counted(acme, anchor=day, horizon=horizon)
        evening.move_to(forecast.finished_at + timedelta(minutes=1))
        raised.append(raise_alerts())

    assert raised == [1, 0, 0]


def test_what_a_rule_met_is_told_though_another_forecast_came_first(user: User, evening: Traveller) -> None:
    """The forecast that the rule met said so, but before anybody looked there was another."""
    acme = stock()
    counted(acme)
    rule(user, "price_chance", acme, price=105.0, threshold=0.5, active_since=EVENING)
    raised = []
    for day in (TUESDAY, WEDNESDAY):
        forecast = counted(acme, anchor=day, finished_at=EVENING + timedelta(days=day.day))
        evening.move_to(forecast.finished_at + timedelta(minutes=1))
        raised.append(raise_alerts())

    assert raised == [1, 0]


def test_asking_for_an_origin_of_the_past_makes_no_news(user: User, evening: Traveller) -> None:
    acme = stock()
    redraw(counted(acme, anchor=TUESDAY), 0.005)
    rule(user, "price_chance", acme, price=105.0, threshold=0.5)
    late = counted(acme, anchor=MONDAY, finished_at=EVENING + timedelta(hours=2), first_counted_step=3)
    evening.move_to(late.finished_at + timedelta(minutes=1))

    assert raise_alerts() == 0
