"""Sums over scored points: what counts, how sums add up, how they are kept."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml_engine.tally import Tally, merged, tally
from tests.ml_engine.made_scores import columns_of, make_scores


def sums_of(scores: pd.DataFrame) -> Tally:
    return tally(columns_of(scores))


def assert_same(left: Tally, right: Tally, **how: Any) -> None:
    for field in fields(Tally):
        frames = [pd.DataFrame(getattr(one, field.name)) for one in (left, right)]
        pd.testing.assert_frame_equal(*frames, check_dtype=False, **how or {"check_exact": True})


def test_the_earliest_entry_that_has_a_step_counts() -> None:
    short, long = make_scores(5, horizon=5), make_scores(5, horizon=20, first_entry=100)
    mixed = pd.concat([long.assign(crps=9.0), short], ignore_index=True)

    found = sums_of(mixed).laws

    assert found["points"].tolist() == [5, 20, 25, 50]
    early = short[(short["series"] == "model") & (short["step"] == 1)]
    assert found["crps"][0] == pytest.approx(early["crps"].sum())
    assert found["crps"][2:].tolist() == [9.0 * 25, 9.0 * 50]


def test_an_origin_that_was_asked_twice_counts_once() -> None:
    scores = make_scores(20)
    again = scores.assign(entry=scores["entry"] + 1000, crps=5.0)

    twice, once = sums_of(pd.concat([again, scores], ignore_index=True)), sums_of(scores)

    assert (twice.anchors["repeats"] == 20).all()
    assert (once.anchors["repeats"] == 0).all()
    assert_same(replace(twice, anchors=once.anchors), once)


def test_the_order_of_rows_does_not_matter_to_the_bit() -> None:
    scores = make_scores(60)

    assert_same(sums_of(scores.sample(frac=1, random_state=1)), sums_of(scores))


def test_parts_add_up_to_the_whole() -> None:
    scores = make_scores(80)
    parts = [sums_of(part) for _, part in scores.groupby("anchor")]

    assert len(parts) == 80
    assert_same(merged(parts), sums_of(scores), rtol=1e-12)
    assert merged([]).is_empty


def test_a_point_without_the_naive_cone_does_not_count() -> None:
    scores = make_scores(4)
    lacking = (scores["series"] == "random-walk") & (scores["step"] == 7)

    assert sums_of(scores[~lacking]).laws["points"].sum() == 4 * 19


def test_losses_are_the_same_as_by_pandas() -> None:
    scores = make_scores(12)
    scores = scores[~((scores["series"] == "drift") & (scores["anchor"] < "2024-01-08"))]

    found = pd.DataFrame(sums_of(scores).losses)

    wide = scores.pivot_table(index=["anchor", "step"], columns="series", values="crps").reset_index()
    for _, row in found[found["series"] == "drift"].iterrows():
        day = np.datetime64(int(row["anchor"]), "D")
        (expected,) = wide[(wide["anchor"] == day) & (wide["step"] == row["step"])].to_dict("records")
        assert (row["points"], row["own"], row["other"]) == (1, expected["model"], expected["drift"])
    assert found.groupby(["series", "is_pooled"]).size().tolist() == [8 * 4, 8 * 4, 12 * 4, 12 * 4]


@pytest.mark.parametrize("origins", [0, 1, 40])
def test_bytes_give_it_back(origins: int) -> None:
    scores = make_scores(max(origins, 1))
    stored = sums_of(scores if origins else scores.iloc[:0])

    assert_same(Tally.from_bytes(stored.to_bytes()), stored)
    assert stored.is_empty == (origins == 0)
