from collections.abc import Callable
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from forecasts import ingest
from forecasts.errors import RequestRefused
from forecasts.importing import Counts, Outcome, Wish, import_panel, panel_import, panels
from forecasts.models import BAR_COLUMNS, Instrument, MissingSession, PriceBar, Restatement
from tests.factories import InstrumentFactory, bars
from tests.forecasts.importing.panel_files import LAST_DAY, history, row, write_csv, write_parquet

# The import's connections are its own, and see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


def silent(_phase: str, _done: int, _total: int | None) -> None:
    """Hear of progress and do nothing."""


def run(path: Path, told: Callable[..., None] = silent, **wish: Any) -> Outcome:
    return import_panel(Wish(path, "yahoo", **wish), told)


def contents() -> list[tuple[Any, ...]]:
    """Return all that an import decides about, but moments and keys."""
    return [
        *PriceBar.objects.order_by("instrument__symbol", "date").values_list(
            "instrument__symbol", "date", *BAR_COLUMNS, "state", "source"
        ),
        *Instrument.objects.order_by("symbol").values_list("symbol", "calendar", "data_revision"),
        *MissingSession.objects.order_by("instrument__symbol", "date").values_list(
            "instrument__symbol", "date"
        ),
    ]


def shuffled(rows: list[str]) -> list[str]:
    """Return the rows in another order, always the same."""
    return sorted(rows, key=lambda line: line[::-1])


def test_an_import_brings_instruments_and_final_bars(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "panel.parquet", history("MSFT") + history("7203.T", 20))

    outcome = run(path)

    assert outcome.counts == Counts(
        read=50, new=50, instruments=2, registered=2, missing=outcome.counts.missing
    )
    newest = PriceBar.objects.get(instrument__symbol="MSFT", date=LAST_DAY)
    assert (newest.close, newest.high, newest.volume) == (129.0, 193.5, 1000.0)
    assert (newest.state, newest.source) == ("final", "import")
    toyota = Instrument.objects.get(symbol="7203.T")
    assert (toyota.source, toyota.calendar, toyota.kind, toyota.owner) == ("yahoo", "XTKS", "equity", None)


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    rows = history("A", 40) + history("B", 40)
    run(write_csv(tmp_path / "sorted.csv", rows))
    expected = contents()
    Instrument.objects.all().delete()

    run(write_csv(tmp_path / "shuffled.csv", shuffled(rows)))

    assert contents() == expected


def test_importing_again_writes_nothing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "panel.csv", history("A") + history("B"))
    run(path)
    versions = "SELECT xmin::text, ctid::text FROM forecasts_pricebar ORDER BY instrument_id, date"
    with connection.cursor() as cursor:
        before = cursor.execute(versions).fetchall()

        outcome = run(path)

        assert cursor.execute(versions).fetchall() == before
    assert (outcome.counts.new, outcome.counts.changed, outcome.counts.unchanged) == (0, 0, 60)


def test_other_prices_raise_the_revision_and_can_be_had_back(tmp_path: Path) -> None:
    run(write_csv(tmp_path / "before.csv", history("A") + history("B")[:25]))
    instrument = Instrument.objects.get(symbol="A")
    old = instrument.bars.as_frame()
    corrected = history("A", scale=0.5)
    corrected[3] = row("A", old.index[3].date(), 60.0)

    outcome = run(write_csv(tmp_path / "after.csv", corrected + history("B")))

    restatement = Restatement.objects.get()
    assert (outcome.counts.changed, outcome.counts.new, outcome.counts.restated) == (30, 5, 1)
    assert (restatement.instrument, restatement.revision, restatement.reason) == (instrument, 2, "imported")
    assert (restatement.first_session, restatement.last_session) == (old.index[0].date(), LAST_DAY)
    assert (restatement.sessions, restatement.price_factor, restatement.adjusted_factor) == (30, 0.5, 0.5)
    assert [day for day, *_ in restatement.before] == [f"{old.index[3]:%Y-%m-%d}"]
    assert (ingest.restored(instrument.bars.as_frame(), restatement) == old).all(axis=None)
    assert list(Instrument.objects.order_by("symbol").values_list("data_revision", flat=True)) == [2, 1]


