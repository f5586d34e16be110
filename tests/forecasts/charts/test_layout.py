"""What all charts share."""

import os
import subprocess
import sys
from datetime import date

import pytest

from forecasts import charts


@pytest.mark.parametrize(
    ("days", "left_out"),
    [
        ([], []),
        ([date(2013, 3, 1), date(2013, 3, 4)], [{"bounds": ["sat", "mon"]}]),
        (
            [date(2013, 3, 1), date(2013, 3, 5)],
            [{"bounds": ["sat", "mon"]}, {"values": ["2013-03-04"]}],
        ),
        ([date(2013, 3, 2), date(2013, 3, 3)], []),
        ([date(2013, 3, 2), date(2013, 3, 4)], [{"values": ["2013-03-03"]}]),
    ],
)
def test_rangebreaks_are_the_days_on_which_nothing_traded(
    days: list[date], left_out: list[dict[str, list[str]]]
) -> None:
    assert charts.rangebreaks(days) == left_out


@pytest.mark.parametrize(("price", "decimals"), [(430.47, 2), (26000.0, 2), (1.0812, 4), (0.00001234, 8)])
def test_price_decimals_suit_the_size(price: float, decimals: int) -> None:
    assert charts.price_decimals(price) == decimals


def test_a_chart_brings_nothing_heavy_into_a_web_process() -> None:
    program = """
import django, json, sys
django.setup()
from forecasts import charts
json.dumps(charts.loss_chart([{"epoch": 1, "train": 0.4, "validation": 0.5}]).to_plotly_json())
print([name for name in ("torch", "sklearn", "scipy", "yfinance", "pandas") if name in sys.modules])
"""
    environment = {"DJANGO_SETTINGS_MODULE": "stockcast_site.settings", **os.environ}

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
