"""A track record's figures beside the same worked out another way."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml_engine import record
from ml_engine.significance import diebold_mariano, diebold_mariano_by_date
from ml_engine.tally import merged, tally
from tests.ml_engine.made_scores import columns_of, make_scores


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return make_scores(150)


@pytest.fixture(scope="module")
def found(scores: pd.DataFrame) -> dict[str, Any]:
    return record.figures(tally(columns_of(scores)))


def of_steps(scores: pd.DataFrame, series: str, first: int = 1, last: int = 60) -> pd.DataFrame:
    return scores[(scores["series"] == series) & scores["step"].between(first, last)]


def group_of(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in found["groups"] if row["group"] == name)


def skill_of(found: dict[str, Any], step: int | None, reference: str = "random-walk") -> dict[str, Any]:
    rows = (row for row in found["skill"] if (row["step"], row["reference"]) == (step, reference))
    return next(rows)


def test_counts(found: dict[str, Any]) -> None:
    assert found["spread"] == {
        "points": 3000,
        "origins": 150,
        "origin_days": 150,
        "repeats": 0,
        "sessions": 169,
        "first_anchor": "2024-01-02",
        "last_anchor": "2024-07-29",
        "last_session": "2024-08-26",
    }
    assert [row["group"] for row in found["groups"]] == ["all", "1", "2-5", "6-10", "11-20"]
    assert [row["points"] for row in found["groups"]] == [3000, 150, 600, 750, 1500]


@pytest.mark.parametrize(("name", "first", "last"), [("all", 1, 60), ("1", 1, 1), ("6-10", 6, 10)])
def test_coverage(found: dict[str, Any], scores: pd.DataFrame, name: str, first: int, last: int) -> None:
    mine, naive = (of_steps(scores, series, first, last) for series in ("model", "random-walk"))

    row = group_of(found, name)

    for band in (50, 80, 90, 95):
        assert row["coverage"][f"held_{band}"] == pytest.approx(mine[f"inside_{band}"].mean())
        assert row["coverage"][f"naive_held_{band}"] == pytest.approx(naive[f"inside_{band}"].mean())
    months = mine.groupby(mine["date"].dt.strftime("%Y-%m"))["inside_80"]
    assert {one["month"]: one["held_80"] for one in row["months"]} == pytest.approx(months.mean().to_dict())
    assert {one["month"]: one["points"] for one in row["months"]} == months.size().to_dict()
    regimes = mine.groupby("regime")["inside_95"].mean().to_dict()
    assert {one["regime"]: one["held_95"] for one in row["regimes"]} == pytest.approx(regimes)


def test_where_outcomes_fell(found: dict[str, Any], scores: pd.DataFrame) -> None:
    mine = of_steps(scores, "model", 2, 5)
    expected, _ = np.histogram(mine["pit"], bins=np.linspace(0, 1, 11))

    assert group_of(found, "2-5")["pit"] == expected.tolist()


def test_chances_of_events(found: dict[str, Any], scores: pd.DataFrame) -> None:
    mine, naive = (of_steps(scores, series) for series in ("model", "random-walk"))
    for event, moves in enumerate((-1.0, 0.0, 1.0)):
        happened = (mine["actual"] > moves * mine["usual"]).astype(float)
        chance, bin_of = mine[f"chance_{event}"], (mine[f"chance_{event}"] // 0.1).astype(int)

        row = group_of(found, "all")["events"][event]

        assert row["moves"] == moves
        assert row["brier"] == pytest.approx(((chance - happened) ** 2).mean())
        naive_gap = naive[f"chance_{event}"].to_numpy() - happened.to_numpy()
        assert row["naive_brier"] == pytest.approx((naive_gap**2).mean())
        assert row["happened"] == pytest.approx(happened.mean())
        assert len(row["bins"]) == 10
        for place, one in enumerate(row["bins"]):
            inside = bin_of == place
            assert one["points"] == inside.sum()
            if inside.any():
                assert one["stated"] == pytest.approx(chance[inside].mean())
                assert one["happened"] == pytest.approx(happened[inside].mean())
            else:
                assert (one["stated"], one["happened"]) == (None, None)


def test_the_median(found: dict[str, Any], scores: pd.DataFrame) -> None:
    mine, naive = (of_steps(scores, series, 11, 20) for series in ("model", "random-walk"))

    row = group_of(found, "11-20")

    rmse, naive_rmse = ((one["error"] ** 2).mean() ** 0.5 for one in (mine, naive))
    assert row["median"]["rmse"] == pytest.approx(rmse)
    assert row["median"]["rmse_ratio"] == pytest.approx(rmse / naive_rmse)
    assert row["median"]["direction_accuracy"] == pytest.approx((mine["actual"] > 0).mean())
    assert row["median"]["up_rate"] == pytest.approx((mine["actual"] > 0).mean())
    assert row["scores"]["crps"] == pytest.approx(mine["crps"].mean())
    assert row["scores"]["naive_pinball"] == pytest.approx(naive["pinball"].mean())


@pytest.mark.parametrize("reference", ["random-walk", "drift"])
@pytest.mark.parametrize("step", [1, 5, 10, 20])
def test_skill_at_a_step(found: dict[str, Any], scores: pd.DataFrame, step: int, reference: str) -> None:
    mine, other = (of_steps(scores, series, step, step)["crps"] for series in ("model", reference))

    row = skill_of(found, step, reference)

    assert row["origins"] == 150
    assert row["crps_skill"] == pytest.approx(1 - mine.mean() / other.mean())
    p_value = diebold_mariano((mine.to_numpy() - other.to_numpy()) / other.mean(), step)
    assert row["p_value"] == pytest.approx(p_value)


def test_pooled_skill_is_that_of_a_backtest(found: dict[str, Any], scores: pd.DataFrame) -> None:
    wide = scores.pivot_table(index=["anchor", "step"], columns="series", values="crps").unstack("step")
    gaps = sum(
        (wide["model", step] - wide["random-walk", step]) / wide["random-walk", step].mean() / 4
        for step in (1, 5, 10, 20)
    )

    row = record.pooled_skill(found["skill"])

    assert row["origins"] == row["days"] == 150
    assert row["crps_skill"] == pytest.approx(-gaps.mean())
    assert row["p_value"] == pytest.approx(diebold_mariano(gaps.to_numpy(), 20))


def test_the_test_of_many_instruments_counts_a_day_once() -> None:
    parts = [make_scores(120, seed=seed, volatility=0.01 * seed) for seed in (1, 2, 3)]
    parts[2] = parts[2][parts[2]["anchor"] > "2024-03-01"]
    scores = pd.concat([part.assign(instrument=place) for place, part in enumerate(parts)])

    whole = merged(tally(columns_of(part)) for part in parts)

    row = record.pooled_skill(record.figures(whole)["skill"])
    long = scores[scores["step"].isin([1, 5, 10, 20])]
    wide = long.pivot_table(index=["instrument", "anchor", "step"], columns="series", values="crps")
    scale = wide["random-walk"].groupby("step").transform("mean")
    gap = ((wide["model"] - wide["random-walk"]) / scale).groupby(["instrument", "anchor"]).mean()
    assert row["origins"] == len(gap)
    assert row["days"] == 120
    assert row["crps_skill"] == pytest.approx(-gap.mean())
    days = gap.index.get_level_values("anchor").to_numpy()
    assert row["p_value"] == pytest.approx(diebold_mariano_by_date(days, gap.to_numpy(), 20))


def test_origins_without_all_pooled_steps_stay_out_of_the_test() -> None:
    scores = make_scores(130)
    lacking = scores["anchor"] <= scores["anchor"].unique()[9]
    scores = scores[~(lacking & (scores["step"] == 1))]

    found = record.figures(tally(columns_of(scores)))

    assert record.pooled_skill(found["skill"])["origins"] == 120
    assert (skill_of(found, 1)["origins"], skill_of(found, 5)["origins"]) == (120, 130)


def test_too_few_scores_leave_the_test_open_and_no_nan() -> None:
    found = record.figures(tally(columns_of(make_scores(2, horizon=3))))

    assert record.pooled_skill(found["skill"])["crps_skill"] is None
    assert skill_of(found, 1)["crps_skill"] is not None
    assert skill_of(found, 1)["p_value"] is None
    json.dumps(found, allow_nan=False)


def test_nothing_scored_has_figures_too() -> None:
    found = record.figures(tally(columns_of(make_scores(1).iloc[:0])))

    assert found["spread"]["origins"] == 0
    assert [row["group"] for row in found["groups"]] == ["all"]
    assert group_of(found, "all")["coverage"]["held_80"] is None
    assert found["skill"] == []
    json.dumps(found, allow_nan=False)


def test_the_same_losses_can_not_be_told_apart() -> None:
    found = record.figures(
        tally(columns_of(make_scores(150, widths={"model": 1.0, "random-walk": 1.0}).assign(crps=0.01)))
    )

    assert skill_of(found, 5)["crps_skill"] == pytest.approx(0)
    assert skill_of(found, 5)["p_value"] is None


def test_a_reference_without_error_gives_no_skill() -> None:
    scores = make_scores(30)
    scores.loc[scores["series"] == "random-walk", "crps"] = 0.0

    found = record.figures(tally(columns_of(scores)))

    assert skill_of(found, 1)["crps_skill"] is None
    assert record.pooled_skill(found["skill"])["crps_skill"] is None
    assert skill_of(found, 1, "drift")["crps_skill"] is not None


@pytest.mark.parametrize(
    ("anchors", "targets", "overlap"),
    [
        ([0, 1, 2, 3, 4, 5], [3, 4, 5, 6, 7, 8], 3),
        ([0, 10, 20], [3, 13, 23], 1),
        ([0, 10, 20, 21], [3, 13, 23, 24], 2),
        ([0], [20], 1),
    ],
)
def test_overlap_is_counted_by_days(anchors: list[int], targets: list[int], overlap: int) -> None:
    assert record.overlap_of_days(np.array(anchors), np.array(targets)) == overlap


def test_discoveries_are_corrected_for_many_tests() -> None:
    assert record.discoveries([0.04]) == [True]
    assert record.discoveries([0.04, 0.5, 0.6, None]) == [False] * 4
    assert record.discoveries([0.001, 0.5, 0.02, None]) == [True, False, True, False]
    assert record.discoveries([]) == []
