from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command

from forecasts import importing
from forecasts.models import PriceBar
from tests.forecasts.importing.panel_files import history, row, write_csv, write_parquet

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str | Path) -> tuple[list[str], list[str]]:
    """Return the lines on both outputs."""
    out, errors = StringIO(), StringIO()
    call_command("import_prices", *map(str, arguments), stdout=out, stderr=errors)
    return out.getvalue().splitlines(), errors.getvalue().splitlines()


def test_an_import_tells_its_progress_in_lines_and_ends_with_counts(tmp_path: Path) -> None:
    lines, _ = run(write_parquet(tmp_path / "panel.parquet", history("MSFT") + history("EURUSD=X")))

    assert lines == [
        "reading: 60 of 60 rows",
        "storing: 30 of 60 rows",
        "storing: 60 of 60 rows",
        "60 rows read, 60 new, 0 changed, 0 unchanged, 0 left out",
        "2 instruments, 2 new, 0 restated; 0 sessions newly found missing",
    ]


def test_a_dry_run_says_that_nothing_was_stored(tmp_path: Path) -> None:
    lines, _ = run(write_csv(tmp_path / "panel.csv", history("MSFT")), "--dry-run")

    assert lines[-3:] == [
        "Nothing was stored. An import would do this:",
        "30 rows read, 30 new, 0 changed, 0 unchanged, 0 left out",
        "1 instrument, 1 new, 0 restated; 0 sessions newly found missing",
    ]
    assert PriceBar.objects.count() == 0


def test_rows_left_out_are_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "panel.csv", [*history("MSFT"), row("MSFT", "2020-01-02", -1.0)])

    _, errors = run(path, "--skip-bad-rows")

    assert errors == ["left out row 31 (MSFT 2020-01-02): a price is not a positive number"]


def test_trouble_is_told_in_a_sentence(tmp_path: Path) -> None:
    bad = write_csv(tmp_path / "bad.csv", [row("MSFT", "2020-01-02", -1.0)])
    (tmp_path / "not.parquet").write_text("no")

    for path, words in (
        (tmp_path / "missing.csv", "There is no file"),
        (tmp_path, "There is no file"),
        (bad, "bad.csv has 1 row that cannot be imported"),
        (tmp_path / "not.parquet", "cannot be read"),
    ):
        with pytest.raises(CommandError, match=words):
            run(path)


def test_a_database_that_fails_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly\nThis probably means")

    monkeypatch.setattr(importing, "import_panel", fail)

    with pytest.raises(
        CommandError, match=r"failed \(server closed .* unexpectedly\).*import the file again"
    ):
        run(write_csv(tmp_path / "panel.csv", history("MSFT")))
