"""manage.py reproduce: make an issued forecast again and say whether it is the same to the bit."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from forecasts import pipeline
from forecasts.models import Forecast, LedgerEntry
from forecasts.pipeline import Finding, Reproduction
from forecasts.services.forecasts import SETTINGS

DIFFERS, IMPOSSIBLE = 1, 2


class Command(BaseCommand):
    help = (
        "Make a forecast again from the stored bars, weights and settings of then. Exit code 0: identical, "
        "or the same as far as restored prices allow; 1: it differs; 2: it cannot be made again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("forecast", help="a forecast's id (UUID), or the number of its ledger entry")

    def handle(self, *, forecast: str, **_options: Any) -> None:
        found = _find(forecast)
        self.stdout.write(_title(found))
        if found.settings.get("version") != SETTINGS["version"]:
            self.stdout.write(
                f"settings: version {found.settings.get('version')}, and this release makes version "
                f"{SETTINGS['version']}; numbers may differ for that reason alone"
            )
        self._tell(pipeline.reproduce(found))

    def _tell(self, reproduction: Reproduction) -> None:
        for finding, words in reproduction.lines:
            self.stdout.write(words if finding == Finding.SAME else self.style.WARNING(words))
        if reproduction.has(Finding.DIFFERS):
            raise CommandError("It differs.", returncode=DIFFERS)
        if reproduction.has(Finding.MISSING):
            raise CommandError("It cannot be made again, or not all of it.", returncode=IMPOSSIBLE)
        self.stdout.write(
            "identical" if reproduction.is_identical else "the same, as far as restored prices allow"
        )


def _title(forecast: Forecast) -> str:
    entry = f"ledger entry {forecast.entry_id}" if forecast.entry_id else "not in the ledger"
    horizon = f"{forecast.horizon} session{'' if forecast.horizon == 1 else 's'}"
    return f"{forecast.instrument} by {forecast.method}, {horizon} from {forecast.data_as_of}: {entry}"


def _find(text: str) -> Forecast:
    """Return a forecast with numbers by the id of a request, or by the number of its entry."""
    forecasts = Forecast.objects.select_related("instrument", "evaluation")
    if text.isdecimal():
        forecast = forecasts.filter(entry=int(text)).first()
        if forecast is None:
            raise CommandError(_no_entry(int(text)), returncode=IMPOSSIBLE)
    else:
        forecast = forecasts.filter(requests=_uuid(text)).first()
        if forecast is None:
            raise CommandError(f"There is no forecast {text}.", returncode=IMPOSSIBLE)
    if forecast.status != Forecast.Status.SUCCEEDED:
        words = f"This forecast is {forecast.status}; only one that succeeded has numbers."
        raise CommandError(words, returncode=IMPOSSIBLE)
    return forecast


def _no_entry(number: int) -> str:
    if LedgerEntry.objects.filter(number=number).exists():
        return f"Entry {number} is of no forecast that is stored: it is an erasure, or was erased."
    return f"The ledger has no entry {number}."


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        words = f"Give a forecast's id or the number of its ledger entry, not {text!r}."
        raise CommandError(words, returncode=IMPOSSIBLE) from error
