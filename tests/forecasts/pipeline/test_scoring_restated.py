"""Scores of outcomes that are restated: scored again, and both are kept."""

from datetime import timedelta
from math import log

import numpy as np
import pytest

from forecasts.models import Instrument, PriceBar, Score
from forecasts.pipeline import score_due
from tests.factories import LAST_DAY, InstrumentFactory, bars
from tests.forecasts.issued import DAYS, SATURDAY, add_bar, add_days, issue, restate, steps_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def instrument() -> Instrument:
    """A stock with 300 bars up to Friday 2013-03-01, whose last close is 100."""
    made: Instrument = InstrumentFactory(yahoo=True, symbol="ACME")
    bars(made, 300)
    return made


def test_a_session_that_comes_late_is_scored_then(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_bar(instrument, DAYS[0], 101.0)
    add_bar(instrument, DAYS[2], 102.0)
    score_due()
    add_bar(instrument, DAYS[1], 99.0)
    restate(instrument)  # as storing does where a session comes late

    assert score_due() == 2
    assert steps_of(forecast) == [1, 2, 3]
    assert not Score.objects.filter(version=2).exists()


def test_a_restated_close_is_scored_again_and_both_are_kept(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 3)
    score_due()
    first = forecast.scores.get(series="model", step=2)
    PriceBar.objects.filter(instrument=instrument, date=DAYS[1]).update(adj_close=99.5)
    restate(instrument)

    assert score_due() == 2
    assert score_due() == 0

    old, new = forecast.scores.filter(series="model", step=2).order_by("version")
    assert (old.version, old.actual, old.scored_at) == (1, first.actual, first.scored_at)
    assert old.superseded_at is not None
    assert (new.version, new.actual, new.superseded_at) == (2, pytest.approx(log(0.995)), None)
    assert steps_of(forecast) == [1, 2, 3]
    forecast.refresh_from_db()
    assert forecast.scores_revision == 2


def test_a_restated_anchor_changes_every_step(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 3)
    score_due()
    PriceBar.objects.filter(instrument=instrument, date=LAST_DAY).update(adj_close=100.3)
    restate(instrument)

    score_due()

    assert steps_of(forecast) == [1, 2, 3]
    assert set(forecast.scores.current().values_list("version", flat=True)) == {2}
    assert forecast.scores.count() == 12


def test_a_third_version_follows_the_second(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 1)
    score_due()
    for close in (101.5, 102.0):
        PriceBar.objects.filter(instrument=instrument, date=DAYS[0]).update(adj_close=close)
        restate(instrument)
        score_due()

    versions = forecast.scores.filter(series="model").order_by("version").values_list("version", "actual")
    assert list(versions) == [(n, pytest.approx(log(c / 100))) for n, c in ((1, 101), (2, 101.5), (3, 102))]


def test_a_split_changes_no_score(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 3)
    score_due()
    before = list(Score.objects.order_by("pk").values())
    for bar in PriceBar.objects.filter(instrument=instrument):  # as a source rounds what it divides
        PriceBar.objects.filter(pk=bar.pk).update(adj_close=float(np.float32(bar.adj_close / 3)))
    restate(instrument)

    assert score_due() == 0
    assert list(Score.objects.order_by("pk").values()) == before
    forecast.refresh_from_db()
    assert forecast.scores_revision == 2


def test_what_happened_is_not_forgotten_with_its_bar(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 3)
    score_due()
    PriceBar.objects.filter(instrument=instrument, date=DAYS[1]).delete()
    restate(instrument)

    assert score_due() == 0
    assert steps_of(forecast) == [1, 2, 3]


def test_a_restatement_before_anything_is_scored_is_no_news(instrument: Instrument) -> None:
    forecast = issue(instrument)
    restate(instrument)
    add_days(instrument, 1)

    assert score_due() == 2
    forecast.refresh_from_db()
    assert forecast.scores_revision == 2


def test_only_current_scores_are_read_as_such(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 1)
    score_due()
    Score.objects.filter(series="model").update(superseded_at=SATURDAY + timedelta(days=9))

    assert steps_of(forecast) == []
    assert forecast.scores.count() == 2


def test_bars_that_were_taken_away_and_come_again_otherwise_are_scored_again(instrument: Instrument) -> None:
    forecast = issue(instrument)
    add_days(instrument, 3)
    score_due()
    PriceBar.objects.filter(instrument=instrument, date__gte=DAYS[1]).delete()
    restate(instrument)  # as where an owner replaces a history by a shorter one
    score_due()
    add_bar(instrument, DAYS[1], 99.0)  # the same as before
    add_bar(instrument, DAYS[2], 90.0)

    assert score_due() == 2
    assert score_due() == 0

    told = forecast.scores.filter(series="model").order_by("step", "version")
    assert list(told.values_list("step", "version")) == [(1, 1), (2, 1), (3, 1), (3, 2)]
    assert told[3].actual == pytest.approx(log(0.9))
    assert steps_of(forecast) == [1, 2, 3]
