"""Calibration and losses."""

import pytest

from forecasts import charts
from forecasts.models import Evaluation
from tests.factories import metric_row


def test_calibration_chart_sets_what_was_held_against_what_was_promised() -> None:
    rows = [metric_row("model", 1), metric_row("model", 20), metric_row("random-walk", 1)]

    figure = charts.calibration_chart(Evaluation(metrics=rows))

    assert [trace.name for trace in figure.data] == ["As promised", "1 session", "20 sessions"]
    assert list(figure.data[1].x) == [50, 80, 90, 95]
    assert list(figure.data[1].y) == pytest.approx([51, 81, 90, 95])


def test_loss_chart_draws_both_losses() -> None:
    history = [{"epoch": 1, "train": 0.4, "validation": 0.5}, {"epoch": 2, "train": 0.3, "validation": 0.45}]

    figure = charts.loss_chart(history)

    assert [(trace.name, list(trace.y)) for trace in figure.data] == [
        ("Training", [0.4, 0.3]),
        ("Validation", [0.5, 0.45]),
    ]


def test_loss_chart_leaves_out_a_loss_that_was_not_kept() -> None:
    figure = charts.loss_chart([{"epoch": 1, "train": 0.4, "validation": None}])

    assert [trace.name for trace in figure.data] == ["Training"]
