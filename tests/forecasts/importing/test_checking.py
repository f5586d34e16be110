from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from forecasts.importing.checking import Checked, Fault, check
from forecasts.importing.panels import Panel
from forecasts.importing.registry import Registry
from tests.factories import InstrumentFactory
from tests.forecasts.importing.panel_files import row, write_csv

pytestmark = pytest.mark.django_db


def checked(tmp_path: Path, *rows: str, now: datetime | None = None) -> tuple[Checked, list[Fault]]:
    panel, registry = Panel(write_csv(tmp_path / "panel.csv", rows)), Registry("yahoo")
    if now:
        registry.now, registry.recent = now, np.datetime64(now.date()) - 4
    (batch,) = panel.batches()
    good, bad, faults = check(panel, registry, batch)
    assert bad == len(faults)
    return good, faults


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2020-01-03,,1,1,1,1,1,7", "row 2 (2020-01-03): it has no symbol"),
        ("03/01/2020,A,1,1,1,1,1,7", "row 2 (A): it has no date, which is written 2020-12-31"),
        ("1820-01-03,A,1,1,1,1,1,7", "row 2 (A 1820-01-03): its date lies before 1900"),
        ("2020-01-03,A,,1,1,1,1,7", "row 2 (A 2020-01-03): it lacks a price"),
        ("2020-01-03,A,1,1,0,1,1,7", "row 2 (A 2020-01-03): a price is not a positive number"),
        ("2020-01-03,A,1,inf,1,1,1,7", "row 2 (A 2020-01-03): a price is not a positive number"),
        ("2020-01-03,A,1,1,1,1,-1,7", "row 2 (A 2020-01-03): a price is not a positive number"),
        ("2020-01-03,A,1,1,1,1,1,inf", "row 2 (A 2020-01-03): its volume is not a number"),
        ("2020-01-03,A,1,1,1,1,1,1.2M", "row 2 (A 2020-01-03): its volume is not a number"),
        ("2020-01-03,A,1,1,1,1,1,-5", "row 2 (A 2020-01-03): its volume is negative"),
        ("2020-01-03,A,1,1,1,2,1,7", "row 2 (A 2020-01-03): its high lies below open or close"),
        ("2020-01-03,A,1,2,2,2,1,7", "row 2 (A 2020-01-03): its low lies above open or close"),
        (
            "2020-01-03,A?,1,1,1,1,1,7",
            "row 2 (A? 2020-01-03): its symbol is not written as those of Yahoo Finance are, such as MSFT",
        ),
    ],
)
def test_a_bad_row_is_named_with_its_fault(tmp_path: Path, line: str, told: str) -> None:
    good, faults = checked(tmp_path, row("A", "2020-01-02", 1), line, row("A", "2020-01-06", 1))

    assert [str(fault) for fault in faults] == [told]
    assert good.rows.tolist() == [1, 3]


def test_instruments_of_other_sources_are_refused(tmp_path: Path) -> None:
    InstrumentFactory(symbol="A", source="tiingo")

    _, faults = checked(tmp_path, row("A", "2020-01-02", 1))

    assert [fault.reason for fault in faults] == [
        "its prices here are from Tiingo, and sources are not mixed"
    ]


def test_a_slightly_overshot_high_is_widened_and_the_bar_marked(tmp_path: Path) -> None:
    good, faults = checked(tmp_path, "2020-01-02,A,10,10,9,10.05,1,7", "2020-01-03,A,10,11,9,10,1,7")

    assert faults == []
    assert good.prices[1].tolist() == [10.05, 11.0]
    assert good.repaired.tolist() == [True, False]


def test_a_lacking_volume_is_none(tmp_path: Path) -> None:
    good, faults = checked(tmp_path, "2020-01-02,A,1,1,1,1,1,", "2020-01-03,A,1,1,1,1,1, NaN")

    assert faults == []
    assert good.prices[5].tolist() == [0.0, 0.0]


def test_of_many_bad_rows_the_first_are_named(tmp_path: Path) -> None:
    panel = Panel(write_csv(tmp_path / "panel.csv", [row("A", "2020-01-02", -1.0)] * 50))

    good, bad, faults = check(panel, Registry("yahoo"), next(panel.batches()))

    assert (len(good.rows), bad, [fault.row for fault in faults]) == (0, 50, [*range(1, 21)])


def test_a_session_that_goes_on_is_refused(tmp_path: Path) -> None:
    at_lunch = datetime(2024, 7, 5, 16, tzinfo=UTC)
    rows = [row("A", day, 1) for day in (date(2024, 7, 3), date(2024, 7, 5))]

    good, faults = checked(tmp_path, *rows, row("BTC-USD", "2024-07-04", 1), now=at_lunch)

    assert [str(fault) for fault in faults] == ["row 2 (A 2024-07-05): its session is not over yet"]
    assert good.rows.tolist() == [1, 3]