def test_one_corrected_day_is_logged_as_it_was(tmp_path: Path) -> None:
    rows = history("A")
    run(write_csv(tmp_path / "before.csv", rows))
    day = date.fromisoformat(rows[9][:10])

    run(write_csv(tmp_path / "after.csv", [*rows[5:9], row("A", day, 50.0, 40.0), *rows[10:15]]))

    restatement = Restatement.objects.get()
    assert (restatement.sessions, restatement.first_session, restatement.last_session) == (1, day, day)
    assert PriceBar.objects.get(date=day).adj_close == 40.0
    instrument = Instrument.objects.get()
    assert ingest.restored(instrument.bars.as_frame(), restatement)["close"].tolist() == [109.0]


def test_a_volume_and_a_rounding_are_corrected_without_a_restatement(tmp_path: Path) -> None:
    rows = history("A", 3)
    run(write_csv(tmp_path / "before.csv", rows))
    rounded = [rows[0].replace(",1000", ",2000"), rows[1].replace(",101.0,1000", ",101.000001,1000")]

    outcome = run(write_csv(tmp_path / "after.csv", rounded))

    assert (outcome.counts.changed, outcome.counts.restated) == (2, 0)
    assert Restatement.objects.count() == 0
    assert Instrument.objects.get().data_revision == 1
    assert PriceBar.objects.order_by("date").values_list("volume", "adj_close")[:2][0] == (2000.0, 100.0)


def test_an_unfinished_bar_becomes_final_without_a_restatement(tmp_path: Path) -> None:
    instrument = InstrumentFactory(yahoo=True, symbol="A")
    bars(instrument, count=1, last=LAST_DAY, state=PriceBar.State.UNFINISHED)

    outcome = run(write_csv(tmp_path / "panel.csv", [row("A", LAST_DAY, 150.0)]))

    assert (outcome.counts.changed, outcome.counts.restated) == (1, 0)
    assert instrument.bars.final().values_list("close", flat=True).get() == 150.0


def test_sessions_that_lack_are_noted_and_forgotten_when_they_come(tmp_path: Path) -> None:
    rows = history("MSFT", 12)
    lacking = [line for line in rows if not line.startswith(("2020-12-22", "2020-12-23"))]

    first = run(write_csv(tmp_path / "gaps.csv", lacking))
    noted = set(MissingSession.objects.values_list("date", flat=True))
    second = run(write_csv(tmp_path / "whole.csv", rows))

    assert first.counts.missing == 2
    assert noted == {date(2020, 12, 22), date(2020, 12, 23)}
    assert second.counts.missing == 0
    assert MissingSession.objects.count() == 0


def test_gaps_are_those_that_a_refresh_would_note(tmp_path: Path) -> None:
    run(write_csv(tmp_path / "panel.csv", history("MSFT", 300)[::3] + history("BTC-USD", 30)))

    written = [ingest.note_gaps(instrument) for instrument in Instrument.objects.all()]

    assert MissingSession.objects.filter(instrument__symbol="BTC-USD").count() == 12
    assert MissingSession.objects.filter(instrument__symbol="MSFT").count() > 180
    assert written == [0, 0]


def test_bad_rows_are_named_and_nothing_is_stored(tmp_path: Path) -> None:
    rows = [*history("A"), "2020-01-02,B,1,1,1,2,1,7", "2020-01-03,B"]

    with pytest.raises(RequestRefused) as refusal:
        run(write_csv(tmp_path / "panel.csv", rows))

    assert refusal.value.message.splitlines() == [
        "panel.csv has 2 rows that cannot be imported, so nothing was. Mend them, or leave them out with "
        "--skip-bad-rows. Row 1 is the first one of data.",
        "  row 31 (B 2020-01-02): its high lies below open or close",
        "  row 32: 2 fields where there should be 8",
    ]
    assert Instrument.objects.count() == 0


