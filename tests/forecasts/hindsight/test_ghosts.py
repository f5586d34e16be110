"""What was said some sessions before a forecast."""

from collections.abc import Sequence
from datetime import date
from math import exp
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forecasts import charts
from forecasts.hindsight import Ghost, ghosts_of
from forecasts.models import CorporateAction, Forecast, Instrument, LedgerEntry, PriceBar
from tests.factories import (
    LAST_DAY,
    ForecastFactory,
    InstrumentFactory,
    bars,
    normal_quantiles,
    weekdays_until,
)
from tests.forecasts.replayed import ReplayFactory

FIVE_AGO = weekdays_until(LAST_DAY, 6)[0]
TWENTY_AGO = weekdays_until(LAST_DAY, 21)[0]


@pytest.fixture
def instrument(db: None) -> Instrument:
    instrument: Instrument = InstrumentFactory()
    bars(instrument, 60)
    return instrument


def entered(forecast: Forecast, kind: str = "issued", first_counted_step: int | None = 1) -> Forecast:
    number = LedgerEntry.objects.count() + 1
    forecast.entry = LedgerEntry.objects.create(
        number=number,
        kind=kind,
        content="{}",
        content_hash="c" * 64,
        previous_hash=f"{number - 1:064x}",
        hash=f"{number:064x}",
    )
    forecast.first_counted_step = first_counted_step
    forecast.save(update_fields=["entry", "first_counted_step"])
    return forecast


def issued(instrument: Instrument, day: date = FIVE_AGO, **fields: Any) -> Forecast:
    return entered(ForecastFactory(succeeded=True, instrument=instrument, as_of=day, **fields))


def newest(instrument: Instrument, **fields: Any) -> Forecast:
    forecast: Forecast = ForecastFactory(succeeded=True, instrument=instrument, **fields)
    return forecast


def history(instrument: Instrument) -> Sequence[PriceBar]:
    return list(instrument.bars.closed().up_to(LAST_DAY).order_by("date"))


def haunting(forecast: Forecast) -> list[Ghost]:
    return ghosts_of(forecast, history(forecast.instrument))


def test_what_was_said_five_and_twenty_sessions_ago(instrument: Instrument) -> None:
    issued(instrument, FIVE_AGO, anchor_close=90.0)
    issued(instrument, TWENTY_AGO, anchor_close=80.0)

    five, twenty = haunting(newest(instrument))

    assert (five.sessions_ago, five.is_replayed, five.series, len(five.points)) == (5, False, "model", 20)
    assert (twenty.sessions_ago, twenty.is_replayed) == (20, False)
    assert (five.points[0].median, twenty.points[0].median) == (90.0, 80.0)
    assert five.points[4].quantiles == [90.0 * exp(q) for q in normal_quantiles(5)]


def test_a_split_since_rebases_what_was_said(instrument: Instrument) -> None:
    issued(instrument, FIVE_AGO, anchor_close=90.0, split_factor=1.0)
    CorporateAction.objects.create(instrument=instrument, date=LAST_DAY, kind="split", value=2.0)

    (ghost,) = haunting(newest(instrument))

    assert ghost.points[0].median == 45.0


def test_where_the_naive_cone_was_shown_that_is_the_ghost(instrument: Instrument) -> None:
    issued(instrument, shown="naive")

    (ghost,) = haunting(newest(instrument))

    assert ghost.series == "random-walk"
    assert ghost.points[0].quantiles[0] == 100 * exp(normal_quantiles(1, 0.022)[0])


@pytest.mark.parametrize(
    ("method", "chosen"), [("house", 90.0), ("fine-tuned", 91.0), ("from-scratch", 91.0)]
)
def test_the_same_method_comes_first_then_the_longest(
    method: str, chosen: float, instrument: Instrument
) -> None:
    issued(instrument, method="house", anchor_close=90.0, horizon=5)
    issued(instrument, method="fine-tuned", anchor_close=91.0, horizon=20)

    (ghost,) = haunting(newest(instrument, method=method))

    assert ghost.points[0].median == chosen


@pytest.mark.parametrize(
    ("kind", "first"),
    [("pre-ledger", None), ("issued", None), ("issued", 2), ("issued", 11), ("failed", None)],
)
def test_what_was_not_said_in_time_is_no_ghost(kind: str, first: int | None, instrument: Instrument) -> None:
    entered(ForecastFactory(succeeded=True, instrument=instrument, as_of=FIVE_AGO), kind, first)

    assert haunting(newest(instrument)) == []


def test_neither_is_another_instruments_or_one_without_an_entry(instrument: Instrument) -> None:
    issued(InstrumentFactory())
    ForecastFactory(succeeded=True, instrument=instrument, as_of=FIVE_AGO)

    assert haunting(newest(instrument)) == []


def test_a_replay_stands_in_and_is_marked(instrument: Instrument) -> None:
    ReplayFactory(succeeded=True, instrument=instrument)

    (ghost,) = haunting(newest(instrument))

    close = instrument.bars.get(date=FIVE_AGO).close
    assert (ghost.sessions_ago, ghost.is_replayed) == (5, True)
    assert [point.step for point in ghost.points] == [1, 5, 10, 20]
    assert ghost.points[0].median == pytest.approx(close)


def test_what_was_issued_comes_before_a_replay(instrument: Instrument) -> None:
    ReplayFactory(succeeded=True, instrument=instrument)
    issued(instrument)

    assert [ghost.is_replayed for ghost in haunting(newest(instrument))] == [False]


@pytest.mark.parametrize("fields", [{"in_sample": True}, {"status": "failed"}, {"last_origin": TWENTY_AGO}])
def test_a_replay_that_knew_the_origin_or_lacks_it_is_left_out(
    fields: dict[str, Any], instrument: Instrument
) -> None:
    replay = ReplayFactory(succeeded=True, instrument=instrument)
    type(replay).objects.update(**fields)

    assert haunting(newest(instrument)) == []


def test_of_several_replays_the_newest_by_the_same_method_is_taken(instrument: Instrument) -> None:
    for method, as_of in (("house", FIVE_AGO), ("house", LAST_DAY), ("fine-tuned", LAST_DAY)):
        ReplayFactory(succeeded=True, instrument=instrument, method=method, as_of=as_of)
    mine = type(ReplayFactory(instrument=instrument)).objects.get(method="house", as_of=LAST_DAY, origins=10)
    mine.points.update(quantiles=[0.5] * 17)

    (ghost,) = haunting(newest(instrument))

    assert ghost.points[0].median == pytest.approx(instrument.bars.get(date=FIVE_AGO).close * exp(0.5))


def test_a_short_history_has_no_ghosts(instrument: Instrument) -> None:
    forecast = newest(instrument)

    assert ghosts_of(forecast, history(instrument)[-4:]) == []
    assert ghosts_of(forecast, []) == []


def test_a_forecast_is_not_its_own_ghost(instrument: Instrument) -> None:
    assert haunting(entered(newest(instrument))) == []


def test_the_chart_takes_eleven_queries_at_most(instrument: Instrument) -> None:
    issued(instrument, FIVE_AGO)
    ReplayFactory(succeeded=True, instrument=instrument, first_origin=TWENTY_AGO, origins=21)
    forecast = Forecast.objects.select_related("instrument", "evaluation").get(pk=newest(instrument).pk)

    with CaptureQueriesContext(connection) as queries:
        figure = charts.forecast_chart(forecast)

    names = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert names[-2:] == ["Said 5 sessions ago", "20 sessions ago (replayed)"]
    assert len(queries) <= 11
