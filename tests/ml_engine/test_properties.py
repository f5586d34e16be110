"""Whatever the prices, a forecast is sound; whatever the input, it is a forecast or an error in words."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.baselines import fast_baselines
from ml_engine.errors import EngineError
from ml_engine.forecaster import LSTMForecaster
from ml_engine.quantiles import LEVELS, MIN_HISTORY, Forecaster, QuantileForecast
from tests.ml_engine.synthetic import change_after, make_bars

# Its jumps look like splits; every other warning is an error.
pytestmark = pytest.mark.filterwarnings("ignore::ml_engine.errors.UnadjustedSplitWarning")
PRICES = ["open", "high", "low", "close"]
# Derandomised: the same examples every time, so that a failure is the code's and not the day's.
BRIEF = settings(
    derandomize=True, deadline=None, max_examples=20, database=None, suppress_health_check=list(HealthCheck)
)
LONG = settings(BRIEF, max_examples=300)


@pytest.fixture(scope="module")
def forecasters(house: LSTMForecaster) -> list[Forecaster]:
    return [house, *fast_baselines().values()]


@st.composite
def histories(draw: st.DrawFn) -> pd.DataFrame:
    """Valid histories from dead to wild, with jumps, spikes, standstills and sessions without trade."""
    rows = draw(st.integers(MIN_HISTORY, 700))
    scale = draw(st.sampled_from([0.0, 1e-9, 1e-5, 0.001, 0.02, 0.2, 1.0]))
    level = 10.0 ** draw(st.integers(-8, 12))
    bars = make_bars(rows, seed=draw(st.integers(0, 2**32 - 1)), scale=scale, level=level)
    row, factor = st.integers(0, rows - 1), st.sampled_from([1e-6, 0.1, 0.7, 1.3, 3.0, 1e6])
    for begin in draw(st.lists(row, max_size=3)):
        length = draw(st.sampled_from([1, 20, 300, rows]))  # a spike, a spell, or for good
        bars.iloc[begin : begin + length, :4] *= draw(factor)
    for begin in draw(st.lists(row, max_size=2)):
        bars.loc[bars.index[begin : begin + draw(st.integers(1, 400))], PRICES] = bars["close"].iloc[begin]
    for begin in draw(st.lists(row, max_size=2)):
        bars.iloc[begin : begin + draw(st.integers(1, 400)), 4] *= draw(st.sampled_from([0.0, 1e9]))
    return bars


def assert_sound(forecast: QuantileForecast, origins: int, horizon: int) -> None:
    assert forecast.prices.shape == (origins, horizon, len(LEVELS))
    assert np.isfinite(forecast.prices).all()
    assert (forecast.prices > 0).all()
    assert (np.diff(forecast.prices, axis=-1) >= 0).all()


def check_history(forecaster: Forecaster, bars: pd.DataFrame, picks: list[int], horizon: int) -> None:
    """Sound, causal, the same alone as together, and free of the unit."""
    rows = [MIN_HISTORY - 1 + pick % (len(bars) - MIN_HISTORY + 1) for pick in picks]
    origins, cut = pd.DatetimeIndex(bars.index[rows]), rows[0]

    forecast = forecaster.predict(bars, origins, horizon)
    assert_sound(forecast, len(rows), horizon)

    alone = forecaster.predict(bars.iloc[: cut + 1], None, horizon).prices[0]
    assert_allclose(forecast.prices[0], alone, rtol=1e-6)

    changed = forecaster.predict(change_after(bars, cut), origins, horizon)
    earlier = np.array(rows) <= cut
    assert_array_equal(changed.prices[earlier], forecast.prices[earlier])

    doubled = bars.assign(**(2 * bars[PRICES]))
    assert_allclose(forecaster.predict(doubled, origins, horizon).prices, 2 * forecast.prices, rtol=1e-6)


PICKS = st.lists(st.integers(0, 450), min_size=1, max_size=8)
HORIZONS = st.sampled_from([1, 7, 20, 60])


@BRIEF
@given(histories(), PICKS, HORIZONS)
def test_any_history(forecasters: list[Forecaster], bars: pd.DataFrame, picks: list[int], ahead: int) -> None:
    for forecaster in forecasters:
        check_history(forecaster, bars, picks, ahead)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@LONG
@given(histories(), PICKS, HORIZONS)
def test_many_histories(
    forecasters: list[Forecaster], bars: pd.DataFrame, picks: list[int], ahead: int
) -> None:
    for forecaster in forecasters:
        check_history(forecaster, bars, picks, ahead)


CELLS = [np.nan, np.inf, -np.inf, 0.0, -1.0, 1e-320, 1e308, 10**400, None, pd.NA, pd.NaT, "12", "x", "", True]
CELLS += [Decimal("NaN"), Decimal(7), 1 + 2j, np.float32(3), pd.Timestamp("2020-01-01"), [1.0]]
DTYPES = ["float32", "Float64", "object", "str", "int64", "bool", "complex128", "double[pyarrow]", "category"]
INDEXES: list[Callable[[pd.DatetimeIndex], Any]] = [
    lambda index: index.tz_localize("Asia/Tokyo"),
    lambda index: index.to_period("D"),
    lambda index: index.strftime("%d.%m.%Y"),
    lambda index: range(len(index)),
    lambda index: [pd.NaT] * len(index),
    lambda index: index.as_unit("s"),
    lambda index: index + pd.Timedelta(hours=16),
    lambda index: index[:1].repeat(len(index)),
]
Spoiler = Callable[[pd.DataFrame, int, Any], pd.DataFrame]


def put(bars: pd.DataFrame, place: int, value: Any) -> pd.DataFrame:
    spoilt = bars.astype(object)
    spoilt.iat[place % max(len(bars), 1), place % bars.shape[1]] = value
    return spoilt


SPOILERS: list[tuple[Spoiler, st.SearchStrategy[Any]]] = [
    (put, st.sampled_from(CELLS)),
    (lambda bars, _, dtype: bars.astype(dtype), st.sampled_from(DTYPES)),
    (lambda bars, _, change: bars.set_axis(change(make_bars(len(bars)).index)), st.sampled_from(INDEXES)),
    (lambda bars, place, _: pd.concat([bars.iloc[place:], bars.iloc[:place]]), st.none()),
    (lambda bars, place, _: pd.concat([bars.iloc[: place + 1], bars.iloc[place:]]), st.none()),
    (lambda bars, place, _: bars.iloc[:place], st.none()),
    (lambda bars, place, _: bars.drop(columns=bars.columns[place % bars.shape[1]]), st.none()),
    (lambda bars, place, _: pd.concat([bars, bars.iloc[:, [place % bars.shape[1]]]], axis=1), st.none()),
    (lambda bars, _, suffix: bars.add_suffix(suffix), st.sampled_from(["", "_adj"])),
    (lambda bars, _, factor: bars * factor, st.sampled_from([-1, 0, 1e-320, 1e300, 1e-9])),
]


REFUSED_BY_PANDAS = (TypeError, ValueError, ArithmeticError, IndexError, NotImplementedError, RuntimeWarning)
KNOWN = make_bars(320).index
ORIGINS = [KNOWN[250:252], KNOWN[[310, 250, 310]], KNOWN[:0], KNOWN[9:260], "2011-01-03", [300], ["soon"]]
ORIGINS += [KNOWN[300:301].tz_localize("UTC"), [pd.NaT], KNOWN[300:] + pd.Timedelta(hours=16)]
ODD_HORIZONS = [60, np.int64(3), 0, 61, -1, 5.0, True, "5", None, np.nan, 10**30]


@st.composite
def spoilt(draw: st.DrawFn) -> pd.DataFrame:
    bars = make_bars(320)
    for spoil, values in draw(st.lists(st.sampled_from(SPOILERS), min_size=1, max_size=2)):
        place, value = draw(st.integers(0, 319)), draw(values)
        with suppress(*REFUSED_BY_PANDAS):
            bars = spoil(bars, place, value)
    return bars


def questions() -> st.SearchStrategy[dict[str, Any]]:
    """Calls of `predict` with something wrong, or only strange."""
    good, origins = st.just(make_bars(320)), st.sampled_from(ORIGINS)
    asked = st.fixed_dictionaries({"bars": good, "origins": origins, "horizon": st.just(20)})
    ahead = st.fixed_dictionaries({"bars": good, "horizon": st.sampled_from(ODD_HORIZONS)})
    history = st.fixed_dictionaries({"bars": spoilt(), "horizon": st.just(20)})
    late = st.fixed_dictionaries({"bars": spoilt(), "origins": origins, "horizon": st.just(20)})
    return st.one_of(history, history, history, late, asked, ahead)


def answer(forecaster: Forecaster, question: dict[str, Any]) -> QuantileForecast | EngineError:
    try:
        return forecaster.predict(**question)
    except EngineError as error:
        return error


def check_question(forecaster: Forecaster, question: dict[str, Any]) -> None:
    """A sound forecast, or an error that says what is wrong and what to do."""
    said = answer(forecaster, question)
    if isinstance(said, EngineError):
        assert min(len(said.message), len(said.remedy)) > 15
    else:
        assert_sound(said, len(said.origins), int(question["horizon"]))


@settings(BRIEF, max_examples=150)
@given(questions())
def test_any_question(forecasters: list[Forecaster], question: dict[str, Any]) -> None:
    for forecaster in forecasters:
        check_question(forecaster, question)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@settings(LONG, max_examples=3000)
@given(questions())
def test_many_questions(forecasters: list[Forecaster], question: dict[str, Any]) -> None:
    for forecaster in forecasters:
        check_question(forecaster, question)


@pytest.mark.slow
def test_a_million_bars(forecasters: list[Forecaster]) -> None:
    bars = make_bars(1000, scale=0.001)
    many = pd.concat([bars] * 1000).set_axis(pd.date_range("1990-01-01", periods=1_000_000, unit="us"))

    for forecaster in forecasters:
        assert_sound(forecaster.predict(many, None, 60), 1, 60)
