import logging
from math import inf, nan

import pandas as pd
import pytest

from forecasts.market_data.cleaning import clean

GOOD = {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.5, "adj_close": 10.5, "volume": 100.0}


def frame(*rows: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame([GOOD | row for row in rows], index=pd.bdate_range("2024-01-01", periods=len(rows)))


@pytest.mark.parametrize(
    ("wrong", "high", "low"),
    [
        ({"high": 10.45}, 10.5, 9.0),
        ({"low": 10.05}, 11.0, 10.0),
        ({"close": 11.1}, 11.1, 9.0),
        ({"open": 8.95}, 11.0, 8.95),
    ],
)
def test_a_slight_overshoot_widens_high_and_low(wrong: dict[str, float], high: float, low: float) -> None:
    cleaned = clean("ACME", frame({}, wrong))

    assert list(cleaned[["high", "low"]].iloc[1]) == [high, low]
    assert list(cleaned[["open", "close"]].iloc[1]) == [wrong.get("open", 10.0), wrong.get("close", 10.5)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"high": 9.0, "low": 11.0},
        {"close": 12.0},
        {"open": 0.0},
        {"low": -1.0},
        {"adj_close": -0.2},
        {"close": inf, "high": inf},
        {"volume": inf},
    ],
)
def test_impossible_rows_are_dropped_and_named(
    wrong: dict[str, float], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        cleaned = clean("ACME", frame({}, wrong, {}))

    assert list(cleaned.index) == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-03")]
    assert caplog.messages == ["ACME: 1 bars dropped, for no market prints such prices (2024-01-02)."]


def test_rows_without_prices_go_silently_and_missing_volume_is_none(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        cleaned = clean("ACME", frame({}, {"close": nan}, {"volume": nan}, {"volume": -1.0}))

    assert list(cleaned["volume"]) == [100.0, 0.0, 0.0]
    assert caplog.messages == []


def test_days_are_sorted_and_the_last_of_two_counts() -> None:
    bars = frame({}, {"volume": 2.0}, {"volume": 3.0})
    bars.index = pd.DatetimeIndex(["2024-01-02", "2024-01-01", "2024-01-02"])

    cleaned = clean("ACME", bars)

    assert list(cleaned["volume"]) == [2.0, 3.0]
