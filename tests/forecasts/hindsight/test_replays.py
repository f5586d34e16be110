"""A replay's numbers as prices, beside what happened."""

from datetime import timedelta
from math import exp

import pytest

from forecasts.hindsight import coverage_of, said_at
from forecasts.models import PriceBar, Replay
from tests.factories import LAST_DAY, bars, normal_quantiles, weekdays_until
from tests.forecasts.replayed import ReplayFactory

DAYS = weekdays_until(LAST_DAY, 10)


@pytest.fixture
def replay(db: None) -> Replay:
    """Ten origins of a price that stands at 100, but for the last day's 150."""
    replay: Replay = ReplayFactory(succeeded=True)
    bars(replay.instrument, closes=[100.0] * 19 + [150.0])
    return replay


def test_each_origin_has_its_prices_and_what_came(replay: Replay) -> None:
    said = said_at(replay, 5)

    assert [one.origin for one in said] == DAYS
    assert said[0].date == DAYS[5]
    assert said[0].quantiles == [100.0 * exp(q) for q in normal_quantiles(5)]
    assert [one.actual for one in said] == [100.0, 100.0, 100.0, 100.0, 150.0, *[None] * 5]
    assert [one.held(80) for one in said] == [True, True, True, True, False, *[None] * 5]


def test_a_dividend_counts_as_return(replay: Replay) -> None:
    PriceBar.objects.filter(date__lt=DAYS[3]).update(adj_close=50.0)

    assert said_at(replay, 1)[2].actual == 200.0


def test_a_provisional_bar_is_no_outcome(replay: Replay) -> None:
    PriceBar.objects.filter(date=LAST_DAY).update(state="provisional")

    assert [one.actual for one in said_at(replay, 1)][-2:] == [100.0, None]


def test_an_origin_whose_bar_has_gone_is_left_out(replay: Replay) -> None:
    PriceBar.objects.filter(date=DAYS[0]).delete()

    assert [one.origin for one in said_at(replay, 1)] == DAYS[1:]


def test_coverage_counts_what_is_known_at_each_step(replay: Replay) -> None:
    one, five, ten, twenty = coverage_of(replay)

    assert [row.step for row in (one, five, ten, twenty)] == [1, 5, 10, 20]
    assert [row.known for row in (one, five, ten, twenty)] == [9, 5, 0, 0]
    assert one.model == [8 / 9] * 4
    assert five.naive == [4 / 5] * 4
    assert ten.model == [None] * 4


def test_coverage_tells_the_bands_apart(replay: Replay) -> None:
    target = exp(normal_quantiles(1)[14] * 0.99) * 100  # between the upper bounds of the 80 and the 90 % band
    PriceBar.objects.filter(date__gte=DAYS[1]).update(close=target, adj_close=target)

    coverage = coverage_of(replay)[0]

    assert coverage.model == [8 / 9, 8 / 9, 1.0, 1.0]
    assert coverage.naive == [8 / 9, 1.0, 1.0, 1.0]


def test_what_is_to_come_lies_on_the_calendar(replay: Replay) -> None:
    assert said_at(replay, 1)[-1].date == LAST_DAY + timedelta(days=3)
