"""manage.py refresh_prices: bring prices up to date in this process, with no worker or broker's queue."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from forecasts import refreshing, services
from forecasts.errors import RequestRefused
from forecasts.market_data.base import ProviderError, RateLimited
from forecasts.models import Instrument


class Command(BaseCommand):
    help = "Fetch the newest prices of some symbols, or of everything that anybody watches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("symbols", nargs="*", metavar="SYMBOL", help="for example MSFT 7203.T")
        parser.add_argument(
            "--watched",
            action="store_true",
            help="all on watchlists or with a forecast; also without symbols",
        )

    def handle(self, *, symbols: list[str], watched: bool, **_: Any) -> None:
        chosen = _named(symbols)
        if watched or not symbols:
            chosen |= {row.symbol: row for row in refreshing.watched(timezone.now()).order_by("symbol")}
        troubles = self._refresh(list(chosen.values()))
        self.stdout.write(f"{len(chosen) - len(troubles)} of {len(chosen)} instruments are up to date.")
        if troubles:
            raise CommandError("\n".join(f"{symbol}: {error}" for symbol, error in troubles.items()))

    def _refresh(self, instruments: list[Instrument]) -> dict[str, str]:
        """Look for each one's prices; return why some could not be had."""
        troubles = {}
        for instrument in tqdm(instruments, unit="symbol", file=sys.stderr, disable=not sys.stderr.isatty()):
            error = refreshing.look(instrument)
            if error is not None:
                troubles[instrument.symbol] = _sentence(error)
            if error is not None and error.code == RateLimited.code:
                raise CommandError(f"Stopped before {instrument.symbol}: {_sentence(error)}")
        return troubles


def _named(symbols: list[str]) -> dict[str, Instrument]:
    """Return the instruments of these symbols; ones that are new here are taken up."""
    found = {}
    for symbol in symbols:
        try:
            instrument = services.find_or_register(user=None, symbol=symbol)
        except RequestRefused as refusal:
            raise CommandError(refusal.message) from refusal
        if not instrument.is_live:
            raise CommandError(f"{instrument.symbol} has a history that is complete: nothing can be fetched.")
        found[instrument.symbol] = instrument
    return found


def _sentence(error: ProviderError) -> str:
    return f"{error.message} {error.remedy}"
