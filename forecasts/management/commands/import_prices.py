"""manage.py import_prices: daily prices of many instruments from one Parquet or CSV file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import Error as DjangoDatabaseError
from django.template.defaultfilters import pluralize
from psycopg import Error as DatabaseError
from tqdm import tqdm

from forecasts import importing
from forecasts.errors import RequestRefused


class Command(BaseCommand):
    help = (
        "Import a panel of daily bars with the columns date, symbol, open, high, low, close, adj_close and "
        "volume: prices adjusted for splits, adj_close for dividends too (without it, close stands in). "
        "Rows are added or corrected. A file that holds part of a stored history must agree with it on some "
        "sessions next to those that it lacks. Killed in the middle, run it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="Parquet, or CSV with a header")
        parser.add_argument("--source", default="yahoo", help="whose prices they are (default: %(default)s)")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and store nothing"
        )
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the others all the same")

    def handle(self, *, file: Path, source: str, dry_run: bool, skip_bad_rows: bool, **_: Any) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}. Give the path of a Parquet or CSV panel.")
        wish = importing.Wish(file, source, dry_run, skip_bad_rows)
        try:
            with _Progress(self.stdout) as progress:
                outcome = importing.import_panel(wish, progress)
        except RequestRefused as refusal:
            raise CommandError(refusal.message) from refusal
        except (DatabaseError, DjangoDatabaseError) as error:
            raise CommandError(
                f"The database failed ({str(error).splitlines()[0]}). What was stored until then stays; "
                "import the file again to complete it."
            ) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. Import the file again to complete it.", returncode=130) from None
        self._report(outcome, dry_run=dry_run)

    def _report(self, outcome: importing.Outcome, *, dry_run: bool) -> None:
        counts = outcome.counts
        for fault in outcome.faults:
            self.stderr.write(f"left out {fault}")
        if dry_run:
            self.stdout.write("Nothing was stored. An import would do this:")
        self.stdout.write(
            f"{_counted(counts.read, 'row')} read, {counts.new:,} new, {counts.changed:,} changed, "
            f"{counts.unchanged:,} unchanged, {counts.skipped:,} left out"
        )
        gaps = f"; {_counted(counts.missing, 'session')} newly found missing"
        self.stdout.write(
            f"{_counted(counts.instruments, 'instrument')}, {counts.registered:,} new, "
            f"{counts.restated:,} restated{gaps}"
        )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{pluralize(count)}"


class _Progress:
    """A bar for each phase on a terminal, and elsewhere a line for each tenth."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out, self.phase, self.tenths = out, "", 0
        self.bar: Any = None

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        if phase != self.phase:
            self.__exit__()
            self.phase, self.tenths = phase, 0
            self.bar = tqdm(total=total, unit="row", unit_scale=True, desc=phase, disable=None)
        self.bar.update(done - self.bar.n)
        tenths = 10 * done // total if total else self.tenths + 1
        if self.bar.disable and tenths > self.tenths:
            self.tenths = tenths
            of = f" of {total:,}" if total else ""
            self.out.write(f"{phase}: {done:,}{of} rows")
