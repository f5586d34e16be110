"""What the ledger does to the bands of the next forecast."""

import random
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from forecasts import services, tasks
from forecasts.models import MEDIAN, Forecast, ForecastPoint, Instrument, Score
from forecasts.pipeline.calibrating import correction_of
from ml_engine.tracking import log_widths
from tests.factories import LAST_DAY, ForecastFactory, InstrumentFactory, weekdays_until
from tests.forecasts.scored import issued, score

MISSED, HELD = 0.999, 0.5
EARLIER = date(2013, 1, 14)  # a Monday, and a session


@pytest.fixture
def instrument(db: None) -> Instrument:
    made: Instrument = InstrumentFactory()
    return made


def upcoming(instrument: Instrument, **fields: Any) -> Forecast:
    made: Forecast = ForecastFactory(instrument=instrument, **fields)
    return made


def expected(pairs: list[tuple[int, float]], horizon: int = 20) -> list[float]:
    steps, pits = (np.array(column) for column in zip(*pairs, strict=True))
    return log_widths(steps, pits)[:horizon].tolist()


def test_nothing_scored_corrects_nothing(instrument: Instrument) -> None:
    issued(instrument, EARLIER)

    assert correction_of(upcoming(instrument), LAST_DAY) is None


def test_misses_of_issued_forecasts_widen_and_hits_narrow(instrument: Instrument) -> None:
    one, two = issued(instrument, EARLIER), issued(instrument, EARLIER + timedelta(days=1))
    score(one, {1: MISSED, 5: HELD})
    score(two, {1: HELD})

    found = correction_of(upcoming(instrument), LAST_DAY)

    assert found is not None
    assert found.log_widths.tolist() == expected([(1, MISSED), (1, HELD), (5, HELD)])
    assert found.log_widths[0] > 0 > found.log_widths[4] == found.log_widths[19]
    assert (found.scored, found.entry) == (2, two.entry_id)


def test_only_the_models_current_scores_of_instrument_and_method_count(instrument: Instrument) -> None:
    mine = issued(instrument, EARLIER)
    score(mine, {1: HELD})
    before = correction_of(upcoming(instrument), LAST_DAY)
    score(mine, {1: MISSED, 2: MISSED}, series=ForecastPoint.NAIVE)
    score(mine, {2: MISSED}, series="challenger")
    score(issued(instrument, EARLIER, method="fine-tuned"), {2: MISSED})
    score(issued(InstrumentFactory(), EARLIER), {2: MISSED})
    score(mine, {3: MISSED})
    Score.objects.filter(step=3).update(superseded_at=timezone.now())

    after = correction_of(upcoming(instrument), LAST_DAY)

    assert before is not None
    assert after is not None
    assert after.as_json() == before.as_json()


def test_an_origin_and_step_counts_once_by_its_earliest_entry(instrument: Instrument) -> None:
    first = issued(instrument, EARLIER, horizon=2)
    second = issued(instrument, EARLIER, horizon=20)
    score(second, {1: MISSED, 2: MISSED, 3: MISSED})
    score(first, {1: HELD, 2: HELD})

    found = correction_of(upcoming(instrument), LAST_DAY)

    assert found is not None
    assert found.log_widths.tolist() == expected([(1, HELD), (2, HELD), (3, MISSED)])
    assert (found.scored, found.entry) == (1, second.entry_id)


def test_nothing_after_the_anchor_matters(instrument: Instrument) -> None:
    past = issued(instrument, EARLIER)
    score(past, {1: MISSED, 2: HELD})  # of 15 and 16 January
    known = correction_of(upcoming(instrument), date(2013, 1, 16))
    score(past, {3: MISSED, 4: MISSED})
    score(issued(instrument, date(2013, 1, 16)), {1: MISSED, 2: MISSED})

    replayed = correction_of(upcoming(instrument), date(2013, 1, 16))
    today = correction_of(upcoming(instrument), LAST_DAY)

    assert known is not None
    assert replayed is not None
    assert today is not None
    assert replayed.as_json() == known.as_json()
    assert today.as_json() != known.as_json()
    assert correction_of(upcoming(instrument), date(2013, 1, 14)) is None


def test_it_does_not_matter_in_which_order_they_were_scored(instrument: Instrument) -> None:
    draw = random.Random(4)
    forecasts = [issued(instrument, day) for day in weekdays_until(date(2013, 1, 16), 8)]
    pits = [(forecast, step, draw.random()) for forecast in forecasts for step in range(1, 6)]
    found = []
    for order in (pits, pits[::-1], draw.sample(pits, len(pits))):
        Score.objects.all().delete()
        for forecast, step, pit in order:
            score(forecast, {step: pit})
        found.append(correction_of(upcoming(instrument), LAST_DAY))

    jsons = [correction.as_json() for correction in found if correction]
    assert len(jsons) == 3
    assert jsons[0] == jsons[1] == jsons[2]


def computed(goog: Instrument) -> Forecast:
    question = services.Question(goog.symbol, method="house", horizon=5)
    forecast = services.ask_forecast(owner=None, question=question).forecast
    tasks.compute(forecast.pk)
    return Forecast.objects.get(pk=forecast.pk)


def quantiles(forecast: Forecast, series: str) -> np.ndarray:
    rows = forecast.points.filter(series=series).order_by("step").values_list("quantiles", flat=True)
    return np.array(list(rows))


def test_the_correction_is_stored_and_changes_the_model_alone(goog: Instrument) -> None:
    plain = computed(goog)
    for day in weekdays_until(date(2013, 2, 1), 10):
        score(issued(goog, day), {1: MISSED, 5: HELD})
    Instrument.objects.update(data_revision=2)  # so that it is another question

    widened = computed(goog)

    assert plain.calibration is None
    assert widened.calibration is not None
    assert widened.calibration["scored"] == 10
    widths = np.array(widened.calibration["log_widths"])
    assert widths[0] > 0 > widths[4]
    before, after = quantiles(plain, "model"), quantiles(widened, "model")
    assert (after[:, MEDIAN] == before[:, MEDIAN]).all()
    spread = (after[:, -1] - after[:, 0]) / (before[:, -1] - before[:, 0])
    assert np.log(spread) == pytest.approx(widths)
    assert (quantiles(widened, "random-walk") == quantiles(plain, "random-walk")).all()
