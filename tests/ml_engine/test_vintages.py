"""No model may be judged on sessions it has seen, nor on the 60 after them."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml_engine.errors import NoVintage
from ml_engine.forecaster import LSTMForecaster, vintages
from ml_engine.vintages import FOLDER, choose_vintage

ENDS = [date(year, 12, 31) for year in (2007, 2012, 2017, 2021)]


def test_four_vintages_are_shipped_oldest_first() -> None:
    assert [card.trained_until for card in vintages()] == ENDS


@pytest.mark.parametrize("end", ENDS)
def test_each_is_whole_small_and_passed_its_self_test(end: date) -> None:
    folder = FOLDER / end.isoformat()

    forecaster = LSTMForecaster.load(path=folder)

    assert forecaster.card.trained_until == end
    assert forecaster.card.data["to"] <= end.isoformat()
    assert forecaster.card.metrics["to"] <= end.isoformat()
    assert forecaster.card.self_test["passed"] is True
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000


def test_without_a_date_the_newest_is_loaded() -> None:
    assert LSTMForecaster.load().card.trained_until == ENDS[-1]


def test_no_vintage_ends_within_60_sessions_of_the_date() -> None:
    for day in pd.date_range("2008-04-15", "2023-01-01", freq="13D"):
        ended = date.fromisoformat(choose_vintage(day).name)
        assert np.busday_count(ended, day.date()) >= 60


@pytest.mark.parametrize("end", ENDS)
def test_a_vintage_is_used_as_soon_as_it_is_fair(end: date) -> None:
    fair = next(card.fair_from for card in vintages() if card.trained_until == end)

    assert LSTMForecaster.load(known_at=fair).card.trained_until == end
    assert timedelta(days=84) < fair - end < timedelta(days=95)
    if end != ENDS[0]:
        assert LSTMForecaster.load(known_at=fair - timedelta(days=1)).card.trained_until < end


def test_a_timestamp_is_a_date_too() -> None:
    assert LSTMForecaster.load(known_at=pd.Timestamp("2015-06-01")).card.trained_until == ENDS[1]


def test_before_the_first_is_fair_there_is_none() -> None:
    with pytest.raises(NoVintage, match="earliest can be judged from 2008-03-31"):
        LSTMForecaster.load(known_at=date(2008, 3, 1))
