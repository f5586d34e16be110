"""Marks that say whether an aim is reached; what the figures are is tested in test_accuracy.py."""

import pytest

from benchmarks.accuracy_tables import (
    aims_table,
    coverage_cell,
    duel_cell,
    marked_rmse,
    pit_table,
    skill_table,
)


@pytest.mark.parametrize(
    ("lower", "p_value", "expected"),
    [
        (2.0, 0.001, "2.00 (p 0.001) ok"),
        (1.94, 0.049, "1.94 (p 0.049) + "),
        (2.5, 0.05, "2.50 (p 0.050) ! "),
        (-2.5, 0.001, "-2.50 (p 0.001) ! "),
        (2.5, None, "2.50 (p ?    ) ! "),
    ],
)
def test_duel_cell(lower: float, p_value: float | None, expected: str) -> None:
    assert duel_cell({"lower": lower, "p_value": p_value}) == expected


def test_coverage_cell() -> None:
    assert coverage_cell({"coverage": 81.26, "error": 0.5, "off": False}) == "81.3 ± 0.5 "
    assert coverage_cell({"coverage": 85.0, "error": None, "off": True}) == "85.0 ±   ?!"


def test_marked_rmse() -> None:
    ratios = (0.98994, 0.98996, 1.002, 1.0021)

    assert [marked_rmse(ratio)[-1] for ratio in ratios] == ["!", " ", " ", "!"]


def test_skill_table_has_a_line_for_each_method() -> None:
    rows = [
        {"method": method, "crps": crps, "skill": skill}
        for method, crps, skill in [("house", 0.0098, 2.0), ("random-walk", 0.01, 0.0)]
        for _ in range(4)
    ]

    lines = skill_table(rows, {"house": 1.25, "random-walk": 0.04}).splitlines()

    assert lines[1].split() == ["house", *["98.00"] * 4, *["2.00"] * 4, "1.2"]
    assert lines[2].split() == ["random-walk", *["100.00"] * 4, *["0.00"] * 4, "0.0"]


def test_pit_table_shows_shares() -> None:
    assert pit_table({1: [2, 0, 1, 1, 1, 1, 1, 1, 1, 1]}).splitlines()[1].split() == [
        "1",
        "20.0",
        "0.0",
        *["10.0"] * 8,
    ]


def test_aims_are_counted() -> None:
    duels = [(2.1, 0.01), (2.1, 0.2), (1.0, 0.01), (-3.0, 0.01)]
    figures = {
        "duels": [{"method": "house", "lower": lower, "p_value": p_value} for lower, p_value in duels],
        "coverage": [
            {"method": "house", "group": group, "off": off}
            for group, off in [("all", False), ("all", True), ("2019", True), ("low volatility", False)]
        ],
        "skill": [{"method": "house", "rmse_ratio": ratio} for ratio in (1.0, 0.98)],
    }

    lines = aims_table(figures, "house").splitlines()[1:]

    counts = [" ".join(line.split()[-2:]) for line in lines]
    assert counts == ["2 4", "2 4", "1 2", "1 2", "1 2"]
