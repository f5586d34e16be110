"""manage.py verify_ledger: recompute the ledger, and name the first entry that does not fit."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from forecasts import ledger


class Command(BaseCommand):
    help = "Check the whole ledger against its hashes and the forecasts that it tells of; exits 1 at a break."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expect",
            default="",
            metavar="HASH",
            help="a hash that was noted before: one of the entries must have it still",
        )

    def handle(self, *, expect: str, **_: Any) -> None:
        examination = ledger.examine(expect.strip().lower())
        self.stdout.write(f"{examination.entries:,} entries fit, the last with the hash {examination.head}.")
        if examination.found:
            raise CommandError(f"The ledger is broken. {examination.found}")
        self.stdout.write("The ledger is whole. Note this hash elsewhere, and give it to --expect next time.")