def test_bad_rows_can_be_left_out(tmp_path: Path) -> None:
    rows = [*history("A"), "2020-01-02,B,1,1,1,2,1,7", row("A", LAST_DAY, 999.0)]

    outcome = run(write_csv(tmp_path / "panel.csv", rows), skip_bad_rows=True)

    assert (outcome.counts.read, outcome.counts.skipped, outcome.counts.new) == (32, 2, 30)
    assert sorted(str(fault) for fault in outcome.faults) == [
        "row 31 (B 2020-01-02): its high lies below open or close",
        "row 32 (A 2020-12-31): row 30 holds this session already",
    ]
    assert PriceBar.objects.get(date=LAST_DAY).close == 129.0


def test_many_bad_rows_are_counted_and_the_first_named(tmp_path: Path) -> None:
    rows = [row("A", LAST_DAY, -1.0)] * 50

    with pytest.raises(RequestRefused, match=r"has 50 rows(.*\n)+  and 30 more$"):
        run(write_csv(tmp_path / "panel.csv", rows))


def test_a_panel_without_a_good_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="no row that can be imported"):
        run(write_csv(tmp_path / "panel.csv", []))


def test_a_dry_run_counts_and_stores_nothing(tmp_path: Path) -> None:
    run(write_csv(tmp_path / "before.csv", history("A")))
    before = contents()
    changed = [*history("A", scale=2.0)[:10], *history("A")[10:], *history("B", 20)]

    outcome = run(write_csv(tmp_path / "after.csv", changed), dry_run=True)

    assert (outcome.counts.new, outcome.counts.changed, outcome.counts.restated) == (20, 10, 1)
    assert contents() == before


def test_a_dry_run_finds_the_missing_sessions_of_all_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_import, "TRANSACTION_ROWS", 10)
    path = write_csv(tmp_path / "panel.csv", [line for n in range(8) for line in history(f"S{n}", 30)[::3]])

    expected = run(path, dry_run=True).counts

    assert expected.missing == run(path).counts.missing == MissingSession.objects.count() > 8


def test_an_import_that_breaks_off_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(tmp_path / "panel.csv", [line for n in range(9) for line in history(f"S{n}")])
    monkeypatch.setattr(panel_import, "TRANSACTION_ROWS", 40)

    def break_off(phase: str, done: int, _total: int | None) -> None:
        if phase == "storing" and done >= 90:
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        run(path, break_off)
    half = PriceBar.objects.count()
    run(path)
    completed = contents()
    Instrument.objects.all().delete()
    run(path)

    assert 90 <= half < 270
    assert completed == contents()


def test_two_imports_at_once_end_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line for n in range(12) for line in history(f"S{n}")]
    paths = [write_csv(tmp_path / "a.csv", rows), write_csv(tmp_path / "b.csv", rows[::-1])]
    monkeypatch.setattr(panel_import, "TRANSACTION_ROWS", 40)
    outcomes: list[Outcome] = []

    def work(path: Path) -> None:
        outcomes.append(run(path))
        connection.close()

    threads = [Thread(target=work, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(outcome.counts.new for outcome in outcomes) == 360
    assert sum(outcome.counts.unchanged for outcome in outcomes) == 360
    assert Instrument.objects.count() == 12


def test_progress_counts_rows_of_both_phases(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int | None]] = []
    path = write_parquet(tmp_path / "panel.parquet", history("A") + history("B"))

    run(path, lambda *said: heard.append(said))

    assert [said for said in heard if said[0] == "reading"][-1] == ("reading", 60, 60)
    assert [said for said in heard if said[0] == "storing"] == [("storing", 30, 60), ("storing", 60, 60)]


def test_a_file_that_ends_in_rubbish_is_refused_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "BLOCK_BYTES", 4096)
    path = write_csv(tmp_path / "panel.csv", history("A", 500))
    with path.open("ab") as file:
        file.write(b"2020-12-31,\xff\xfe\xff,1,1,1,1,1,1\n")

    with pytest.raises(RequestRefused, match="cannot be read"):
        run(path)

    assert Instrument.objects.count() == 0


def test_an_unknown_source_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "panel.csv", history("A"))

    with pytest.raises(RequestRefused, match="no source called bloomberg"):
        import_panel(Wish(path, "bloomberg"), silent)
