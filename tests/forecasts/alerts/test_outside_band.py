"""Closes outside the band that was forecast for them."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine

from accounts.models import User
from forecasts.alerts.raising import raise_alerts
from forecasts.models import Alert, Forecast, PriceBar
from tests.factories import EvaluationFactory, WatchlistFactory
from tests.forecasts.alerts.made import ANCHOR, EVENING, NEXT, close, counted, rule, stock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _evening() -> Iterator[None]:
    with time_machine.travel(EVENING, tick=False):
        yield


@pytest.mark.parametrize(
    ("price", "band", "side"),
    [
        (103.0, 80, "above"),
        (97.0, 80, "below"),
        (102.0, 80, None),
        (103.0, 95, None),
        (104.5, 95, "above"),
        (95.5, 95, "below"),
    ],
)
def test_a_close_outside_the_band_is_told(user: User, price: float, band: int, side: str | None) -> None:
    acme = stock()
    counted(acme)
    close(acme, price)
    rule(user, "outside_band", acme, band=band)

    raised = raise_alerts()

    told = list(Alert.objects.values_list("kind", "event", "facts__side"))
    assert raised == len(told)
    assert told == ([("outside_band", f"outside_band:{band}:{acme.pk}:{NEXT}", side)] if side else [])


def test_the_words_say_what_closed_where_and_what_was_expected(user: User) -> None:
    acme = stock()
    forecast = counted(acme)
    close(acme, 103.0)
    rule(user, "outside_band", acme)

    raise_alerts()

    alert = Alert.objects.get()
    assert alert.title == "ACME closed above its 80 % band"
    assert alert.text == (
        "ACME closed at 103.00 USD on 6 January 2026, above the 80 % band from 97.47 to 102.60 of the "
        "forecast of 5 January 2026 (house model)."
    )
    assert (alert.forecast, alert.instrument, alert.owner) == (forecast, acme, user)


def test_it_is_told_once_however_often_it_is_looked_for(user: User) -> None:
    acme = stock()
    counted(acme)
    close(acme, 103.0)
    rule(user, "outside_band", acme)

    assert [raise_alerts() for _ in range(3)] == [1, 0, 0]


def test_both_bands_are_told_apart(user: User) -> None:
    acme = stock()
    counted(acme)
    close(acme, 105.0)
    for band in (80, 95):
        rule(user, "outside_band", acme, band=band)

    assert raise_alerts() == 2


def test_the_newest_forecast_counts(user: User) -> None:
    """A week-old forecast of that day had a wider band."""
    acme = stock()
    counted(acme, anchor=date(2025, 12, 29))
    newest = counted(acme)
    close(acme, 103.0)
    rule(user, "outside_band", acme)

    raise_alerts()

    assert Alert.objects.get().forecast == newest


def test_a_method_is_heard_alone(user: User) -> None:
    acme = stock()
    counted(acme, anchor=date(2025, 12, 29), method=Forecast.Method.FINE_TUNED)  # 6.1 % to both sides
    counted(acme)
    close(acme, 103.0)
    rule(user, "outside_band", acme, method=Forecast.Method.FINE_TUNED)

    assert raise_alerts() == 0


@pytest.mark.parametrize("step", [None, 2])
def test_what_was_said_too_late_does_not_count(user: User, step: int | None) -> None:
    acme = stock()
    counted(acme, first_counted_step=step)
    close(acme, 103.0)
    rule(user, "outside_band", acme)

    assert raise_alerts() == 0


def test_a_session_that_ended_before_the_rule_is_not_told(user: User) -> None:
    acme = stock()
    counted(acme)
    close(acme, 103.0)
    rule(user, "outside_band", acme, active_since=EVENING - timedelta(minutes=30))

    assert raise_alerts() == 0


def test_an_unfinished_session_is_not_told(user: User) -> None:
    acme = stock()
    counted(acme)
    close(acme, 103.0, state=PriceBar.State.UNFINISHED)
    rule(user, "outside_band", acme)

    assert raise_alerts() == 0


def test_a_provisional_close_is_told_and_not_again_when_it_is_final(user: User) -> None:
    acme = stock()
    counted(acme)
    close(acme, 103.0, state=PriceBar.State.PROVISIONAL)
    rule(user, "outside_band", acme)
    first = raise_alerts()

    PriceBar.objects.filter(instrument=acme, date=NEXT).update(close=104.0, adj_close=104.0, state="final")

    assert (first, raise_alerts()) == (1, 0)


def test_a_dividend_is_no_fall(user: User) -> None:
    """97 after a dividend of 3: the return is nought."""
    acme = stock()
    counted(acme)
    acme.bars.update(adj_close=97.0)
    close(acme, 97.0)
    rule(user, "outside_band", acme)

    assert raise_alerts() == 0


def test_a_split_is_no_fall(user: User) -> None:
    """What was 100 at the anchor is 50 on today's basis, and so is the band."""
    acme = stock()
    counted(acme)
    acme.bars.update(close=50.0, adj_close=50.0)
    acme.actions.create(kind="split", date=NEXT, value=2.0)
    close(acme, 51.5)
    rule(user, "outside_band", acme)

    raise_alerts()

    facts = Alert.objects.get().facts
    assert (round(facts["low"], 2), round(facts["high"], 2)) == (48.73, 51.3)


@pytest.mark.parametrize(("verdict", "told"), [("worse_than_naive", 0), ("sharper", 1)])
def test_the_cone_that_is_shown_is_the_one_that_counts(user: User, verdict: str, told: int) -> None:
    """The naive cone is a tenth wider: it holds 102.70, the model's band does not."""
    acme = stock()
    counted(acme, evaluation=EvaluationFactory(instrument=acme, trust=verdict))
    close(acme, 102.7)
    rule(user, "outside_band", acme)

    assert raise_alerts() == told


def test_all_on_a_watchlist_are_looked_at(user: User) -> None:
    names = [stock("ACME"), stock("BOLT"), stock("CORE")]
    for instrument in names:
        counted(instrument)
    close(names[0], 103.0)
    close(names[1], 90.0)
    close(names[2], 100.0)
    rule(user, "outside_band", WatchlistFactory(owner=user, instruments=names))

    raise_alerts()

    assert set(Alert.objects.values_list("instrument__symbol", flat=True)) == {"ACME", "BOLT"}


def test_what_happened_before_an_instrument_came_onto_the_list_is_not_told(user: User) -> None:
    watchlist = WatchlistFactory(owner=user, instruments=[])
    rule(user, "outside_band", watchlist)
    acme = stock()
    counted(acme)
    close(acme, 103.0)
    watchlist.entries.create(instrument=acme)

    assert raise_alerts() == 0


def test_old_history_that_comes_late_is_no_news(user: User) -> None:
    acme = stock()
    day = ANCHOR - timedelta(days=31)
    counted(acme, anchor=day - timedelta(days=1))
    acme.bars.filter(date=day).update(close=200.0, adj_close=200.0, fetched_at=EVENING)
    rule(user, "outside_band", acme, active_since=EVENING - timedelta(days=300))

    assert raise_alerts() == 0
