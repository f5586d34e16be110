"""manage.py load_sample: the sample market, and one forecast of it for the landing page."""

from typing import Any

from django.core.management.base import BaseCommand

from forecasts import services
from forecasts.calendars import NEW_YORK
from forecasts.ingest import store
from forecasts.market_data.sample import SYMBOLS, SampleProvider
from forecasts.models import Instrument


class Command(BaseCommand):
    help = "Load the sample market (five US stocks, 2000 to 2013); doing it again changes nothing."

    def handle(self, **_: Any) -> None:
        stored = set(Instrument.objects.samples().with_history().values_list("symbol", flat=True))
        for symbol in SYMBOLS:
            if symbol not in stored:
                self.stdout.write(f"{symbol}: {_load(symbol)} sessions")
        services.request_landing_forecast()


def _load(symbol: str) -> int:
    instrument, _ = Instrument.objects.get_or_create(
        symbol=symbol, owner=None, defaults={"source": Instrument.Source.SAMPLE, "calendar": NEW_YORK}
    )
    store(instrument, SampleProvider().fetch(symbol))
    return instrument.bars.count()
