"""Files that put whole histories on another share basis."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from forecasts.models import CorporateAction, Instrument, MissingSession, PriceBar, Restatement
from forecasts.presentation import last_close
from tests.factories import ForecastFactory
from tests.forecasts.importing.panel_files import LAST_DAY, history, imported, row, write_csv

pytestmark = pytest.mark.django_db(transaction=True)


def splits() -> list[tuple[date, float]]:
    found = CorporateAction.objects.filter(kind="split").order_by("date")
    return list(found.values_list("date", "value"))


def test_a_history_on_another_share_basis_tells_a_split(tmp_path: Path) -> None:
    imported(write_csv(tmp_path / "before.csv", history("MSFT") + history("IBM")))
    instrument = Instrument.objects.get(symbol="MSFT")
    forecast = ForecastFactory(succeeded=True, instrument=instrument, as_of=LAST_DAY, anchor_close=129.0)

    outcome = imported(write_csv(tmp_path / "after.csv", history("MSFT", scale=0.1) + history("IBM")))

    counts = outcome.counts
    assert (counts.new, counts.changed, counts.unchanged, counts.restated) == (0, 30, 30, 1)
    assert splits() == [(date(2021, 1, 4), 10.0)]
    assert last_close(forecast) == pytest.approx(12.9)
    restatement = Restatement.objects.get()
    assert (restatement.instrument, restatement.reason) == (instrument, "split")
    assert restatement.price_factor == pytest.approx(0.1)
    newest = instrument.bars.get(date=LAST_DAY)
    assert (newest.close, newest.source, newest.state) == (pytest.approx(12.9), "import", "final")
    instrument.refresh_from_db()
    assert (instrument.data_revision, instrument.fetched_at) == (2, None)


def test_a_history_that_goes_back_takes_its_split_back_and_no_other_action(tmp_path: Path) -> None:
    imported(write_csv(tmp_path / "old.csv", history("MSFT")))
    instrument = Instrument.objects.get()
    for kind, day, value in (("dividend", date(2020, 12, 1), 0.5), ("split", date(2003, 2, 18), 2.0)):
        CorporateAction.objects.create(instrument=instrument, kind=kind, date=day, value=value)

    imported(write_csv(tmp_path / "new.csv", history("MSFT", scale=0.1)))
    imported(write_csv(tmp_path / "old.csv", history("MSFT")))

    assert splits() == [(date(2003, 2, 18), 2.0)]
    assert CorporateAction.objects.get(kind="dividend").value == 0.5
    assert PriceBar.objects.get(date=LAST_DAY).close == 129.0


def test_stored_sessions_that_the_file_lacks_follow_its_basis(tmp_path: Path) -> None:
    rows = history("MSFT", scale=0.1)
    imported(write_csv(tmp_path / "before.csv", history("MSFT")))

    imported(write_csv(tmp_path / "after.csv", [*rows[:9], *rows[10:]]))

    closes = PriceBar.objects.order_by("date").values_list("close", flat=True)
    assert list(closes) == pytest.approx([(100 + place) * 0.1 for place in range(30)])


def test_a_dry_run_counts_a_rescaled_history_and_leaves_it(tmp_path: Path) -> None:
    imported(write_csv(tmp_path / "before.csv", history("MSFT")))
    gaps = MissingSession.objects.count()
    added = row("MSFT", LAST_DAY + timedelta(days=4), 13.0)

    path = write_csv(tmp_path / "after.csv", [*history("MSFT", scale=0.1), added])
    counts = imported(path, dry_run=True).counts

    assert MissingSession.objects.count() == gaps
    assert counts.missing == 0
    assert (counts.new, counts.changed, counts.unchanged, counts.restated) == (1, 30, 0, 1)
    assert PriceBar.objects.get(date=LAST_DAY).close == 129.0
    assert splits() == []
