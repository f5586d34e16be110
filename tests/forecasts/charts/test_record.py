"""The track record's charts, by figures of the engine."""

from typing import Any

import pytest

from forecasts import charts
from forecasts.services import STEP_GROUPS
from ml_engine import record
from ml_engine.tally import tally
from tests.ml_engine.made_scores import columns_of, make_scores


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return record.figures(tally(columns_of(make_scores(25))))


def group_of(figures: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in figures["groups"] if row["group"] == name)


def test_coverage_by_month_beside_what_was_promised(figures: dict[str, Any]) -> None:
    drawn = charts.coverage_chart(figures, "2-5").data

    months = group_of(figures, "2-5")["months"]
    assert drawn[2].name == "80 % band"
    assert list(drawn[2].x) == [row["month"] for row in months]
    assert list(drawn[2].y) == [100 * row["held_80"] for row in months]
    assert list(drawn[3].y) == [80, 80]


def test_reliability_leaves_out_chances_never_stated(figures: dict[str, Any]) -> None:
    drawn = charts.reliability_chart(figures, "all").data

    bins = [row for row in group_of(figures, "all")["events"][2]["bins"] if row["points"]]
    assert list(drawn[3].x) == [100 * row["stated"] for row in bins]
    assert list(drawn[3].y) == [100 * row["happened"] for row in bins]


def test_skill_is_drawn_beside_the_naive_cone_alone(figures: dict[str, Any]) -> None:
    told = [dict(row) for row in figures["skill"]]
    told[0]["p_value"] = 0.01

    skill, zero = charts.skill_chart({"skill": told}, "all").data

    assert list(skill.x) == ["1", "5", "10", "20"]
    assert list(skill.y) == [100 * row["crps_skill"] for row in told[:4]]
    assert list(skill.marker.symbol) == ["star", "circle-open", "circle-open", "circle-open"]
    assert set(zero.y) == {0.0}


@pytest.mark.parametrize("steps", [*STEP_GROUPS])
def test_a_group_without_scores_draws_nothing_of_it(steps: str) -> None:
    nothing: dict[str, Any] = {"groups": [], "skill": []}

    assert charts.coverage_chart(nothing, steps).data == ()
    assert charts.tenths_chart(nothing, steps).data == ()
    assert len(charts.reliability_chart(nothing, steps).data) == 1
    assert charts.skill_chart(nothing, steps).data == ()
