"""Bands that become wider or narrower than usual."""

from datetime import timedelta

import pytest
from time_machine import Traveller

from accounts.models import User
from forecasts.alerts.band_widths import side_of, usual_range
from forecasts.alerts.raising import raise_alerts
from forecasts.models import Alert, Instrument
from tests.forecasts.alerts.made import ANCHOR, EVENING, counted, redraw, rule, sessions_until, stock

HISTORY = [1.0 + 0.01 * number for number in range(21)]  # 1.00 to 1.20


@pytest.mark.parametrize(
    ("newest", "side"), [(1.1, ""), (1.19, ""), (1.195, "wider"), (1.01, ""), (1.005, "narrower")]
)
def test_the_usual_range_reaches_from_5_to_95_per_cent(newest: float, side: str) -> None:
    """Of 1.00 to 1.20 in 21 steps that is 1.01 to 1.19."""
    assert usual_range(HISTORY) == pytest.approx((1.01, 1.19))
    assert side_of([newest, *HISTORY]) == side


def test_fewer_than_twenty_are_too_few_to_call_anything_usual() -> None:
    assert side_of([9.0, *HISTORY[:19]]) == ""
    assert side_of([9.0, *HISTORY[:20]]) == "wider"


def test_only_the_last_sixty_count() -> None:
    assert side_of([1.5, *[1.0, 1.1] * 30, *[2.0] * 100]) == "wider"


def forecast_daily(instrument: Instrument, volatilities: list[float]) -> None:
    for day, volatility in zip(sessions_until(ANCHOR, len(volatilities)), volatilities, strict=True):
        redraw(counted(instrument, anchor=day, horizon=5), volatility)


USUAL = [0.02 + 0.0001 * (number % 5) for number in range(22)]


@pytest.mark.parametrize(
    ("newest", "side"), [([0.03], "wider"), ([0.01], "narrower"), ([0.0202], None), ([0.03, 0.03], "wider")]
)
def test_it_is_told_when_a_band_leaves_the_usual(
    user: User, evening: Traveller, newest: list[float], side: str | None
) -> None:
    """And not again while it stays outside on the same side."""
    acme = stock()
    forecast_daily(acme, [*USUAL, *newest])
    rule(user, "band_width", acme)

    raise_alerts()

    assert list(Alert.objects.values_list("facts__side", flat=True)) == ([side] if side else [])


def test_the_words_and_figures_are_of_the_fifth_session(user: User, evening: Traveller) -> None:
    acme = stock()
    forecast_daily(acme, [*USUAL, 0.03])
    rule(user, "band_width", acme)

    assert [raise_alerts(), raise_alerts()] == [1, 0]

    alert = Alert.objects.get()
    width = 2 * 1.2815515655 * 0.03 * 5**0.5
    assert alert.facts["width"] == pytest.approx(width)
    assert (alert.facts["step"], alert.facts["compared"]) == (5, 22)
    assert f"5 sessions ahead is {100 * width:.1f} % wide" in alert.text


@pytest.mark.parametrize("horizon", [1, 5, 60])
def test_asking_again_from_the_same_origin_tells_nothing_new(
    user: User, evening: Traveller, horizon: int
) -> None:
    acme = stock()
    forecast_daily(acme, [*USUAL, 0.03])
    rule(user, "band_width", acme)
    first = raise_alerts()

    redraw(counted(acme, horizon=horizon, finished_at=EVENING), 0.03)

    assert (first, raise_alerts()) == (1, 0)


@pytest.mark.parametrize("origin", [5, 6])
def test_a_short_forecast_in_between_does_not_make_it_news_again(
    user: User, evening: Traveller, origin: int
) -> None:
    """From the same origin as the one that was told, or from the next."""
    acme = stock()
    forecast_daily(acme, [*USUAL, 0.03])
    rule(user, "band_width", acme)
    raised = []
    for hours, day, horizon in ((1, origin, 1), (24, 7, 20)):
        finished_at = EVENING + timedelta(hours=hours)
        asked = {"anchor": ANCHOR.replace(day=day), "horizon": horizon, "finished_at": finished_at}
        redraw(counted(acme, **asked), 0.03)
        raised.append(raise_alerts())
        evening.move_to(finished_at)

    assert raised == [1, 0]


def test_many_that_ask_the_same_day_do_not_hide_the_days_before(user: User, evening: Traveller) -> None:
    acme = stock()
    forecast_daily(acme, [*USUAL, 0.03])
    for minute in range(100):
        finished_at = EVENING - timedelta(minutes=100 - minute)
        redraw(counted(acme, horizon=2, settings_hash=str(minute), finished_at=finished_at), 0.03)
    rule(user, "band_width", acme)

    assert raise_alerts() == 1


def test_a_new_rule_does_not_tell_of_the_forecast_before_it(user: User, evening: Traveller) -> None:
    acme = stock()
    forecast_daily(acme, [*USUAL, 0.03])
    rule(user, "band_width", acme, active_since=EVENING - timedelta(hours=1))

    assert raise_alerts() == 0
